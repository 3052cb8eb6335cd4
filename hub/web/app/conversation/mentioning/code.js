/** The parts of a text that are no code, by the hub's rules (CommonMark): only these can mention users. */

/**
 * @typedef {object} Outside
 * @property {string} text without code
 * @property {number[]} places where each of its characters stands in the whole; -1: nowhere
 *
 * @typedef {[from: number, to: number]} Range
 */

const FENCE = /^ {0,3}(`{3,}|~{3,})([\s\S]*)$/;
const ESCAPE_OR_RUN = /\\[!-/:-@[-`{-~]|`+/g;

/**
 * @param {string} whole
 * @returns {Outside}
 */
export function outsideCode(whole) {
  const pieces = paragraphs(whole).map((range) => withoutSpans(whole, range));
  const parted = pieces.flatMap((each) => [...each, { text: "\n", places: [-1] }]);
  return {
    text: parted.map(({ text }) => text).join(""),
    places: parted.flatMap(({ places }) => places),
  };
}

/**
 * The paragraphs that are not between fences.
 * @param {string} whole
 */
function paragraphs(whole) {
  /** @type {Range[]} */
  const found = [];
  let fence = "";
  let at = 0;
  for (const line of whole.split("\n")) {
    const sign = fenceOf(line, fence);
    const isText = fence === "" && sign === "" && line.trim() !== "";
    if (isText) addLine(found, [at, at + line.length]);
    if (sign !== "") fence = fence === "" ? sign : "";
    at += line.length + 1;
  }
  return found;
}

/**
 * A line belongs to the last paragraph if that ends with the line before.
 * @param {Range[]} found
 * @param {Range} line
 */
function addLine(found, [start, end]) {
  const last = found[found.length - 1];
  if (last?.[1] === start - 1) last[1] = end;
  else found.push([start, end]);
}

/**
 * The fence that a line opens or closes; empty: none.
 * @param {string} line
 * @param {string} open the fence that is open; empty: none is
 */
function fenceOf(line, open) {
  const [, sign = "", after = ""] = FENCE.exec(line) ?? [];
  const isIt =
    open === ""
      ? !(sign.startsWith("`") && after.includes("`"))
      : sign.startsWith(open) && after.trim() === "";
  return isIt ? sign : "";
}

/**
 * A paragraph without inline code, and without the `@` that are behind a backslash.
 * @param {string} whole
 * @param {Range} range
 */
function withoutSpans(whole, [start, end]) {
  const text = whole.slice(0, end);
  const runs = [...text.matchAll(/`+/g)].map(({ 0: run, index = 0 }) => ({ run, index }));
  const kept = [];
  let at = start;
  ESCAPE_OR_RUN.lastIndex = start;
  for (let found = ESCAPE_OR_RUN.exec(text); found !== null; found = ESCAPE_OR_RUN.exec(text)) {
    const [sign] = found;
    const after = found.index + sign.length;
    kept.push(piece(text, at, found.index));
    kept.push(sign === "\\@" ? { text: "\\#", places: [-1, -1] } : piece(text, found.index, after));
    const closing = runs.find(({ run, index }) => index >= after && run === sign);
    at = closing === undefined ? after : closing.index + sign.length;
    ESCAPE_OR_RUN.lastIndex = at;
  }
  return [...kept, piece(text, at, end)];
}

/**
 * @param {string} whole
 * @param {number} from
 * @param {number} to
 */
function piece(whole, from, to) {
  const text = whole.slice(from, to);
  return { text, places: [...Array(text.length).keys()].map((at) => from + at) };
}
