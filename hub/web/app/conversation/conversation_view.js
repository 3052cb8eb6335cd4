/** An open conversation: its messages, who types, and where one writes. */

import { channelFace, face, h, paneHeader } from "../dom/elements.js";
import { announce } from "../dom/feedback.js";
import { plain } from "../dom/text.js";
import { Composer } from "./composer.js";
import { MessageList } from "./message_list.js";

/**
 * @import { Message, UserId } from "../../sdk/parlour.js"
 * @import { Conversation } from "./conversation.js"
 *
 * @typedef {object} Handlers
 * @property {() => void} onBack
 * @property {() => void} onRead everything in it was seen
 */

export class ConversationView {
  /** @readonly */
  parts;
  #conversation;
  #onRead;
  #state = h("div.state");
  #typing = h("div.typing", { "aria-live": "polite" });
  /** @type {Map<UserId | string, string>} */
  #typists = new Map(); // what each of those who type is called
  #isRevoked = false;
  #messages;
  #composer;
  #seen = () => this.#markSeen();

  /**
   * @param {Conversation} conversation
   * @param {Handlers} handlers
   */
  constructor(conversation, { onBack, onRead }) {
    const { title, isChannel } = conversation;
    this.#conversation = conversation;
    this.#onRead = onRead;
    this.#messages = new MessageList(conversation, (message) => this.#composer.replyTo(message));
    this.#composer = new Composer(conversation, {
      onFileSent: () => this.#messages.scrollToEnd(),
      onQuote: (message) => this.#messages.show(message),
    });
    const about = h("div.who", {}, h("h2", {}, title), this.#state);
    this.parts = [
      paneHeader(onBack, isChannel ? channelFace() : face(title), about),
      this.#messages.element,
      this.#typing,
      this.#composer.element,
    ];
  }

  get key() {
    return this.#conversation.key;
  }

  async start() {
    document.addEventListener("visibilitychange", this.#seen);
    this.stateChanged();
    this.#composer.start();
    await this.#messages.start();
    this.#markSeen();
  }

  stop() {
    document.removeEventListener("visibilitychange", this.#seen);
    this.#messages.stop();
    this.#composer.stop();
  }

  /** @param {Message | null} message that is new or changed; null: one was discarded */
  messageChanged(message) {
    this.#messages.changed(message);
    if (message !== null && !message.isMine) this.#markSeen();
  }

  /** How far messages have come has changed. */
  statusChanged() {
    this.#messages.draw();
  }

  /** Whether the other person is online may have changed. */
  stateChanged() {
    const { workspace, isOnline } = this.#conversation;
    if (this.#isRevoked) this.#state.textContent = "This conversation is closed.";
    else this.#state.textContent = workspace?.name ?? (isOnline ? "online" : "");
  }

  /**
   * @param {UserId | string} who
   * @param {boolean} isTyping
   */
  typingChanged(who, isTyping) {
    const { isChannel, title } = this.#conversation;
    if (isTyping) this.#typists.set(who, isChannel ? plain(String(who)) : title);
    else this.#typists.delete(who);
    const names = [...this.#typists.values()];
    const dots = h("span.dots", { "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    const words = `${names.join(", ")} ${names.length > 1 ? "are" : "is"} typing…`;
    this.#typing.replaceChildren(...(names.length > 0 ? [dots, words] : []));
  }

  /** @param {Iterable<File>} files that were dropped here */
  attach(files) {
    this.#composer.attach(files);
  }

  /** The user may not see it any more. */
  revoked() {
    this.#isRevoked = true;
    this.#composer.disable();
    this.stateChanged();
    announce("This conversation is closed.");
  }

  #markSeen() {
    if (document.hidden) return;
    this.#onRead();
    const { client, id } = this.#conversation;
    client.markRead(id).catch(() => undefined); // it is marked with the next one
  }
}
