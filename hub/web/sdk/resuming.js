/**
 * Requests what was missed, in as many frames as it takes, and again if there is more than the hub sends at
 * a time.
 */

/**
 * @import { ConnectionLoop } from "./connection/connection_loop.js"
 * @import { Log } from "./connection/log.js"
 * @import { Dialect } from "./dialects/dialect.d.ts"
 * @import { Learning } from "./learning.js"
 * @import { Timelines } from "./messages/timelines.js"
 * @import { Notes } from "./notes/notes.js"
 *
 * @typedef {object} Parts
 * @property {Timelines} timelines
 * @property {Notes<any>} notes
 * @property {Dialect<any, any>} dialect
 * @property {Log} log
 * @property {ConnectionLoop} connection
 * @property {Learning<any>} learning
 */

export class Resuming {
  #parts;
  #unanswered = 0; // `resume` frames on this connection that have no reply yet
  #isMore = false; // whether more was missed than was sent for them

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Ask for what was missed in all conversations: those not named count as missed entirely, or are left out. */
  ask() {
    const { timelines, notes, dialect, log, connection, learning } = this.#parts;
    const parts = timelines.positions();
    const isAllNamed = learning.isWhole && parts.length === 1;
    const isOnlyNamed = dialect.followsAll && !isAllNamed;
    learning.isOnlyNamed = isOnlyNamed;
    this.#isMore = false;
    for (const [at, part] of parts.entries()) {
      const revs = timelines.revsOf(part);
      const noted = at === 0 ? notes.asked() : null;
      const frame = dialect.resumeFrame(part, log.epoch, isOnlyNamed, revs, noted);
      if (connection.send(frame)) this.#unanswered += 1;
    }
  }

  /** Ask, unless that is under way. */
  askOnce() {
    if (this.#unanswered === 0) this.ask();
  }

  /**
   * The hub has sent what was missed, for one of the frames.
   * @param {boolean} isComplete whether that was all of it
   * @returns {boolean} whether everything has come that was missed
   */
  answered(isComplete) {
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    this.#isMore ||= !isComplete; // than the hub sends at a time
    if (this.#unanswered > 0) return false;
    if (this.#isMore) {
      this.ask();
      return false;
    }
    return true;
  }

  disconnected() {
    this.#unanswered = 0;
  }
}
