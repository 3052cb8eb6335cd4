/** When a connection counts as dead: after a question without an answer. Pages cannot see the hub's pings. */

const SILENCE_MS = 30_000; // then one asks whether the hub is still there
const ANSWER_MS = 10_000;

export class Patience {
  #ask;
  #lost;
  #silence = null;
  #answer = null;

  /**
   * @param {() => void} ask says something that the hub answers
   * @param {() => void} lost called once when the connection is dead
   */
  constructor(ask, lost) {
    this.#ask = ask;
    this.#lost = lost;
  }

  /** Something was heard. */
  heard() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#ask();
      this.#silence = setTimeout(this.#lost, ANSWER_MS);
    }, SILENCE_MS);
  }

  /** Something was sent that is answered. */
  expect() {
    this.#answer ??= setTimeout(this.#lost, ANSWER_MS);
  }

  /** An answer came; whether more are expected. */
  answered(isMoreExpected) {
    clearTimeout(this.#answer);
    this.#answer = null;
    if (isMoreExpected) this.expect();
  }

  /** The connection is gone. */
  stop() {
    clearTimeout(this.#silence);
    this.answered(false);
  }
}
