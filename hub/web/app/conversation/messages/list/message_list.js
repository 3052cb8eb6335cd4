/**
 * The messages of a conversation, oldest first. The list opens at the first unread message, below a
 * divider; at the end it stays at the end; older messages are loaded when the user scrolls up, and the
 * view does not jump. However many there are, those far from the view are not drawn.
 */

import { h, icon } from "../../../dom/elements.js";
import { reconcile } from "../../../dom/keyed.js";
import { Redraw } from "../../../dom/redraw.js";
import { onConnected } from "../../connected.js";
import { Drawing } from "../drawing.js";
import { MessageActions } from "../message_actions.js";
import { MessageChanges } from "../message_changes.js";
import { BubbleFocus } from "./bubble_focus.js";
import { MessageWindow } from "./message_window.js";
import { OlderMessages } from "./older_messages.js";
import { ScrollAnchor } from "./scroll_anchor.js";
import { wholeOf } from "../../thread/source.js";
import { copied } from "../transcript.js";

/**
 * @import { Message } from "../../../../sdk/parlour.js"
 * @import { Conversation } from "../../conversation.js"
 * @import { Handlers as DrawingHandlers } from "../drawing.js"
 * @import { Source } from "../../thread/source.js"
 *
 * @typedef {object} Handlers
 * @property {(message: Message) => void} onReply
 * @property {(message: Message) => void} [onThread] opens its thread; absent: the list is a thread
 * @property {(message: Message) => void} onUnread marks it and later messages as unread
 * @property {(message: Message) => void} onHide
 * @property {() => void} onScroll the view has moved
 * @property {() => void} onClosed the user may no longer see the messages
 * @property {() => readonly Conversation[]} places where messages may be forwarded
 * @property {() => boolean} mayPin
 * @property {(message: Message) => void} onPin pins it, or unpins it
 */

const TOP_PX = 480; // nearer to it, older messages are loaded
const FIRST_PAGE = 30; // fewer known messages do not fill the view
const MAX_UNREAD = 500; // of more, the older ones are loaded when the user scrolls up

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
  #focus;
  #older;
  #known = 0; // how many messages of others, when older ones were requested
  #redraw = new Redraw(() => this.#drawHere());
  #resized = new ResizeObserver(() => this.#anchor.restore(this.#unread));
  #client;
  #listening = new AbortController();

  /**
   * @param {Conversation} conversation
   * @param {Handlers} handlers
   * @param {Source} source
   */
  constructor(conversation, handlers, source = wholeOf(conversation)) {
    this.#source = source;
    this.#client = conversation.client;
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
      onkeydown: (event) => this.#focus.pressed(event),
      oncopy: (event) => copied(event, this.#focus.bubbles(), this.#drawing, conversation),
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
    this.#focus = new BubbleFocus(this.#scroll, this.#drawing, this.#actions, handlers.onReply);
    this.#older = new OlderMessages(source, {
      onBegun: () => this.#olderBegun(),
      onEnded: () => this.#olderEnded(),
      onClosed: handlers.onClosed,
    });
    for (const name of ["load", "error"]) {
      // a picture was loaded or failed: these events do not bubble
      this.#scroll.addEventListener(name, () => this.#redraw.ask(), true);
    }
    this.element = h("div.log", {}, this.#scroll, this.#jump);
  }

  /** Whether the newest message is in view. */
  get isAtEnd() {
    const isMissing = this.#older.hasFailed && this.#messages().length === 0;
    return this.#anchor.isAtEnd && !isMissing;
  }

  /** Draw the known messages, and load those that fill the view and the unread ones. */
  async start() {
    this.#resized.observe(this.#scroll);
    onConnected(this.#client, () => this.#older.connected(), this.#listening.signal);
    if (this.#source.unread() > 0) this.#findUnread();
    this.#drawHere();
    const wanted = Math.min(this.#source.unread(), MAX_UNREAD);
    if (this.#messages().length < FIRST_PAGE) await this.#older.load();
    while (this.#theirs().length < wanted && this.#older.canGoOn) {
      // biome-ignore lint/performance/noAwaitInLoops: one page comes before the other
      await this.#older.load();
    }
    this.#drawHere();
    this.#anchor.opened();
  }

  stop() {
    this.#listening.abort();
    this.#actions.stop();
    this.#redraw.stop();
    this.#resized.disconnect();
  }

  /** @param {Message} message that is new, or of one's own and stored or failed */
  changed(message) {
    if (message.isMine) this.scrollToEnd();
    else this.#redraw.ask();
  }

  /** A message was changed: the view stays in place. */
  revised() {
    this.#redraw.ask();
  }

  /** The delivery status of messages, or which are unread, has changed. */
  statusChanged() {
    this.#redraw.ask();
  }

  /** @param {number | null} seq of a message of another user that was not seen */
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

  /** @param {number | null} inView the seq of the message to be in view; null: the end */
  #draw(inView) {
    const all = this.#messages();
    const messages = this.#window.around(all, inView);
    const seen = this.#anchor.element && this.#drawing.messageOf(this.#anchor.element);
    const focus = this.#focus.now();
    const elements = this.#drawing.draw(messages, all);
    this.#anchor.isCut = !this.#window.hasEnd;
    reconcile(this.#scroll, [...this.#older.notice(all.length === 0), ...elements]);
    this.#focus.keep(focus);
    this.#changes.meet(messages);
    this.#anchor.restore(this.#unread, seen ? this.#drawing.bubbleOf(seen) : null);
    this.#drawJump();
    this.#handlers.onScroll();
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

  #olderBegun() {
    this.#known = this.#theirs().length;
    this.#drawHere();
  }

  #olderEnded() {
    if (this.#known < this.#source.unread()) this.#findUnread();
    this.#drawHere();
  }

  /** Find the first unread message among the known ones. */
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
    if (this.#scroll.scrollTop < TOP_PX && this.#window.hasStart) void this.#older.load();
  }
}
