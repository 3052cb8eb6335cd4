/** Text of other people: what may be shown as it is, what is a link, and what only looks like one. */

// Letters that change the order in which others are read: after one, "fdp.exe" looks like "exe.pdf".
const ORDER = "\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069";
const ORDERING = new RegExp(`[${ORDER}]`, "g");

/**
 * A name of a person, channel or file, without letters that change how it reads.
 * @param {string} name
 */
export function plain(name) {
  return name.replace(ORDERING, "");
}

/**
 * The form of a text that is compared in searches: without accents and upper case.
 * @param {string} text
 */
export function searchable(text) {
  return plain(text).normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

// An address ends at white space, quotes, brackets that no address has, and the punctuation of
// scripts that write without spaces.
const ENDS = `\\s<>"'“”«»、。，！？；：（）「」『』【】…${ORDER}`;
const LINK = new RegExp(`\\b(?:https?://|www\\.|mailto:)[^${ENDS}]+`, "gi");
const PAIRS = [
  ["(", ")"],
  ["[", "]"],
];

/**
 * @typedef {object} Part
 * @property {string} text
 * @property {string | null} address of a link; null: it is none
 * @property {string} [host] that the link leads to, if its text suggests another one
 *
 * @param {string} text
 * @returns {Part[]} all of it, in order
 */
export function parts(text) {
  const found = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const shown = withoutEnd(match[0]);
    const link = linkOf(shown);
    if (link === null) continue;
    found.push({ text: text.slice(at, match.index), address: null }, link);
    at = match.index + shown.length;
  }
  found.push({ text: text.slice(at), address: null });
  return found.filter((part) => part.text !== "");
}

/**
 * @param {string} shown
 * @returns {Part | null}
 */
function linkOf(shown) {
  const address = shown.toLowerCase().startsWith("www.") ? `https://${shown}` : shown;
  try {
    const { hostname } = new URL(address);
    const [, written = ""] = /^https?:\/\/([^/?#]*)/i.exec(address) ?? [];
    const isHonest = written.toLowerCase().replace(/:\d+$/, "") === hostname;
    return { text: shown, address, ...(isHonest ? {} : { host: hostname }) };
  } catch {
    return null;
  }
}

/**
 * Punctuation at the end belongs to the sentence, and so does a bracket that is closed there only.
 * @param {string} link
 */
function withoutEnd(link) {
  let end = link.length;
  while (end > 0) {
    const rest = link.slice(0, end);
    const last = rest.charAt(end - 1);
    const [opening] = PAIRS.find(([, closing]) => closing === last) ?? [];
    const isOpened = opening !== undefined && count(rest, opening) >= count(rest, last);
    if (isOpened || !/[.,;:!?)\]}*_]/.test(last)) break;
    end -= 1;
  }
  return link.slice(0, end);
}

/**
 * @param {string} text
 * @param {string} letter
 */
function count(text, letter) {
  return text.split(letter).length - 1;
}
