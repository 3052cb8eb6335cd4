/** Announcements for screen readers, and texts for what failed. */

import { CallFailed } from "../../sdk/parlour.js";
import { h } from "./elements.js";

/**
 * Announce a text to screen readers.
 * @param {string} text
 */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  if (announcer !== null) announcer.textContent = text;
}

/**
 * Show a note for a moment: something was done that is visible nowhere else.
 * @param {string} text
 * @param {[word: string, act: () => void]} [undo] a button that undoes it; the note then stays longer
 */
export function confirmed(text, undo) {
  announce(text);
  const note = document.getElementById("note");
  if (undo === undefined) {
    note?.replaceChildren(h("span", { "aria-hidden": "true" }, text)); // a new one, which fades
    return;
  }
  const [word, act] = undo;
  const onclick = () => {
    note?.replaceChildren();
    act();
  };
  const button = h("button", { type: "button", onclick }, word);
  const words = h("span", { "aria-hidden": "true" }, text);
  note?.replaceChildren(h("div", { role: "region", "aria-label": text }, words, button));
}

/**
 * Log an unexpected error to the browser's console; everything else goes on.
 * @param {unknown} error
 */
export function report(error) {
  setTimeout(() => {
    throw error;
  });
}

/**
 * Do something, and show why it failed.
 * @param {HTMLElement} problem the element that shows it
 * @param {() => Promise<void>} act
 */
export async function attempt(problem, act) {
  problem.textContent = "";
  try {
    await act();
  } catch (error) {
    problem.textContent = textOf(error);
  }
}

/**
 * The text of a failure, for people.
 * @param {unknown} error
 */
export function textOf(error) {
  if (error instanceof CallFailed && error.status === 0) return "The server cannot be reached.";
  if (error instanceof TypeError || error instanceof SyntaxError) {
    report(error);
    return "The server sent a response that this page cannot process.";
  }
  return error instanceof Error ? error.message : String(error);
}
