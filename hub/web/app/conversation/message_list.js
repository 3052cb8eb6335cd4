/**
 * The messages of a conversation, oldest first. Older ones are loaded as one scrolls up, without a
 * jump of what is in view; at the end, it stays at the end.
 */

import { CallFailed } from "../../sdk/parlour.js";
import { day } from "../dom/dates.js";
import { h } from "../dom/elements.js";
import { bubble, lookOf } from "./bubble.js";

/**
 * @import { Message } from "../../sdk/parlour.js"
 * @import { Conversation } from "./conversation.js"
 *
 * @typedef {{ look: string, element: HTMLElement }} Drawn an element, and what it looks like
 */

const NEAR_PX = 120; // from an edge
const FIRST_PAGE = 30; // fewer known messages do not fill the view

export class MessageList {
  /** @readonly */
  element;
  #conversation;
  #onReply;
  #scroll;
  #jump;
  #hasOlder = true;
  #isLoading = false;
  #hasFailed = false; // to load older messages
  /** @type {Map<string, Drawn>} */
  #drawn = new Map(); // by key or id of a message
  #unread; // how many of the newest messages were not read when it was opened
  /** @type {number | null} */
  #firstUnread = null; // the seq of the first of them
  #wasAtEnd = true;
  #resized = new ResizeObserver(() => this.#wasAtEnd && this.scrollToEnd());

  /**
   * @param {Conversation} conversation
   * @param {(message: Message) => void} onReply
   */
  constructor(conversation, onReply) {
    this.#conversation = conversation;
    this.#onReply = onReply;
    this.#unread = conversation.unread;
    this.#jump = h(
      "button.jump",
      {
        type: "button",
        hidden: true,
        "aria-label": "To the newest messages",
        onclick: () => this.scrollToEnd(),
      },
      "↓",
    );
    this.#scroll = h("div.scroll", {
      role: "log",
      "aria-label": `Messages with ${conversation.name}`,
      tabindex: 0,
      onscroll: () => this.#scrolled(),
    });
    this.element = h("div.log", {}, this.#scroll, this.#jump);
  }

  /** Draw what is known, and load what fills the view. */
  async start() {
    this.#resized.observe(this.#scroll);
    this.draw();
    if (this.#messages().length < FIRST_PAGE) await this.#loadOlder();
    this.#markUnread();
    this.scrollToEnd();
  }

  stop() {
    this.#resized.disconnect();
  }

  /** @param {Message | null} message that is new or changed; null: one was discarded */
  changed(message) {
    const wasAtEnd = this.#isAtEnd();
    this.draw();
    if (wasAtEnd || message?.isMine) this.scrollToEnd();
  }

  /** @param {Message} message to be brought into view */
  show(message) {
    this.#drawn.get(nameOf(message))?.element.scrollIntoView({ block: "center" });
  }

  scrollToEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  draw() {
    const messages = this.#messages();
    const byId = new Map(messages.map((message) => [message.id, message]));
    const wanted = this.#notice(messages.length === 0);
    /** @type {Map<string, Drawn>} */
    const drawn = new Map();
    let lastDay = null;
    let author = null;
    for (const message of messages) {
      const date = day(message.at);
      if (date !== lastDay) {
        wanted.push(this.#kept(drawn, `day ${date}`, date, () => h("div.day", {}, date)));
        author = null;
      }
      lastDay = date;
      if (message.seq !== null && message.seq === this.#firstUnread) {
        wanted.push(this.#kept(drawn, "new", "", () => h("div.day.new", {}, "New messages")));
      }
      const quoted = byId.get(message.parentId) ?? null;
      const hasName = !message.isMine && message.authorName !== null && message.author !== author;
      author = message.author;
      const make = () => this.#bubble(message, quoted, hasName);
      wanted.push(this.#kept(drawn, nameOf(message), lookOf(message, quoted, hasName), make));
    }
    this.#drawn = drawn;
    reconcile(this.#scroll, wanted);
  }

  #messages() {
    return this.#conversation.client.messages(this.#conversation.id);
  }

  /** Where what was not read yet began, for as long as it is looked at. */
  #markUnread() {
    const theirs = this.#messages().filter((message) => !message.isMine);
    if (this.#unread === 0) return;
    this.#firstUnread = theirs[Math.max(0, theirs.length - this.#unread)]?.seq ?? null;
    this.draw();
  }

  async #loadOlder() {
    if (this.#isLoading || !this.#hasOlder) return;
    this.#isLoading = true;
    this.#hasFailed = false;
    this.draw();
    const fromEnd = this.#scroll.scrollHeight - this.#scroll.scrollTop;
    try {
      this.#hasOlder = await this.#conversation.client.loadOlder(this.#conversation.id);
    } catch (error) {
      const isFinal = error instanceof CallFailed && [403, 404].includes(error.status);
      this.#hasOlder = !isFinal;
      this.#hasFailed = !isFinal;
    }
    this.#isLoading = false;
    this.draw();
    this.#scroll.scrollTop = this.#scroll.scrollHeight - fromEnd; // what was in view stays
  }

  #scrolled() {
    this.#wasAtEnd = this.#isAtEnd();
    this.#jump.hidden = this.#wasAtEnd;
    if (this.#scroll.scrollTop < NEAR_PX * 4) void this.#loadOlder();
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    return scrollHeight - scrollTop - clientHeight < NEAR_PX;
  }

  /**
   * What stands above the messages, or instead of them.
   * @param {boolean} isEmpty
   * @returns {HTMLElement[]}
   */
  #notice(isEmpty) {
    if (this.#hasFailed) {
      const again = { type: "button", onclick: () => void this.#loadOlder() };
      const text = "Older messages could not be loaded. ";
      return [h("p.empty", {}, text, h("button.button", again, "Try again"))];
    }
    if (!isEmpty) return [];
    return [h("p.empty", {}, this.#isLoading ? "Loading…" : "No messages yet. Say hello.")];
  }

  /**
   * @param {Message} message
   * @param {Message | null} quoted
   * @param {boolean} hasName
   */
  #bubble(message, quoted, hasName) {
    const { client } = this.#conversation;
    return bubble(message, quoted, hasName, {
      address: (fileUrl) => client.fileAddress(fileUrl),
      onReply: () => this.#onReply(message),
      onRetry: () => client.retry(message),
      onDiscard: () => client.discard(message),
      onQuote: () => quoted !== null && this.show(quoted),
    });
  }

  /**
   * The element of before if it looks the same.
   * @param {Map<string, Drawn>} drawn
   * @param {string} name
   * @param {string} look
   * @param {() => HTMLElement} make
   */
  #kept(drawn, name, look, make) {
    const before = this.#drawn.get(name);
    const kept = before?.look === look ? before : { look, element: make() };
    drawn.set(name, kept);
    return kept.element;
  }
}

/** @param {Message} message */
function nameOf(message) {
  return message.key === null ? `id ${message.id}` : `key ${message.key}`;
}

/**
 * Make `parent` hold these children in this order, touching only what differs.
 * @param {HTMLElement} parent
 * @param {HTMLElement[]} wanted
 */
function reconcile(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) {
    if (!(child instanceof HTMLElement && keep.has(child))) child.remove();
  }
  let at = parent.firstChild;
  for (const child of wanted) {
    if (child === at) at = at.nextSibling;
    else parent.insertBefore(child, at);
  }
}
