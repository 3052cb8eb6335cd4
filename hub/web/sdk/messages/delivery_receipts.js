import { Status } from "./message.js";

/**
 * @import { ConversationId } from "../parlour.js"
 * @import { StoredMessage } from "./message.js"
 */

const DELAY_MS = 200; // messages that arrive within it share one receipt

/** Reports to authors that their messages arrived here: one receipt covers all earlier ones. */
export class DeliveryReceipts {
  #send;
  /** @type {Map<ConversationId, StoredMessage>} */
  #newest = new Map(); // of each conversation, the message to be acknowledged next
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(message: StoredMessage) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /** @param {StoredMessage} message of another user, that arrived */
  add(message) {
    if (message.status !== Status.SENT) return;
    this.#newest.set(message.conversationId, message);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const each of this.#newest.values()) this.#send(each);
      this.#newest.clear();
    }, DELAY_MS);
  }

  /** The connection is gone: they are sent with the next ones. */
  disconnected() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
