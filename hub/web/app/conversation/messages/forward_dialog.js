/** A dialog to choose, by name, the person or channel that a message is forwarded to. */

import { channelFace, face, h } from "../../dom/elements.js";
import { attempt, confirmed } from "../../dom/feedback.js";
import { searchable } from "../../dom/text.js";

/**
 * @import { Conversation } from "../conversation.js"
 */

const MAX_SHOWN = 50; // with more, the user types the name

/**
 * Open the dialog above everything else. Escape and Cancel choose nothing.
 * @param {readonly Conversation[]} places where it may go, the best first
 * @param {(place: Conversation) => Promise<void>} forward
 * @param {() => void} onClosed
 */
export function chooseWhere(places, forward, onClosed) {
  const problem = h("p.problem", { role: "alert" });
  const list = h("ul");
  const name = { type: "search", "aria-label": "Search by name", placeholder: "Search by name" };
  const input = h("input.input", { ...name, autocomplete: "off", oninput: () => draw() });
  const cancel = { type: "button", onclick: () => close() };
  const dialog = h(
    "dialog.forward",
    { "aria-label": "Forward to", onkeydown: (event) => move(event) },
    h("h2", {}, "Forward to"),
    h("form", { onsubmit: (event) => chooseFirst(event) }, input),
    list,
    problem,
    h("button.button", cancel, "Cancel"),
  );

  const choose = (/** @type {Conversation} */ place) =>
    attempt(problem, async () => {
      await forward(place);
      close();
      confirmed(`Forwarded to ${place.name}`);
    });
  const close = () => {
    if (!dialog.isConnected) return;
    dialog.remove();
    onClosed();
  };
  const draw = () => {
    const wanted = searchable(input.value.trim());
    const found = places.filter((each) => searchable(each.name).includes(wanted));
    const rows = found.slice(0, MAX_SHOWN).map((place) => row(place, () => void choose(place)));
    const none = places.length === 0 ? "No conversations yet." : "No matching conversations.";
    list.replaceChildren(...(rows.length > 0 ? rows : [h("li.empty", {}, none)]));
  };
  const buttons = () => [...list.querySelectorAll("button")];
  const chooseFirst = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    buttons()[0]?.click();
  };
  const move = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") close();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const stops = [input, ...buttons()];
    const at = stops.findIndex((each) => each === document.activeElement);
    stops[at + step]?.focus();
  };

  dialog.addEventListener("click", ({ target }) => target === dialog && close());
  dialog.addEventListener("close", close); // by a gesture
  draw();
  document.body.append(dialog);
  if ("showModal" in dialog) dialog.showModal();
  else showOld(dialog, input);
}

/**
 * @param {Conversation} place
 * @param {() => void} onclick
 */
function row({ id, title, isChannel, workspace }, onclick) {
  const where = workspace !== null && h("small.cut", {}, workspace.name);
  const picture = isChannel ? channelFace() : face(title, id);
  const words = h("span.cut", {}, title);
  return h("li", {}, h("button.button.quiet", { type: "button", onclick }, picture, words, where));
}

/**
 * A browser without dialogs shows an element like any other.
 * @param {HTMLElement} dialog
 * @param {HTMLElement} input
 */
function showOld(dialog, input) {
  dialog.setAttribute("open", "");
  dialog.setAttribute("role", "dialog");
  input.focus();
}
