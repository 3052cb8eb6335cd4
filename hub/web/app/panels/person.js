/** A row of a panel: a user, and the actions for them. */

import { face, h } from "../dom/elements.js";
import { plain } from "../dom/text.js";

/**
 * @typedef {[word: string, act: () => void]} Action
 */

/**
 * @param {{ id: number, name: string, username: string }} user
 * @param {...Action} actions
 */
export function person(user, ...actions) {
  return row(user, `@${user.username}`, actions);
}

/**
 * @param {{ id: number, name: string }} user
 * @param {string} about shown small
 * @param {Action[]} actions
 */
export function row(user, about, actions) {
  return h(
    "div.person",
    { "data-row": String(user.id) },
    face(user.name, user.id),
    h("span.name", {}, plain(user.name), h("small", {}, about)),
    h(
      "span.choices",
      {},
      ...actions.map(([word, onclick]) => h("button.button", { type: "button", onclick }, word)),
    ),
  );
}
