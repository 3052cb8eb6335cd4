/** The form in place of an own message that is being edited or deleted. */

import { h } from "../../dom/elements.js";
import { textOf } from "../../dom/feedback.js";
import { HUB } from "../../shell/hub_facts.js";
import { Suggestions } from "../mentioning/suggestions.js";

/**
 * @import { Child } from "../../dom/elements.js"
 * @import { Conversation } from "../conversation.js"
 */

const COMPOSING = 229; // the key code while letters are being chosen; Safari has no other sign of it

/**
 * @typedef {object} Handlers
 * @property {() => void} onClosed the change was made or cancelled
 * @property {() => void} onResized
 */

/**
 * @param {Conversation} conversation
 * @param {string} content
 * @param {(content: string) => Promise<void>} save
 * @param {Handlers} handlers
 */
export function editing(conversation, content, save, handlers) {
  const isByTouch = matchMedia("(pointer: coarse)").matches; // there Enter begins a line
  const text = h("textarea", {
    "aria-label": "Edit your message",
    rows: 1,
    oninput: () => measure(),
    onkeydown: (event) => {
      if (suggestions.pressed(event)) {
        event.stopPropagation(); // Escape leaves the names, not the form
        return;
      }
      const { key, shiftKey, isComposing, keyCode } = event;
      if (key !== "Enter" || shiftKey || isByTouch || isComposing || keyCode === COMPOSING) return;
      event.preventDefault();
      form.requestSubmit();
    },
  });
  text.value = content;
  const measure = () => {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
    const over = [...text.value].length - HUB.maxContentChars;
    text.setCustomValidity(over > 0 ? `${over.toLocaleString()} characters too long` : "");
    handlers.onResized();
  };
  const suggestions = new Suggestions(conversation, text, measure);
  const isSame = () => text.value.trim() === "" || text.value === content;
  const act = async () => {
    if (!isSame()) await save(text.value);
  };
  const form = changing("Save", "Saving…", act, handlers.onClosed, text, suggestions.element);
  const start = () => {
    measure();
    text.focus({ preventScroll: true });
    text.setSelectionRange(content.length, content.length);
  };
  return { element: form, start };
}

/**
 * @param {() => Promise<void>} remove
 * @param {Handlers} handlers
 */
export function deleting(remove, { onClosed }) {
  const question = h("p", {}, "Delete this message for everybody?");
  const form = changing("Delete", "Deleting…", remove, onClosed, question);
  return {
    element: form,
    start: () => form.querySelector("button")?.focus({ preventScroll: true }),
  };
}

/**
 * @param {string} word what it does
 * @param {string} meanwhile the text while it is done
 * @param {() => Promise<void>} act
 * @param {() => void} onClosed
 * @param {...Child} children
 */
function changing(word, meanwhile, act, onClosed, ...children) {
  const problem = h("p.problem", { role: "alert" });
  const said = h("span", { role: "status" });
  const cancel = h("button.button.quiet", { type: "button", onclick: onClosed }, "Cancel");
  let isActing = false;
  const submit = async () => {
    if (isActing) return;
    isActing = true;
    cancel.hidden = true; // the change is made as soon as there is a connection
    said.textContent = meanwhile;
    problem.textContent = "";
    try {
      await act();
      onClosed();
    } catch (error) {
      problem.textContent = textOf(error);
    }
    isActing = false;
    cancel.hidden = false;
    said.textContent = "";
  };
  return h(
    "form.bubble.mine.changing",
    {
      "aria-label": `${word} message`,
      onsubmit: (event) => {
        event.preventDefault();
        void submit();
      },
      onkeydown: (event) => {
        event.stopPropagation(); // the list around it has other keys
        if (event.key === "Escape" && !isActing) onClosed();
      },
    },
    ...children,
    problem,
    h("div.choice", {}, h("button.button.primary", {}, word), cancel, said),
  );
}
