/**
 * Revisions of messages after they were posted: by others, from the hub, and by this user.
 *
 * What it promises: a message is never replaced by an older state (`rev`); a revision from the hub
 * causes one `changed` event.
 */

import { notStored } from "../errors.js";
import { deletion } from "../messages/message.js";
import { Rereading } from "./rereading.js";
import { Reviser } from "./reviser.js";

/**
 * @import { ConversationId, Message, UserId } from "../parlour.js"
 * @import { ConnectionLoop } from "../connection/connection_loop.js"
 * @import { Rest } from "../connection/rest.js"
 * @import { Dialect, ServerEvent } from "../dialects/dialect.d.ts"
 * @import { Revision } from "../messages/message.js"
 * @import { Emit } from "../messages/sender.js"
 * @import { Threads } from "../messages/threads.js"
 * @import { Timelines } from "../messages/timelines.js"
 */

/**
 * @template Listed
 * @typedef {object} Parts
 * @property {Timelines} timelines
 * @property {Threads} threads
 * @property {Dialect<any, Listed>} dialect
 * @property {Rest} rest
 * @property {ConnectionLoop} connection
 * @property {Emit} emit
 */

/** @template Listed a conversation, as the hub lists them */
export class Revisions {
  #me;
  #timelines;
  #threads;
  #dialect;
  #rest;
  #emit;
  #reviser;
  #rereading;

  /**
   * @param {UserId} me
   * @param {Parts<Listed>} parts
   */
  constructor(me, { timelines, threads, dialect, rest, connection, emit }) {
    this.#me = me;
    this.#timelines = timelines;
    this.#threads = threads;
    this.#dialect = dialect;
    this.#rest = rest;
    this.#emit = emit;
    this.#reviser = new Reviser(connection);
    this.#rereading = new Rereading(timelines, (page) => dialect.older(rest, me, page));
  }

  /**
   * Revisions from before this list are part of the messages that are loaded from now on.
   * @param {Listed[]} listed
   */
  know(listed) {
    for (const each of listed) {
      const [conversationId] = this.#dialect.head(each);
      const hasMessages = this.#timelines.get(conversationId).first !== undefined;
      if (!hasMessages) this.#timelines.revised(conversationId, this.#dialect.lastRev(each));
    }
  }

  /**
   * The hub reports that a message was changed, which may not be known here.
   * @param {Extract<ServerEvent, { kind: "revised" }>} event
   */
  told({ conversationId, rev, revision, pinned }) {
    this.#timelines.revised(conversationId, rev);
    if (pinned !== undefined) this.#pinned(conversationId, rev, pinned);
    if (revision === null) return;
    const isKnown = this.#timelines.get(conversationId).has(revision.seq);
    if (isKnown) {
      this.apply(conversationId, revision);
      return;
    }
    this.#threads.revised(conversationId, revision);
    if (revision.isDeleted) this.#emit("changed", { conversationId, message: null });
  }

  /**
   * @param {ConversationId} conversationId
   * @param {number} rev
   * @param {{ id: number, isPinned: boolean }} pinned
   */
  #pinned(conversationId, rev, { id, isPinned }) {
    const message = this.#timelines.get(conversationId).withId(id);
    if (message !== undefined) this.apply(conversationId, { ...message, rev, isPinned });
    this.#emit("pinned", { conversationId, id, isPinned });
  }

  /**
   * All revisions up to these were received.
   * @param {Record<ConversationId, number>} revs
   */
  toldUpTo(revs) {
    for (const [id, rev] of Object.entries(revs)) this.#timelines.revised(Number(id), rev);
  }

  /**
   * @param {ConversationId} conversationId
   * @param {Revision} revision of a message that is known
   */
  apply(conversationId, revision) {
    const message = this.#timelines.get(conversationId).revise(revision);
    this.#threads.revised(conversationId, revision);
    if (message !== null) this.#emit("changed", { conversationId, message });
  }

  /**
   * Find revisions by polling.
   * @param {Listed[]} listed
   * @param {() => boolean} isOfThisLog whether the responses still belong to the current log
   */
  async reread(listed, isOfThisLog) {
    for (const each of listed) {
      const [conversationId, seq] = this.#dialect.head(each);
      const head = { seq, rev: this.#dialect.lastRev(each) };
      // biome-ignore lint/performance/noAwaitInLoops: a round of polling is not urgent
      const changes = await this.#rereading.changes(conversationId, head);
      if (!isOfThisLog()) return;
      for (const revision of changes) {
        this.apply(conversationId, revision);
        if ("replyCount" in revision) this.#threads.shown(revision);
      }
    }
  }

  /**
   * Change a stored message, over REST. Resolves when it is changed, here too.
   * @param {Message} message
   * @param {string} method
   * @param {string} path after the message's own
   * @param {object} [body]
   * @throws {CallFailed} it was refused for good
   */
  async change({ id, seq, rev, conversationId }, method, path, body) {
    if (id === null || seq === null) throw notStored();
    const answer = await this.#reviser.change((key) =>
      this.#rest.call(method, `/api/messages/${id}${path}`, body, { "Idempotency-Key": key }),
    );
    const isDeleted = method === "DELETE" && path === "";
    const now = isDeleted ? deletion({ seq, rev }) : this.#dialect.changed(answer, this.#me);
    this.apply(conversationId, now);
  }

  /**
   * Send a copy of a stored message, over REST. Resolves when it is stored.
   * @param {Message} message
   * @param {ConversationId} to
   * @throws {CallFailed} it was refused for good
   */
  async forward({ id }, to) {
    if (id === null) throw notStored();
    const body = this.#dialect.destination(to);
    await this.#reviser.change((key) =>
      this.#rest.call("POST", `/api/messages/${id}/forward`, body, { "Idempotency-Key": key }),
    );
  }

  /**
   * Pin a stored message, or unpin it. Resolves when it is done; the hub sends an event to all.
   * @param {Message} message
   * @param {boolean} isPinned
   * @throws {CallFailed} it was refused for good
   */
  async pin({ id, conversationId }, isPinned) {
    if (id === null) throw notStored();
    const path = `/api/channels/${conversationId}/pin/${id}`;
    const method = isPinned ? "POST" : "DELETE";
    await this.#reviser.change((key) =>
      this.#rest.call(method, path, undefined, { "Idempotency-Key": key }),
    );
  }

  /** Waiting changes can be tried. */
  async submit() {
    await this.#reviser.submit();
  }

  /** The log went back. */
  startOver() {
    this.#rereading.startOver();
  }
}
