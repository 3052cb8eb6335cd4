/**
 * The messages of a conversation, oldest first. It opens where what is unread begins, and says so; at
 * the end it stays at the end; older ones are loaded as one scrolls up, and what is in view does not
 * jump. However many there are, those far from the view are not drawn.
 */

import { CallFailed } from "../../../sdk/parlour.js";
import { h, icon } from "../../dom/elements.js";
import { reconcile } from "../../dom/keyed.js";
import { Redraw } from "../../dom/redraw.js";
import { Drawing } from "./drawing.js";
import { MessageActions } from "./message_actions.js";
import { MessageChanges } from "./message_changes.js";
import { MessageWindow } from "./message_window.js";
import { ScrollAnchor } from "./scroll_anchor.js";
import { wholeOf } from "../thread/source.js";
import { copied } from "./transcript.js";

/**
 * @import { Message } from "../../../sdk/parlour.js"
 * @import { Conversation } from "../conversation.js"
 * @import { Handlers as DrawingHandlers } from "./drawing.js"
 * @import { Source } from "../thread/source.js"
 *
 * @typedef {object} Handlers
 * @property {(message: Message) => void} onReply
 * @property {(message: Message) => void} [onThread] its thread is wanted; none: it is one
 * @property {(message: Message) => void} onUnread it and what follows is to count as unread
 * @property {(message: Message) => void} onHide
 * @property {() => void} onScroll something else is in view
 * @property {() => void} onClosed nobody may see it any more
 * @property {() => readonly Conversation[]} places where messages may be forwarded
 * @property {() => boolean} mayPin
 * @property {(message: Message) => void} onPin it is to be pinned, or no more
 */

const TOP_PX = 480; // nearer to it, older messages are loaded
const FIRST_PAGE = 30; // fewer known messages do not fill the view
const MAX_UNREAD = 500; // of more, the older ones are loaded as one scrolls up
const PAGE_SIZE = 100;

export class MessageList {
  /** @readonly */
  element;
  #source;
  #handlers;
  #scroll;
  #anchor;
  #jump;
  #jumpCount = h("span");
  #actions;
  #drawing;
  #changes;
  #window = new MessageWindow();
  #hasOlder = true;
  /** @type {Promise<void> | null} */
  #loading = null;
  #hasFailed = false; // to load older messages
  #isClosed = false;
  #redraw = new Redraw(() => this.#drawHere());
  #resized = new ResizeObserver(() => this.#anchor.restore(this.#unread));

  /**
   * @param {Conversation} conversation
   * @param {Handlers} handlers
   * @param {Source} source
   */
  constructor(conversation, handlers, source = wholeOf(conversation)) {
    this.#source = source;
    this.#handlers = handlers;
    /** @type {DrawingHandlers} */
    const drawn = {
      onThread: handlers.onThread,
      onQuote: (message) => this.show(message),
      onReaction: (message, emoji, isMine) => this.#changes.react(message, emoji, !isMine),
    };
    this.#drawing = new Drawing(conversation, drawn, source.rootId);
    this.#changes = new MessageChanges(conversation, this.#drawing, {
      draw: () => this.#drawHere(),
      drawSoon: () => this.#redraw.ask(),
    });
    const jump = { type: "button", hidden: true, onclick: () => this.scrollToEnd() };
    this.#jump = h("button.jump", jump, icon("down"), this.#jumpCount);
    this.#scroll = h(`div.scroll${conversation.isChannel ? ".channel" : ""}`, {
      role: "log",
      "aria-label": source.label,
      tabindex: 0,
      onscroll: () => this.#scrolled(),
      onkeydown: (event) => this.#pressed(event),
      oncopy: (event) => copied(event, this.#bubbles(), this.#drawing, conversation),
    });
    this.#anchor = new ScrollAnchor(this.#scroll);
    this.#actions = new MessageActions(this.#scroll, {
      messageOf: (element) => this.#drawing.messageOf(element),
      ...handlers,
      onForward: (message) => this.#changes.forward(message, handlers.places()),
      onEdit: (message) => this.#changes.edit(message),
      onDelete: (message) => this.#changes.remove(message),
      onReact: (message, emoji) => this.#changes.react(message, emoji, true),
      nameOf: (id) => conversation.nameOf(id),
    });
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
    if (this.#source.unread() > 0) this.#findUnread();
    this.#drawHere();
    const wanted = Math.min(this.#source.unread(), MAX_UNREAD);
    if (this.#messages().length < FIRST_PAGE) await this.#loadOlder();
    while (this.#theirs().length < wanted && this.#hasOlder && !this.#hasFailed) {
      // biome-ignore lint/performance/noAwaitInLoops: one page comes before the other
      await this.#loadOlder();
    }
    this.#drawHere();
    this.#anchor.opened();
  }

  stop() {
    this.#actions.stop();
    this.#redraw.stop();
    this.#resized.disconnect();
  }

  /** @param {Message} message that is new, or of one's own and stored or failed */
  changed(message) {
    if (message.isMine) this.scrollToEnd();
    else this.#redraw.ask();
  }

  /** A message is another one now: what is in view stays there. */
  revised() {
    this.#redraw.ask();
  }

  /** How far messages have come, or what is unread, has changed. */
  statusChanged() {
    this.#redraw.ask();
  }

  /** @param {number | null} seq of a message of somebody else that nobody has seen */
  unreadFrom(seq) {
    this.#drawing.firstUnread = seq;
  }

  /**
   * @param {Message} message to be brought into view
   * @returns {HTMLElement | null} its bubble
   */
  show(message) {
    if (this.#drawing.bubbleOf(message) === null) this.#draw(message.seq);
    const bubble = this.#drawing.bubbleOf(message);
    bubble?.scrollIntoView({ block: "center" });
    this.#scrolled();
    return bubble;
  }

  scrollToEnd() {
    this.#redraw.stop();
    this.#draw(null);
    this.#anchor.toEnd();
    this.#drawJump();
    this.#handlers.onScroll();
  }

  /** Draw it around what is in view now. */
  #drawHere() {
    this.#anchor.scrolled();
    this.#draw(this.#inView());
  }

  /** @param {number | null} inView the seq of what is to be in view; null: the end */
  #draw(inView) {
    const all = this.#messages();
    const messages = this.#window.around(all, inView);
    const seen = this.#anchor.element && this.#drawing.messageOf(this.#anchor.element);
    const focus = this.#focus();
    const elements = this.#drawing.draw(messages, all);
    this.#anchor.isCut = !this.#window.hasEnd;
    reconcile(this.#scroll, [...this.#notice(all.length === 0), ...elements]);
    this.#keepFocus(focus);
    this.#changes.meet(messages);
    this.#anchor.restore(this.#unread, seen ? this.#drawing.bubbleOf(seen) : null);
    this.#drawJump();
    this.#handlers.onScroll();
  }

  /** What has the focus, and of which message it is a part. */
  #focus() {
    const { activeElement: element } = document;
    const bubble = element?.closest(".bubble") ?? null;
    return { element, message: bubble === null ? undefined : this.#drawing.messageOf(bubble) };
  }

  /**
   * Who is at a message that is drawn anew is there still, on the same button if there is one.
   * @param {{ element: Element | null, message: Message | undefined }} focus
   */
  #keepFocus({ element, message }) {
    if (!(element instanceof HTMLElement) || element.isConnected || message === undefined) return;
    const bubble = this.#drawing.bubbleOf(message);
    if (bubble === null) {
      this.#drawing.neighbourOf(message)?.focus({ preventScroll: true });
      return;
    }
    if (element.closest(".actions") !== null) this.#actions.moveTo(bubble);
    const { emoji } = element.dataset;
    const chips = [...bubble.querySelectorAll("button")];
    const chip =
      emoji === undefined ? undefined : chips.find((each) => each.dataset.emoji === emoji);
    (chip ?? (bubble.contains(element) ? element : bubble)).focus({ preventScroll: true });
  }

  /** The seq of the first message in view; null: the end is. */
  #inView() {
    const { element, isAtEnd, isOpening } = this.#anchor;
    if (isOpening && this.#source.unread() > 0) return this.#drawing.firstUnread;
    if (isAtEnd || element === null) return null;
    return this.#drawing.messageOf(element)?.seq ?? null;
  }

  /** The divider, as long as there is something unread below it. */
  get #unread() {
    return this.#source.unread() > 0 ? this.#drawing.divider : null;
  }

  #drawJump() {
    const unread = this.#source.unread();
    const more = unread > 0 ? `, ${unread} unread` : "";
    this.#jump.hidden = this.#anchor.isAtEnd;
    this.#jumpCount.textContent = unread > 0 ? String(unread) : "";
    this.#jump.setAttribute("aria-label", `To the newest messages${more}`);
  }

  #messages() {
    return this.#source.messages();
  }

  #theirs() {
    return this.#messages().filter(({ isMine, isDeleted }) => !(isMine || isDeleted));
  }

  async #loadOlder() {
    if (!this.#hasOlder) return;
    if (this.#loading === null) {
      this.#loading = this.#loadPage();
      this.#drawHere();
    }
    await this.#loading;
  }

  async #loadPage() {
    this.#hasFailed = false;
    const known = this.#theirs().length;
    try {
      this.#hasOlder = await this.#source.loadOlder(PAGE_SIZE);
    } catch (error) {
      this.#isClosed = error instanceof CallFailed && [403, 404].includes(error.status);
      this.#hasOlder = !this.#isClosed;
      this.#hasFailed = !this.#isClosed;
      if (this.#isClosed) this.#handlers.onClosed();
    }
    this.#loading = null;
    if (known < this.#source.unread()) this.#findUnread();
    this.#drawHere();
  }

  /** Where what is unread begins, among what is known. */
  #findUnread() {
    const theirs = this.#theirs();
    const first = theirs[Math.max(0, theirs.length - this.#source.unread())];
    this.#drawing.firstUnread = first?.seq ?? null;
  }

  #scrolled() {
    this.#anchor.scrolled();
    this.#drawJump();
    this.#handlers.onScroll();
    if (this.#window.isLeft(this.#messages(), this.#inView())) this.#redraw.ask();
    if (this.#scroll.scrollTop < TOP_PX && this.#window.hasStart) void this.#loadOlder();
  }

  /**
   * The arrows go from message to message, Enter replies.
   * @param {KeyboardEvent} event
   */
  #pressed(event) {
    const bubbles = this.#bubbles();
    const at = bubbles.findIndex((each) => each.matches(":focus"));
    if (at === -1 && event.target !== this.#scroll) return; // a link or a button of a message
    const message = bubbles[at] && this.#drawing.messageOf(bubbles[at]);
    if (event.key === "Enter" && message && message.id !== null && !message.isDeleted) {
      event.preventDefault(); // or the key would come to the field that has the focus then
      this.#handlers.onReply(message);
    }
    const from = at === -1 ? bubbles.length : at;
    const places = new Map(Object.entries({ ArrowUp: from - 1, ArrowDown: from + 1 }));
    const next = bubbles[places.get(event.key) ?? -1];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
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
}
