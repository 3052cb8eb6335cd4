/**
 * Selects the known messages that are drawn: those around the view, and never many more than a reader
 * can reach before the next are drawn. It must not know how they look.
 */

/** @import { Message } from "../../../../sdk/parlour.js" */

const HALF = 200; // drawn on each side of what is in view
const NEAR = 100; // to the edge: time to move
const MOST = 2 * HALF + NEAR;

export class MessageWindow {
  #from = 0; // the seq of the first one
  #to = Number.POSITIVE_INFINITY; // and of the last one

  /** Whether the oldest known one is drawn. */
  get hasStart() {
    return this.#from === 0;
  }

  /** Whether the newest one is drawn. */
  get hasEnd() {
    return this.#to === Number.POSITIVE_INFINITY;
  }

  /**
   * The messages that are drawn, after the window has moved if the view is near one of its ends.
   * @param {readonly Message[]} messages by seq, those without one at the end
   * @param {number | null} inView the seq of the first one in view; null: the end is
   */
  around(messages, inView) {
    if (this.isLeft(messages, inView)) this.#move(messages, inView);
    return messages.slice(...this.#range(messages));
  }

  /**
   * Whether the view is near an end of the window, or the window has too many messages.
   * @param {readonly Message[]} messages
   * @param {number | null} inView
   */
  isLeft(messages, inView) {
    const at = indexOf(messages, inView);
    const [first, end] = this.#range(messages);
    const isNearStart = first > 0 && at - first < NEAR;
    const isNearEnd = end < messages.length && end - at < NEAR;
    return isNearStart || isNearEnd || end - first > MOST;
  }

  /**
   * @param {readonly Message[]} messages
   * @param {number | null} inView
   */
  #move(messages, inView) {
    const at = indexOf(messages, inView);
    this.#from = at > HALF ? (messages[at - HALF]?.seq ?? 0) : 0;
    this.#to = messages[at + HALF]?.seq ?? Number.POSITIVE_INFINITY;
  }

  /**
   * @param {readonly Message[]} messages
   * @returns {[first: number, end: number]}
   */
  #range(messages) {
    const end = this.hasEnd ? messages.length : indexOf(messages, this.#to) + 1;
    return [indexOf(messages, this.#from), end];
  }
}

/**
 * The index of the first message that is not older.
 * @param {readonly Message[]} messages
 * @param {number | null} seq null: the end
 */
function indexOf(messages, seq) {
  if (seq === null) return messages.length;
  let [from, to] = [0, messages.length];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if ((messages[middle]?.seq ?? Number.POSITIVE_INFINITY) >= seq) to = middle;
    else from = middle + 1;
  }
  return from;
}
