/** Drawing again: once per frame, however often it is asked for, and without taking the focus. */

const HIDDEN_MS = 200; // a page that is not in sight has no frames, but a title

const ROW = ".person";

/**
 * Draw what is in a box anew. The focus stays on the same button of the same row; where that is
 * gone, on another of the row, or on the box.
 * @param {HTMLElement} box
 * @param {...Node} children
 */
export function redrawIn(box, ...children) {
  const had = document.activeElement;
  const isHere = had instanceof HTMLElement && box.contains(had);
  const row = isHere ? rowName(had.closest(ROW)) : null;
  const word = isHere ? had.textContent : null;
  box.replaceChildren(...children);
  if (!isHere) return;
  const again = [...box.querySelectorAll(ROW)].find((each) => rowName(each) === row);
  const buttons = [...(again?.querySelectorAll("button") ?? [])];
  box.tabIndex = -1;
  (buttons.find(({ textContent }) => textContent === word) ?? buttons[0] ?? box).focus();
}

/** @param {Element | null} row */
function rowName(row) {
  return row?.querySelector(".name")?.firstChild?.textContent ?? null;
}

export class Redraw {
  #draw;
  /** @type {number | null} */
  #frame = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {() => void} draw */
  constructor(draw) {
    this.#draw = draw;
  }

  /** Something has changed. */
  ask() {
    if (this.#frame !== null) return;
    this.#frame = requestAnimationFrame(() => this.now());
    this.#timer = setTimeout(() => this.now(), HIDDEN_MS);
  }

  /** Do not wait for the frame. */
  now() {
    this.stop();
    this.#draw();
  }

  stop() {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
    clearTimeout(this.#timer);
  }
}
