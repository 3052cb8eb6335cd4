/** Announcements for screen readers, and texts for what failed. */

import { CallFailed } from "../../sdk/parlour.js";
import { h } from "./elements.js";

/**
 * To be read by screen readers.
 * @param {string} text
 */
export function announce(text) {
  const announcer = document.getElementById("announcer");
  if (announcer !== null) announcer.textContent = text;
}

/**
 * To be read by everybody, for a moment: that something was done which shows nowhere else.
 * @param {string} text
 * @param {[word: string, act: () => void]} [undo] how it is taken back; it stays longer
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
 * Something is broken: the browser's console says what, and everything else goes on.
 * @param {unknown} error
 */
export function report(error) {
  setTimeout(() => {
    throw error;
  });
}

/**
 * Do something, and say why it failed.
 * @param {HTMLElement} problem the element that says it
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
 * What a failure is called in front of people.
 * @param {unknown} error
 */
export function textOf(error) {
  if (error instanceof CallFailed && error.status === 0) return "The server cannot be reached.";
  if (error instanceof TypeError || error instanceof SyntaxError) {
    report(error);
    return "The server answered something that this page does not understand.";
  }
  return error instanceof Error ? error.message : String(error);
}
