/**
 * Finds names in a text by the hub's rules: behind an `@` that is within no word, no address, and no
 * code.
 */

import { outsideCode } from "./code.js";

const ADDRESS = '(?:https?://|\\bwww\\.|mailto:)[^\\s<>"“”«»]+';
const BEFORE = "(^|[^\\w.+\\-@/&=%#~])";

/**
 * @typedef {object} Part
 * @property {string} text
 * @property {string | null} name that is mentioned there; null: none is
 *
 * @param {string} text
 * @param {readonly string[]} names
 * @returns {Part[]} all of it, in order
 */
export function partsByName(text, names) {
  const byKey = new Map(names.map((name) => [keyOf(name), name]));
  const longestFirst = [...byKey.values()].sort((one, other) => other.length - one.length);
  const any = longestFirst.map(escaped).join("|");
  const wanted = `${BEFORE}(@(?:"(?:${any})"|(?:${any})(?![\\p{L}\\p{N}_@])))`;
  const outside = outsideCode(text);
  /** @type {Part[]} */
  const parts = [];
  let at = 0;
  for (const found of outside.text.matchAll(new RegExp(`${ADDRESS}|${wanted}`, "giu"))) {
    const { index = 0, 1: before = "", 2: shown = "" } = found;
    const start = outside.places[index + before.length] ?? -1;
    if (shown === "" || !text.startsWith(shown, start)) continue; // an address; or code is within it
    const key = keyOf(shown.slice(1).replace(/^"|"$/g, ""));
    parts.push({ text: text.slice(at, start), name: null });
    parts.push({ text: shown, name: byKey.get(key) ?? null });
    at = start + shown.length;
  }
  parts.push({ text: text.slice(at), name: null });
  return parts.filter((part) => part.text !== "");
}

/** @param {string} name */
function keyOf(name) {
  return name.toLowerCase();
}

/** @param {string} name as a part of a regular expression */
function escaped(name) {
  return name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
