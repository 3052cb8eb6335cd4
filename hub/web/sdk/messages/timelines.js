/**
 * The timelines of all conversations, and how far each is known: a conversation's watermark is the
 * `seq` up to which nothing was missed, because older messages are loaded as history when wanted.
 */

import { Timeline } from "./timeline.js";

/** @import { ConversationId } from "../parlour.js" */

export class Timelines {
  /** @type {Map<ConversationId, Timeline>} */
  #timelines = new Map();
  #watermarks;

  /** @param {Map<ConversationId, number>} watermarks the newest seqs, when this client began */
  constructor(watermarks = new Map()) {
    this.#watermarks = watermarks;
  }

  /** @param {ConversationId} conversationId */
  get(conversationId) {
    let timeline = this.#timelines.get(conversationId);
    if (timeline === undefined) {
      timeline = new Timeline();
      this.#timelines.set(conversationId, timeline);
    }
    return timeline;
  }

  /** @param {ConversationId} conversationId */
  isFollowed(conversationId) {
    return this.#watermarks.has(conversationId);
  }

  /**
   * @param {ConversationId} conversationId
   * @param {number} seq the new watermark
   */
  follow(conversationId, seq) {
    this.#watermarks.set(conversationId, seq);
  }

  /**
   * The seq up to which nothing needs to be asked for; 0 when nothing is known.
   * @param {ConversationId} conversationId
   */
  lastSeq(conversationId) {
    const newest = this.#timelines.get(conversationId)?.last?.seq ?? 0;
    return Math.max(newest, this.#watermarks.get(conversationId) ?? 0);
  }

  /**
   * What `resume` asks for: by conversation, the seq after which messages were missed.
   * @returns {Record<ConversationId, number>}
   */
  positions() {
    const known = [...this.#timelines].filter(([, { last }]) => last !== undefined);
    const ids = new Set([...this.#watermarks.keys(), ...known.map(([id]) => id)]);
    return Object.fromEntries([...ids].map((id) => [id, this.lastSeq(id)]));
  }
}
