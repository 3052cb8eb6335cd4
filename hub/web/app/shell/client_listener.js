/** Passes the clients' events about conversations on to the list, to the open view, and to notifications. */

import { ConversationView } from "../conversation/conversation_view.js";
import { keyOf } from "../conversation/conversation.js";
import { announce } from "../dom/feedback.js";
import { announceMessage, notifyMention } from "./arrival.js";

/**
 * @import { ClientEvents, ConversationId, Message } from "../../sdk/parlour.js"
 * @import { AnyClient } from "../conversation/conversation.js"
 * @import { Conversations } from "../conversation/conversations.js"
 * @import { View } from "./app_shell.js"
 *
 * @typedef {object} Page
 * @property {Conversations} conversations
 * @property {() => View | null} view what is open
 * @property {(key: string) => void} go
 */

export class ClientListener {
  #conversations;
  #view;
  #go;
  #signal;

  /**
   * @param {Page} page
   * @param {AbortSignal} signal ends it
   */
  constructor({ conversations, view, go }, signal) {
    this.#conversations = conversations;
    this.#view = view;
    this.#go = go;
    this.#signal = signal;
  }

  /** @param {AnyClient} client */
  listen(client) {
    this.on(client, "message", ({ message }) => this.#messageChanged(client, message));
    this.on(client, "mention", (detail) => {
      const unread = this.#conversations.mentioned(client, detail);
      notifyMention(unread, detail.content, this.#signal, this.#go);
    });
    this.on(client, "changed", (detail) => this.#messageRevised(client, detail));
    this.on(client, "delivered", ({ conversationId }) =>
      this.#viewOf(client, conversationId)?.statusChanged(),
    );
    this.on(client, "read", (detail) => {
      if (detail.isMine) void this.#conversations.readElsewhere(client, detail);
      this.#viewOf(client, detail.conversationId)?.statusChanged();
    });
    this.on(client, "noted", ({ conversationId, unreadFrom }) => {
      this.#viewOf(client, conversationId)?.noted(unreadFrom);
      void this.#conversations.noted(client, conversationId);
    });
    this.on(client, "typing", ({ conversationId, who, isTyping }) =>
      this.#viewOf(client, conversationId)?.typingChanged(who, isTyping),
    );
    this.on(client, "revoked", ({ conversationId }) => {
      this.#viewOf(client, conversationId)?.revoked();
      this.#conversations.revoked(keyOf(client, conversationId));
    });
    this.on(client, "problem", ({ text }) => announce(text));
  }

  /**
   * @template {keyof ClientEvents} Name
   * @param {AnyClient} client
   * @param {Name} name
   * @param {(detail: ClientEvents[Name]) => void} act
   */
  on(client, name, act) {
    client.addEventListener(name, ({ detail }) => act(detail), { signal: this.#signal });
  }

  /**
   * The view of a conversation, if that is what is open.
   * @param {AnyClient} client
   * @param {ConversationId} id
   */
  #viewOf(client, id) {
    const view = this.#view();
    return view instanceof ConversationView && view.key === keyOf(client, id) ? view : null;
  }

  /** @type {(client: AnyClient, message: Message) => void} */
  #messageChanged(client, message) {
    this.#viewOf(client, message.conversationId)?.messageChanged(message);
    const unread = this.#conversations.messageChanged(client, message);
    announceMessage(unread, message, this.#signal, this.#go);
  }

  /** @type {(client: AnyClient, detail: ClientEvents["changed"]) => void} also when an own message is stored */
  #messageRevised(client, { conversationId, message }) {
    const isSent = message !== null && message.rev === 0 && !message.isDeleted;
    if (isSent) return this.#messageChanged(client, message);
    this.#viewOf(client, conversationId)?.messageRevised();
    void this.#conversations.revised(client, conversationId, message?.isDeleted ?? true);
  }
}
