/** How long to wait before the next attempt: doubling, with jitter, at most half a minute. */

const FIRST_MS = 500;
const MAX_MS = 30_000;

export class Backoff {
  #random;
  #attempts = 0;

  /** @param {() => number} random from 0 to 1 */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /** Milliseconds: between half of the current step and all of it. */
  next() {
    const step = Math.min(MAX_MS, FIRST_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    return step / 2 + (this.#random() * step) / 2;
  }

  /** The attempt succeeded: the next failure begins with the first step. */
  reset() {
    this.#attempts = 0;
  }
}
