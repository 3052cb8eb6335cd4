/** Which thread of a conversation is open, beside it or over it. */

import { ThreadView } from "./thread_view.js";

/**
 * @import { Message } from "../../../sdk/parlour.js"
 * @import { Conversation } from "../conversation.js"
 * @import { Handlers as ThreadHandlers } from "./thread_view.js"
 *
 * @typedef {ThreadHandlers & Added} Handlers
 *
 * @typedef {object} Added
 * @property {() => void} onChanged replies have changed
 * @property {(root: Message | null) => void} onLeft a thread was closed; null: its first message is not known
 */

const OVER = matchMedia("(max-width: 1000px)"); // as threads.css has it

export class Threads {
  /** @type {ThreadView | null} */
  #open = null;
  #conversation;
  #handlers;
  #beside;
  #listening = new AbortController();

  /**
   * @param {Conversation} conversation
   * @param {Handlers} handlers
   * @param {HTMLElement} beside a part of the conversation
   */
  constructor(conversation, handlers, beside) {
    this.#conversation = conversation;
    this.#handlers = handlers;
    this.#beside = beside;
    const { signal } = this.#listening;
    conversation.client.addEventListener("reset", () => this.close(), { signal });
    conversation.client.addEventListener(
      "thread",
      ({ detail }) => detail.conversationId === conversation.id && handlers.onChanged(),
      { signal },
    );
  }

  /** Whether it covers the conversation. */
  get isOver() {
    return this.#open !== null && OVER.matches;
  }

  /** @param {Message} message any of the thread */
  open(message) {
    const id = message.rootId ?? message.id;
    if (this.#open?.rootId !== id) {
      this.close();
      this.#open = new ThreadView(this.#conversation, message, this.#handlers, () => this.#leave());
      this.#beside.parentElement?.append(this.#open.element);
      this.#beside.parentElement?.classList.add("beside");
    }
    void this.#open?.start();
  }

  close() {
    this.#open?.stop();
    this.#open?.element.remove();
    this.#open = null;
    this.#beside.parentElement?.classList.remove("beside");
  }

  stop() {
    this.#listening.abort();
    this.close();
  }

  /** @param {Message} message of the conversation that is new, or of one's own and stored or failed */
  messageChanged(message) {
    this.#open?.messageChanged(message);
  }

  changed() {
    this.#open?.changed();
  }

  /** Close it, and move the focus to where it came from. */
  #leave() {
    const { rootId } = this.#open ?? {};
    this.close();
    const { client, id } = this.#conversation;
    const root = client.messages(id).find((message) => message.id === rootId);
    this.#handlers.onLeft(root ?? null);
  }
}
