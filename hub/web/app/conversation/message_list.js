/**
 * The messages of a conversation, oldest first. It opens where what is unread begins, and says so; at
 * the end it stays at the end; older ones are loaded as one scrolls up, and what is in view does not
 * jump.
 */

import { CallFailed } from "../../sdk/parlour.js";
import { day } from "../dom/dates.js";
import { h } from "../dom/elements.js";
import { KeyedElements, reconcile } from "../dom/keyed.js";
import { Redraw } from "../dom/redraw.js";
import { bubble, lookOf } from "./bubble.js";
import { ScrollAnchor } from "./scroll_anchor.js";
import { transcript } from "./transcript.js";

/**
 * @import { Message } from "../../sdk/parlour.js"
 * @import { Conversation } from "./conversation.js"
 *
 * @typedef {object} Handlers
 * @property {(message: Message) => void} onReply
 * @property {() => void} onScroll something else is in view
 * @property {() => void} onClosed nobody may see it any more
 */

const TOP_PX = 480; // nearer to it, older messages are loaded
const FIRST_PAGE = 30; // fewer known messages do not fill the view
const MAX_UNREAD = 500; // of more, the older ones are loaded as one scrolls up
const PAGE_SIZE = 100;
const DIVIDER = "unread";

export class MessageList {
  /** @readonly */
  element;
  #conversation;
  #handlers;
  #scroll;
  #anchor;
  #jump;
  #hasOlder = true;
  /** @type {Promise<void> | null} */
  #loading = null;
  #hasFailed = false; // to load older messages
  #isClosed = false;
  #drawn = new KeyedElements();
  #redraw = new Redraw(() => this.#draw());
  /** @type {number | null} */
  #firstUnread = null; // the seq of the first message that was unread; it stays when they were read
  #resized = new ResizeObserver(() => this.#anchor.restore(this.#unread));

  /**
   * @param {Conversation} conversation
   * @param {Handlers} handlers
   */
  constructor(conversation, handlers) {
    this.#conversation = conversation;
    this.#handlers = handlers;
    this.#jump = h("button.jump", {
      type: "button",
      hidden: true,
      onclick: () => this.scrollToEnd(),
    });
    this.#scroll = h("div.scroll", {
      role: "log",
      "aria-label": `Messages with ${conversation.name}`,
      tabindex: 0,
      onscroll: () => this.#scrolled(),
      onkeydown: (event) => this.#pressed(event),
      oncopy: (event) => this.#copied(event),
    });
    this.#anchor = new ScrollAnchor(this.#scroll);
    for (const name of ["load", "error"]) {
      // a picture has arrived or not, which does not bubble
      this.#scroll.addEventListener(name, () => this.#redraw.ask(), true);
    }
    this.element = h("div.log", {}, this.#scroll, this.#jump);
  }

  /** Whether the newest message is in view. */
  get isAtEnd() {
    return this.#anchor.isAtEnd;
  }

  /** Draw what is known, and load what fills the view and what is unread. */
  async start() {
    this.#resized.observe(this.#scroll);
    if (this.#conversation.unread > 0) this.#findUnread();
    this.#draw();
    const wanted = Math.min(this.#conversation.unread, MAX_UNREAD);
    if (this.#messages().length < FIRST_PAGE) await this.#loadOlder();
    while (this.#theirs().length < wanted && this.#hasOlder && !this.#hasFailed) {
      // biome-ignore lint/performance/noAwaitInLoops: one page comes before the other
      await this.#loadOlder();
    }
    this.#draw();
    this.#anchor.opened();
  }

  stop() {
    this.#redraw.stop();
    this.#resized.disconnect();
  }

  /** @param {Message | null} message that is new or changed; null: one was discarded */
  changed(message) {
    if (message?.isMine) {
      this.#redraw.now();
      this.scrollToEnd();
    } else this.#redraw.ask();
  }

  /** How far messages have come, or what is unread, has changed. */
  statusChanged() {
    this.#redraw.ask();
  }

  /** @param {number | null} seq of a message of somebody else that nobody has seen */
  unreadFrom(seq) {
    this.#firstUnread = seq;
  }

  /** @param {Message} message to be brought into view */
  show(message) {
    this.#drawn.get(nameOf(message))?.scrollIntoView({ block: "center" });
  }

  scrollToEnd() {
    this.#anchor.toEnd();
    this.#handlers.onScroll();
  }

  #draw() {
    const messages = this.#messages();
    const byId = new Map(messages.map((message) => [message.id, message]));
    const wanted = this.#notice(messages.length === 0);
    this.#drawn.begin();
    let lastDay = null;
    let author = null;
    for (const message of messages) {
      const date = day(message.at);
      if (date !== lastDay) {
        wanted.push(this.#drawn.element(`day ${date}`, "", () => h("div.day", {}, date)));
        author = null;
      }
      lastDay = date;
      if (message.seq !== null && message.seq === this.#firstUnread) {
        wanted.push(this.#drawn.element(DIVIDER, "", () => h("div.day.new", {}, "New messages")));
      }
      const quoted = byId.get(message.parentId) ?? null;
      const hasName = !message.isMine && message.authorName !== null && message.author !== author;
      author = message.author;
      const make = () => this.#bubble(message, quoted, hasName);
      wanted.push(this.#drawn.element(nameOf(message), lookOf(message, quoted, hasName), make));
    }
    this.#drawn.end();
    this.#anchor.scrolled();
    reconcile(this.#scroll, wanted);
    this.#anchor.restore(this.#unread);
    this.#drawJump();
    this.#handlers.onScroll();
  }

  /** The divider, as long as there is something unread below it. */
  get #unread() {
    return this.#conversation.unread > 0 ? this.#drawn.get(DIVIDER) : null;
  }

  #drawJump() {
    const { unread } = this.#conversation;
    const more = unread > 0 ? `, ${unread} unread` : "";
    this.#jump.hidden = this.#anchor.isAtEnd;
    this.#jump.textContent = unread > 0 ? `↓ ${unread}` : "↓";
    this.#jump.setAttribute("aria-label", `To the newest messages${more}`);
  }

  #messages() {
    return this.#conversation.client.messages(this.#conversation.id);
  }

  #theirs() {
    return this.#messages().filter((message) => !message.isMine);
  }

  async #loadOlder() {
    if (!this.#hasOlder) return;
    if (this.#loading === null) {
      this.#loading = this.#loadPage();
      this.#draw();
    }
    await this.#loading;
  }

  async #loadPage() {
    this.#hasFailed = false;
    const known = this.#theirs().length;
    try {
      const { client, id } = this.#conversation;
      this.#hasOlder = await client.loadOlder(id, PAGE_SIZE);
    } catch (error) {
      this.#isClosed = error instanceof CallFailed && [403, 404].includes(error.status);
      this.#hasOlder = !this.#isClosed;
      this.#hasFailed = !this.#isClosed;
      if (this.#isClosed) this.#handlers.onClosed();
    }
    this.#loading = null;
    if (known < this.#conversation.unread) this.#findUnread();
    this.#draw();
  }

  /** Where what is unread begins, among what is known. */
  #findUnread() {
    const theirs = this.#theirs();
    const first = theirs[Math.max(0, theirs.length - this.#conversation.unread)];
    this.#firstUnread = first?.seq ?? null;
  }

  #scrolled() {
    this.#anchor.scrolled();
    this.#drawJump();
    this.#handlers.onScroll();
    if (this.#scroll.scrollTop < TOP_PX) void this.#loadOlder();
  }

  /**
   * The arrows go from message to message, Enter replies.
   * @param {KeyboardEvent} event
   */
  #pressed(event) {
    const bubbles = this.#bubbles();
    const at = bubbles.findIndex((each) => each.matches(":focus"));
    if (at === -1 && event.target !== this.#scroll) return; // a link or a button of a message
    /** @type {HTMLButtonElement | null} */
    const reply = bubbles[at]?.querySelector("button.reply") ?? null;
    if (event.key === "Enter" && reply !== null) {
      event.preventDefault(); // or the key would come to the field that has the focus then
      reply.click();
    }
    const from = at === -1 ? bubbles.length : at;
    const places = new Map(Object.entries({ ArrowUp: from - 1, ArrowDown: from + 1 }));
    const next = bubbles[places.get(event.key) ?? -1];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }

  /**
   * Several messages are copied with the names of their authors.
   * @param {ClipboardEvent} event
   */
  #copied(event) {
    const selection = getSelection();
    const bubbles = this.#bubbles().filter((each) => selection?.containsNode(each, true));
    if (bubbles.length < 2 || event.clipboardData === null) return;
    const messages = new Map(this.#messages().map((each) => [this.#drawn.get(nameOf(each)), each]));
    const chosen = bubbles.map((each) => messages.get(each));
    event.clipboardData.setData("text/plain", transcript(chosen, this.#conversation));
    event.preventDefault();
  }

  #bubbles() {
    /** @type {NodeListOf<HTMLElement>} */
    const found = this.#scroll.querySelectorAll(":scope > .bubble");
    return [...found];
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
    if (!isEmpty || this.#isClosed) return [];
    return [h("p.empty", {}, this.#loading ? "Loading…" : "No messages yet. Say hello.")];
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
      onReply: () => this.#handlers.onReply(message),
      onRetry: () => client.retry(message),
      onDiscard: () => client.discard(message),
      onQuote: () => quoted !== null && this.show(quoted),
    });
  }
}

/** @param {Message} message */
function nameOf(message) {
  return message.key === null ? `id ${message.id}` : `key ${message.key}`;
}
