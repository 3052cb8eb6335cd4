/** How long to wait before the next attempt: doubling, with jitter, up to a limit. */

/** @import { ReconnectOptions } from "../parlour.js" */

export class Backoff {
  #firstMs;
  #maxMs;
  #random;
  #attempts = 0;

  /**
   * @param {ReconnectOptions} [options]
   * @param {() => number} [random] from 0 to 1
   */
  constructor({ firstMs = 500, maxMs = 10_000 } = {}, random = Math.random) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** Milliseconds: between half of the current step and all of it. */
  next() {
    const step = Math.min(this.#maxMs, this.#firstMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return step / 2 + (this.#random() * step) / 2;
  }

  /** The attempt succeeded: the next failure begins with the first step. */
  reset() {
    this.#attempts = 0;
  }
}
