/**
 * Counts the unread messages of a conversation that mention the user: the count in the hub's list, plus the
 * events since. A message with two events counts once.
 */

/** @import { ClientEvents } from "../../../sdk/parlour.js" */

export class UnreadMentions {
  #listed = 0;
  /** @type {Map<number, number>} the seqs of messages with events since, by id */
  #told = new Map();

  get count() {
    return this.#listed + this.#told.size;
  }

  /**
   * @param {number} count as the hub lists it
   * @param {number} lastSeq up to which it counted
   */
  listed(count, lastSeq) {
    this.#listed = count;
    for (const [id, seq] of this.#told) if (seq <= lastSeq) this.#told.delete(id);
  }

  /**
   * @param {ClientEvents["mention"]} mention
   * @returns {boolean} whether it is new
   */
  told({ id, seq, isMentioned }) {
    const isKnown = this.#told.has(id);
    if (isMentioned) this.#told.set(id, seq);
    else this.#told.delete(id);
    return isMentioned && !isKnown;
  }

  /**
   * Whether a mention that was removed may be in the listed count: only the hub knows.
   * @param {ClientEvents["mention"]} mention
   */
  mayBeListed({ id, isMentioned }) {
    return !isMentioned && this.#listed > 0 && !this.#told.has(id);
  }

  read() {
    this.#listed = 0;
    this.#told.clear();
  }
}
