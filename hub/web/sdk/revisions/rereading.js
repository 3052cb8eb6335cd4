/**
 * Finds revisions by polling: if the list shows a `rev` that is not known yet, the newest pages of
 * history are read again. These revisions do not count as known: a WebSocket requests them again.
 */

import { deletion } from "../messages/message.js";

/**
 * @import { ConversationId } from "../parlour.js"
 * @import { OlderPage } from "../dialects/dialect.d.ts"
 * @import { Revision, StoredMessage } from "../messages/message.js"
 * @import { Timelines } from "../messages/timelines.js"
 */

const PAGE_SIZE = 100;
const MAX_PAGES = 5;

export class Rereading {
  #timelines;
  #older;
  /** @type {Map<ConversationId, number>} */
  #read = new Map(); // the rev of the list, by conversation

  /**
   * @param {Timelines} timelines
   * @param {(page: OlderPage) => Promise<StoredMessage[]>} older reads a page of history
   */
  constructor(timelines, older) {
    this.#timelines = timelines;
    this.#older = older;
  }

  /**
   * @param {ConversationId} conversationId
   * @param {{ seq: number, rev: number }} head as the list shows it
   * @returns {Promise<(StoredMessage | Revision)[]>} of messages that are known here, if there may be any
   */
  async changes(conversationId, { seq, rev }) {
    const known = Math.max(
      this.#timelines.lastRev(conversationId),
      this.#read.get(conversationId) ?? 0,
    );
    const timeline = this.#timelines.get(conversationId);
    if (rev <= known || timeline.first === undefined) return [];
    const oldest = timeline.first.seq;
    /** @type {StoredMessage[]} */
    let messages = [];
    let from = Number.POSITIVE_INFINITY;
    for (let count = 0; count < MAX_PAGES && from > oldest; count += 1) {
      const page = { conversationId, first: messages[0], limit: PAGE_SIZE };
      // biome-ignore lint/performance/noAwaitInLoops: each page says where the next one is
      const found = await this.#older(page);
      messages = [...found, ...messages];
      from = found.length < PAGE_SIZE ? 1 : (found[0]?.seq ?? 1);
    }
    this.#read.set(conversationId, rev);
    return [...messages, ...timeline.missing(from, seq, messages).map(deletion)];
  }

  /** The log went back. */
  startOver() {
    this.#read.clear();
  }
}
