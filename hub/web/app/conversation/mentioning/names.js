/** Where names stand in a text, as the hub finds them: behind an `@` that is within no word or address. */

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
  const found = new RegExp(`${BEFORE}(@(?:"(?:${any})"|(?:${any})(?![\\p{L}\\p{N}_@])))`, "giu");
  /** @type {Part[]} */
  const parts = [];
  let at = 0;
  for (const { index = 0, 1: before = "", 2: shown = "" } of text.matchAll(found)) {
    const start = index + before.length;
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
