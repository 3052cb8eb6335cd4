/** Drawing again: once per frame, however often it is asked for, and without taking the focus. */

const HIDDEN_MS = 200; // a page that is not in sight has no frames, but a title

const ROW = "[data-row]";

/**
 * Draw what is in a box anew. The focus stays where it was, or on the same button of the same row
 * (`data-row`); where that is gone, on another of the row, or on the box.
 * @param {HTMLElement} box
 * @param {...Node} children
 */
export function redrawIn(box, ...children) {
  const had = document.activeElement;
  const isHere = had instanceof HTMLElement && box.contains(had);
  const row = isHere ? had.closest(ROW)?.getAttribute("data-row") : null;
  box.replaceChildren(...children);
  if (!isHere) return;
  const again = [...box.querySelectorAll(ROW)].find(
    (each) => each.getAttribute("data-row") === row,
  );
  const buttons = [...(again?.querySelectorAll("button") ?? [])];
  const same = buttons.find(({ textContent }) => textContent === had.textContent);
  box.tabIndex = -1;
  (box.contains(had) ? had : (same ?? buttons[0] ?? box)).focus();
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
