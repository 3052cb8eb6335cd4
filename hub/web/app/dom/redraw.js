/** Drawing again: once per frame, however often it is requested, and without losing the focus. */

const HIDDEN_MS = 200; // a hidden page gets no frames, but its title is visible

const ROW = "[data-row]";

/**
 * Draw the content of a box again. The focus stays where it was, or on the same button of the same row
 * (`data-row`); if that is gone, on another button of the row, or on the box.
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
