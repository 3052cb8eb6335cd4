/** Signing out: unsent messages are discarded, which the user must confirm. */

import { h } from "../dom/elements.js";

/** @import { Sidebar } from "./list/sidebar.js" */

/**
 * @param {number} count of what is not sent
 * @param {Sidebar} sidebar shows the question
 * @param {() => Promise<void>} signOut
 */
export function confirmSignOut(count, sidebar, signOut) {
  const leave = { type: "button", onclick: () => void signOut() };
  const cancel = { type: "button", onclick: () => sidebar.notify() };
  if (count === 0) leave.onclick();
  else
    sidebar.notify(
      `Signing out deletes your unsent messages and drafts (${count}). `,
      h("button.button", leave, "Sign out anyway"),
      h("button.button", cancel, "Cancel"),
    );
}
