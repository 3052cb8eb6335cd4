/**
 * Sends what the outbox holds, in order, over the connection or over REST.
 *
 * What it promises: a message stays in the outbox until the hub confirms it or refuses it for good;
 * after a lost connection all unconfirmed ones are sent again from the first on, under their keys,
 * so each is stored once and in order.
 */

import { Connection, Reason } from "../connection/status.js";
import { CallFailed, statusOf } from "../errors.js";
import { pendingMessage } from "./message.js";

/**
 * @import { ClientEvents, ConversationId, Message, More } from "../parlour.js"
 * @import { ConnectionLoop } from "../connection/connection_loop.js"
 * @import { Frame } from "../dialects/dialect.d.ts"
 * @import { PendingMessage, StoredMessage } from "./message.js"
 * @import { Entry, Outbox } from "./outbox.js"
 * @import { Timelines } from "./timelines.js"
 *
 * @typedef {<Name extends keyof ClientEvents>(name: Name, detail: ClientEvents[Name]) => void} Emit
 */

const RETRYABLE = new Set(["unavailable", "lookup_failed", "rate_limited"]);

/**
 * The error with which a call was refused for good.
 * @param {unknown} error
 * @returns {CallFailed | null} null: the call is to be retried as soon as there is a server and a session
 */
export function refusal(error) {
  const mustWait = [0, 401].includes(statusOf(error) ?? 0);
  return error instanceof CallFailed && !mustWait && !RETRYABLE.has(error.code) ? error : null;
}

export class Sender {
  #outbox;
  #timelines;
  #connection;
  #toFrame;
  #emit;

  /**
   * @param {Outbox} outbox unsent messages of an earlier page are shown in their conversations at once
   * @param {Timelines} timelines
   * @param {ConnectionLoop} connection
   * @param {(entry: Entry) => Frame} toFrame
   * @param {Emit} emit dispatches an event of the client
   */
  constructor(outbox, timelines, connection, toFrame, emit) {
    this.#outbox = outbox;
    this.#timelines = timelines;
    this.#connection = connection;
    this.#toFrame = toFrame;
    this.#emit = emit;
    for (const entry of outbox.entries()) this.#show(entry);
  }

  /** How many messages wait to be confirmed. */
  get queued() {
    return this.#outbox.size;
  }

  /**
   * @param {ConversationId} conversationId
   * @param {string} content
   * @param {More} more
   * @returns {PendingMessage}
   */
  send(conversationId, content, more) {
    const entry = this.#outbox.put(conversationId, content, more);
    const message = this.#show(entry);
    this.#emit("message", { conversationId, message });
    this.#emitQueue();
    this.#submit(entry.key);
    return message;
  }

  /** @param {Message} message a failed one, to be forgotten */
  discard({ key, conversationId }) {
    if (key === null) return;
    this.#outbox.remove(key);
    this.#timelines.get(conversationId).removePending(key);
    this.#emit("changed", { conversationId, message: null });
  }

  /** The connection is live: send everything that is unconfirmed. */
  resubmit() {
    for (const { key } of this.#outbox.entries()) this.#submit(key);
  }

  /**
   * Send everything that is unconfirmed over REST, one after the other.
   * @param {(entry: Entry) => Promise<void>} post stores one and confirms it
   * @throws {CallFailed} the rest must wait: there is no server or session, or it is to be retried
   */
  async postAll(post) {
    for (const entry of this.#outbox.entries()) {
      if (entry.failure !== null) continue;
      try {
        // biome-ignore lint/performance/noAwaitInLoops: one after the other keeps the order
        await post(entry);
      } catch (error) {
        const refused = refusal(error);
        if (refused === null) throw error;
        this.#fail(entry.key, refused.message);
      }
    }
  }

  /**
   * A message was stored; if it is one of the outbox, it leaves it.
   * @param {StoredMessage} message
   * @returns {boolean} whether it was in the outbox
   */
  confirm({ key, conversationId }) {
    if (key === null || !this.#outbox.remove(key)) return false;
    this.#timelines.get(conversationId).removePending(key);
    this.#connection.replied(this.queued > 0);
    this.#emitQueue();
    return true;
  }

  /**
   * The hub did not store a message: it failed for good, or is sent again later.
   * @param {string} key
   * @param {string} code
   * @param {string} text why
   * @returns {boolean} whether it is in the outbox
   */
  refuse(key, code, text) {
    if (this.#outbox.get(key) === undefined) return false;
    this.#connection.replied(this.queued > 0);
    if (RETRYABLE.has(code)) {
      this.#connection.reconnectLater(Reason.BUSY); // and all are sent again from the first on: in order
    } else {
      this.#fail(key, text);
    }
    return true;
  }

  /**
   * @param {string} key
   * @param {string} text why
   */
  #fail(key, text) {
    const entry = this.#outbox.fail(key, text);
    if (entry === undefined) return;
    const message = this.#show(entry);
    this.#emit("changed", { conversationId: entry.conversationId, message });
    this.#emitQueue();
  }

  /** @param {string} key */
  #submit(key) {
    if (this.#connection.status !== Connection.ONLINE) return; // `resubmit` sends it in order
    const entry = this.#outbox.get(key);
    if (entry?.failure === null) this.#connection.request(this.#toFrame(entry));
  }

  /** @param {Entry} entry */
  #show(entry) {
    return this.#timelines.get(entry.conversationId).addPending(pendingMessage(entry));
  }

  #emitQueue() {
    this.#emit("queue", { queued: this.queued });
  }
}
