/**
 * The timelines of all conversations, and the head from which on each is followed: newer messages must
 * arrive; older ones are history, which is loaded on request. Also the `rev` up to which the revisions
 * of each are known.
 */

import { Timeline } from "./timeline.js";

/** @import { ConversationId } from "../parlour.js" */

const MAX_POSITIONS = 1_500; // in a frame of 64 KiB, each with an id and a seq, and an id and a rev

export class Timelines {
  /** @type {Map<ConversationId, Timeline>} */
  #timelines = new Map();
  #heads;
  /** @type {Map<ConversationId, number>} */
  #revs = new Map();

  /** @param {Map<ConversationId, number>} heads the last seq of each, when this client began */
  constructor(heads = new Map()) {
    this.#heads = heads;
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
    return this.#heads.has(conversationId);
  }

  /** @param {Map<ConversationId, number>} heads of more conversations: newer messages are followed */
  follow(heads) {
    for (const [conversationId, seq] of heads) this.#heads.set(conversationId, seq);
  }

  /**
   * The revisions up to this rev are known.
   * @param {ConversationId} conversationId
   * @param {number} rev
   */
  revised(conversationId, rev) {
    if (rev > this.lastRev(conversationId)) this.#revs.set(conversationId, rev);
  }

  /** @param {ConversationId} conversationId */
  lastRev(conversationId) {
    return this.#revs.get(conversationId) ?? 0;
  }

  /** The log went back: everything that is stored is requested again, what is unsent stays. */
  startOver() {
    for (const timeline of this.#timelines.values()) timeline.forget();
    this.#revs.clear();
    for (const conversationId of this.#heads.keys()) this.#heads.set(conversationId, 0);
  }

  /**
   * The seq up to which nothing needs to be requested; 0 when nothing is known.
   * @param {ConversationId} conversationId
   */
  lastSeq(conversationId) {
    const reached = this.#timelines.get(conversationId)?.reached ?? 0;
    return Math.max(reached, this.#heads.get(conversationId) ?? 0);
  }

  /**
   * What `resume` asks for: by conversation, the seq after which messages were missed; in parts that
   * fit into a frame.
   * @returns {Record<ConversationId, number>[]} one at least
   */
  positions() {
    const known = [...this.#timelines].filter(([, { last }]) => last !== undefined);
    const ids = new Set([...this.#heads.keys(), ...known.map(([id]) => id)]);
    const all = [...ids].map((id) => [id, this.lastSeq(id)]);
    const count = Math.max(1, Math.ceil(all.length / MAX_POSITIONS));
    return [...Array(count).keys()].map((part) =>
      Object.fromEntries(all.slice(part * MAX_POSITIONS, (part + 1) * MAX_POSITIONS)),
    );
  }

  /**
   * The last rev of each conversation of such a part; those that have none are not named.
   * @param {Record<ConversationId, number>} part
   * @returns {Record<ConversationId, number>}
   */
  revsOf(part) {
    return Object.fromEntries([...this.#revs].filter(([id]) => id in part));
  }
}
