/**
 * A thread beside its conversation, or over it where there is no room: its first message, the replies,
 * and the composer.
 *
 * What it promises: replies count as read in the thread when the newest one is in view.
 */

import { isLooking, onLooking } from "../../dom/attention.js";
import { h, iconButton } from "../../dom/elements.js";
import { announce, confirmed, textOf } from "../../dom/feedback.js";
import { Attachments } from "../attachments.js";
import { Composer } from "../composer.js";
import { MessageList } from "../messages/list/message_list.js";
import { threadOf } from "./source.js";

/**
 * @import { Message } from "../../../sdk/parlour.js"
 * @import { Conversation } from "../conversation.js"
 * @import { Handlers as ListHandlers } from "../messages/list/message_list.js"
 *
 * @typedef {Pick<ListHandlers, "places" | "mayPin" | "onPin" | "onUnread" | "onHide">} Handlers
 */

export class ThreadView {
  /** @readonly */
  element;
  /** The id of its first message. */
  rootId;
  #conversation;
  #message;
  #onClose;
  #list;
  #composer;
  #follow;
  #readTo = 0; // the seq of the last reply that was marked read
  #isLoaded = false;
  #listening = new AbortController();

  /**
   * @param {Conversation} conversation
   * @param {Message} message any of the thread
   * @param {Handlers} handlers
   * @param {() => void} onClose
   */
  constructor(conversation, message, handlers, onClose) {
    const source = threadOf(conversation, message);
    this.rootId = source.rootId;
    this.#conversation = conversation;
    this.#message = message;
    this.#onClose = onClose;
    this.#composer = new Composer(
      conversation,
      {
        onFileSent: () => this.#list.scrollToEnd(),
        onQuote: (quoted) => this.#list.show(quoted),
      },
      { rootId: source.rootId, attachments: new Attachments(conversation) },
    );
    this.#list = new MessageList(
      conversation,
      {
        ...handlers,
        onReply: (parent) => this.#composer.replyTo(parent),
        onScroll: () => this.#markRead(),
        onClosed: () => this.#ended(),
      },
      source,
    );
    const onclick = () => void this.#change();
    this.#follow = h(
      "button.switch",
      { type: "button", role: "switch", "aria-label": "Follow", "aria-checked": "false", onclick },
      h("i"),
    );
    this.#follow.disabled = true;
    this.element = h(
      "section.thread",
      { "aria-label": "Thread", onkeydown: (event) => this.#pressed(event) },
      h(
        "header",
        {},
        h("h2.cut", {}, "Thread"),
        h("span", { "aria-hidden": "true" }, "Follow"),
        this.#follow,
        iconButton("close", "Close the thread", onClose),
      ),
      this.#list.element,
      this.#composer.element,
    );
  }

  async start() {
    onLooking(() => this.#markRead(), this.#listening.signal);
    this.#composer.start();
    await this.#list.start();
    this.#isLoaded = true;
    this.changed();
  }

  stop() {
    this.#listening.abort();
    this.#list.stop();
    this.#composer.stop();
  }

  /** @param {Message} message of the conversation that is new, or of one's own and stored or failed */
  messageChanged(message) {
    const isHere = this.#messages.some(({ seq, key }) =>
      seq === null ? key === message.key : seq === message.seq,
    );
    if (isHere) this.#list.changed(message);
    this.changed();
  }

  /** A message of the thread may have changed. */
  changed() {
    this.#list.revised();
    const [root] = this.#messages;
    if (root?.id !== this.rootId) return;
    this.#follow.disabled = root.isFollowed === null;
    this.#follow.setAttribute("aria-checked", String(root.isFollowed === true));
    if (root.isDeleted) this.#ended();
    this.#markRead();
  }

  get #messages() {
    return this.#conversation.client.thread(this.#message);
  }

  /** Its first message was deleted: replies are no longer possible. */
  #ended() {
    this.#composer.close(true);
    this.#follow.disabled = true;
    announce("This thread has ended: its first message was deleted.");
  }

  async #change() {
    const { client } = this.#conversation;
    const isFollowed = this.#follow.getAttribute("aria-checked") === "true";
    try {
      await (isFollowed
        ? client.unfollowThread(this.#message)
        : client.followThread(this.#message));
    } catch (error) {
      confirmed(textOf(error));
    }
  }

  #markRead() {
    const [root, ...replies] = this.#messages;
    const last = replies.reduce((seq, reply) => Math.max(seq, reply.seq ?? 0), 0);
    const isSeen = this.#isLoaded && this.#list.isAtEnd && isLooking();
    if (!(isSeen && root?.isFollowed) || last <= this.#readTo) return;
    const before = this.#readTo;
    this.#readTo = last;
    this.#conversation.client.markThreadRead(this.#message).catch(() => {
      this.#readTo = before; // it is marked with the next reply
    });
  }

  /**
   * Escape closes it, unless it ends something else.
   * @param {KeyboardEvent} event
   */
  #pressed(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    this.#onClose();
  }
}
