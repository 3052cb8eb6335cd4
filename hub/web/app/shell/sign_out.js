/** Signing out: what was written and not sent goes with its author, who must say so. */

import { h } from "../dom/elements.js";

/** @import { Sidebar } from "./list/sidebar.js" */

/**
 * @param {number} count of what is not sent
 * @param {Sidebar} sidebar where it is asked
 * @param {() => Promise<void>} signOut
 */
export function confirmSignOut(count, sidebar, signOut) {
  const leave = { type: "button", onclick: () => void signOut() };
  const cancel = { type: "button", onclick: () => sidebar.notify() };
  if (count === 0) leave.onclick();
  else
    sidebar.notify(
      `To sign out deletes what you wrote and did not send (${count}). `,
      h("button.button", leave, "Sign out anyway"),
      h("button.button", cancel, "Cancel"),
    );
}
