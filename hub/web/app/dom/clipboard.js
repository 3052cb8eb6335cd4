/** Writes to the clipboard; over plain http, where pages have no access to it, by the old copy command. */

import { confirmed } from "./feedback.js";

/** @param {string} text */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyByCommand(text); // there is no `navigator.clipboard`, or it was refused
  }
  confirmed("Copied");
}

/** @param {string} text */
function copyByCommand(text) {
  const put = (/** @type {ClipboardEvent} */ event) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("copy", put, { capture: true, once: true });
  document.execCommand("copy");
  document.removeEventListener("copy", put, { capture: true }); // if the command did nothing
}
