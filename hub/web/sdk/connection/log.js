/**
 * Which log the hub has, as it says with the first frame of a connection and with every response over
 * REST. In another log a `seq` stands for another message, or for none.
 */

export class Log {
  /** @type {string | null} */
  #epoch = null;

  /** Of the log; null: the hub has not said it. */
  get epoch() {
    return this.#epoch;
  }

  /**
   * @param {string | null} epoch as the hub says
   * @param {string | null} asked the epoch that was known when the hub was asked: what was asked before
   *   the log became another one says nothing of it
   * @returns {boolean} whether the log is another one than was known
   */
  is(epoch, asked = this.#epoch) {
    if (epoch === null || epoch === this.#epoch || asked !== this.#epoch) return false;
    this.#epoch = epoch;
    return asked !== null;
  }
}
