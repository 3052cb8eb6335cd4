import { copyText } from "../dom/clipboard.js";
import { h } from "../dom/elements.js";

/** @import { User } from "../../sdk/parlour.js" */

/**
 * The address of the page that opens the conversation with this user, after a sign-in.
 * @param {User} user
 */
export function invitation({ id }) {
  return `${location.origin}${location.pathname}#/person/${id}`;
}

/**
 * Shown where nothing is open: how to begin a conversation.
 * @param {User} me
 * @param {(place: string) => void} onOpen opens a panel
 * @param {string} text
 */
export function welcome(me, onOpen, text) {
  const find = { type: "button", onclick: () => onOpen("people") };
  const invite = { type: "button", onclick: () => void copyText(invitation(me)) };
  return h(
    "section.welcome",
    {},
    text !== "" && h("h2", {}, text),
    h("p", {}, "Others find you as ", h("strong", {}, `@${me.username}`), "."),
    h("button.button.primary", find, "Find people"),
    h("button.button", invite, "Copy your invite link"),
  );
}
