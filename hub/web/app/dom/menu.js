import { h } from "./elements.js";

/** @import { Child } from "./elements.js" */

/**
 * A menu of further actions, behind a button. It closes when something is chosen, and by a click or the
 * focus elsewhere; Escape closes it, too, and goes back to the button.
 * @param {string} word the button's name
 * @param {HTMLElement} sign that the button shows
 * @param {Child} head above the actions
 * @param {[word: string, act: () => void][]} actions
 */
export function menu(word, sign, head, actions) {
  const name = h("span.unseen", {}, word);
  const button = h("summary.button.quiet.square", { title: word }, sign, name);
  const close = () => {
    box.open = false;
  };
  const items = actions.map(([text, act]) => {
    const onclick = () => {
      close();
      act();
    };
    return h("button.button.quiet", { type: "button", onclick }, text);
  });
  const onkeydown = (/** @type {KeyboardEvent} */ { key }) => {
    if (key !== "Escape" || !box.open) return;
    close();
    button.focus();
  };
  const box = h("details.menu", { onkeydown }, button, h("div", {}, head, ...items));
  const left = (/** @type {Event} */ { target }) => {
    if (!(target instanceof Node && box.contains(target))) close();
  };
  box.addEventListener("toggle", () => {
    for (const kind of ["pointerdown", "focusin"]) {
      if (box.open) document.addEventListener(kind, left);
      else document.removeEventListener(kind, left);
    }
  });
  return box;
}
