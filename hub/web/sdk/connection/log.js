/**
 * The log of the hub, by the epoch in the first frame of a connection and in every response over REST.
 * In another log a `seq` names another message, or none.
 */

export class Log {
  /** @type {string | null} */
  #epoch = null;

  /** The epoch of the log; null: it is not known yet. */
  get epoch() {
    return this.#epoch;
  }

  /**
   * @param {string | null} epoch from the hub
   * @param {string | null} asked the epoch that was known when the request was sent: responses to
   *   requests from before the log changed are ignored
   * @returns {boolean} whether the log is another one than was known
   */
  is(epoch, asked = this.#epoch) {
    if (epoch === null || epoch === this.#epoch || asked !== this.#epoch) return false;
    this.#epoch = epoch;
    return asked !== null;
  }
}
