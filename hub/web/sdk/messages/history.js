/** Pages of history that are added to the known messages of a conversation. */

/**
 * @import { ConversationId, UserId } from "../parlour.js"
 * @import { Rest } from "../connection/rest.js"
 * @import { Dialect } from "../dialects/dialect.d.ts"
 * @import { KnownNotes } from "../notes/known_notes.js"
 * @import { Sender } from "./sender.js"
 * @import { Timelines } from "./timelines.js"
 *
 * @typedef {object} Parts
 * @property {Timelines} timelines
 * @property {Sender} sender
 * @property {Dialect<any, any>} dialect
 * @property {Rest} rest
 * @property {KnownNotes} notes
 */

export class History {
  #me;
  #timelines;
  #sender;
  #dialect;
  #rest;
  #notes;
  #beginnings = 0; // how often the log went back

  /**
   * @param {UserId} me
   * @param {Parts} parts
   */
  constructor(me, { timelines, sender, dialect, rest, notes }) {
    this.#me = me;
    this.#timelines = timelines;
    this.#sender = sender;
    this.#dialect = dialect;
    this.#rest = rest;
    this.#notes = notes;
  }

  /**
   * Load messages before those that are known; at first the newest ones.
   * @param {ConversationId} conversationId
   * @param {number} limit how many at most
   * @returns {Promise<boolean>} whether there may be more
   */
  async loadOlder(conversationId, limit) {
    const timeline = this.#timelines.get(conversationId);
    const before = timeline.first;
    if (before?.seq === 1) return false;
    const page = { conversationId, first: before, limit };
    const beginnings = this.#beginnings;
    const messages = await this.#dialect.older(this.#rest, this.#me, page);
    const isOfThisLog = beginnings === this.#beginnings;
    if (!(isOfThisLog && timeline.joins(messages))) return this.loadOlder(conversationId, limit);
    for (const message of messages) this.#sender.confirm(message); // an unsent one is stored
    timeline.addAll(messages.filter(({ id }) => !this.#notes.isHidden(id)));
    const { first } = timeline;
    return first !== undefined && first.seq !== before?.seq && first.seq > 1;
  }

  /** The log went back. */
  startOver() {
    this.#beginnings += 1;
  }
}
