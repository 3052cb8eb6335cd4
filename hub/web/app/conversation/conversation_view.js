/**
 * An open conversation: its messages, typing indicators, and the composer.
 *
 * What it promises: messages count as read when the newest one is in view, in a window that has the
 * focus; until then they stay unread, here and for their authors.
 */

import { isLooking, onLooking } from "../dom/attention.js";
import { channelFace, face, h, paneHeader } from "../dom/elements.js";
import { announce } from "../dom/feedback.js";
import { plain } from "../dom/text.js";
import { PastView, sought } from "../finding/past_view.js";
import { Pins } from "../finding/pins.js";
import { Composer } from "./composer.js";
import { MessageList } from "./messages/list/message_list.js";
import { Notes } from "./notes.js";
import { RequestBar } from "./request_bar.js";
import { Threads } from "./thread/threads.js";

/**
 * @import { Message, UserId } from "../../sdk/parlour.js"
 * @import { Conversation } from "./conversation.js"
 *
 * @typedef {object} Handlers
 * @property {() => void} onBack
 * @property {() => void} onRead everything in it was seen
 * @property {() => readonly Conversation[]} places where messages may be forwarded, the latest first
 * @property {() => void} onDecided a message request was decided, or the person was blocked or unblocked
 */

export class ConversationView {
  /** @readonly */
  parts;
  #conversation;
  #onRead;
  #state = h("div.state.cut");
  #typing = h("div.typing", { "aria-live": "polite" });
  /** @type {Map<UserId | string, string>} */
  #typists = new Map(); // the names of the users who type
  #closed = ""; // why nothing can be sent here; empty: messages can be sent
  #isRevoked = false; // by the other user, who may undo it
  #isLoaded = false;
  #isUnmarked = true; // the hub does not know yet how far it was read
  #isKeptUnread = false; // the user has marked messages as unread
  #messages;
  #composer;
  #request;
  #pins;
  #notes;
  #threads;
  #started = Promise.resolve();
  /** @type {PastView | null} */
  #past = null; // shown in place of the newest messages
  #listening = new AbortController();

  /**
   * @param {Conversation} conversation
   * @param {Handlers} handlers
   */
  constructor(conversation, { onBack, onRead, places, onDecided }) {
    const { id, title, isChannel } = conversation;
    this.#conversation = conversation;
    this.#onRead = onRead;
    const actions = {
      places,
      mayPin: () => this.#pins.isAllowed,
      onPin: (/** @type {Message} */ message) => this.#pins.change(message),
      onUnread: (/** @type {Message} */ message) => this.#notes.markUnread(message),
      onHide: (/** @type {Message} */ message) => this.#notes.hide(message),
    };
    this.#messages = new MessageList(conversation, {
      ...actions,
      onReply: (message) => this.#composer.replyTo(message),
      onThread: (message) => this.#threads.open(message),
      onScroll: () => this.#markSeen(),
      onClosed: () => this.revoked(),
    });
    const onChanged = () => this.messageRevised();
    const onLeft = (/** @type {Message | null} */ root) => this.#leftThread(root);
    this.#threads = new Threads(
      conversation,
      { ...actions, onLeft, onChanged },
      this.#messages.element,
    );
    this.#pins = new Pins(conversation, (message) => this.goTo(message));
    this.#composer = new Composer(conversation, {
      onFileSent: () => this.#messages.scrollToEnd(),
      onQuote: (message) => this.#messages.show(message),
    });
    this.#request = new RequestBar(conversation, onDecided);
    const about = h("div.who", {}, h("h2.cut", {}, title), this.#state);
    this.#notes = new Notes(conversation, {
      onBlocked: (isBlocked) => {
        if (isBlocked) this.#close("You have blocked this person.");
        else this.#reopen();
        onDecided();
      },
    });
    this.parts = [
      paneHeader(
        onBack,
        isChannel ? channelFace() : face(title, id),
        about,
        this.#notes.sign,
        this.#notes.menu,
      ),
      this.#pins.element,
      this.#messages.element,
      this.#typing,
      this.#composer.element,
      this.#request.element,
    ];
  }

  get key() {
    return this.#conversation.key;
  }

  /** @param {Conversation} conversation */
  isOf(conversation) {
    return this.#conversation === conversation;
  }

  /** Whether a message that arrives now is seen at once. */
  get isSeen() {
    if (this.#isKeptUnread || this.#threads.isOver) return false;
    return this.#isLoaded && this.#past === null && this.#messages.isAtEnd && isLooking();
  }

  /** Settles when its first messages are shown. */
  get isStarted() {
    return this.#started;
  }

  start() {
    this.#started = this.#start();
    return this.#started;
  }

  async #start() {
    onLooking(() => this.#markSeen(), this.#listening.signal);
    this.stateChanged();
    this.#composer.start();
    void this.#pins.start(this.#listening.signal);
    await this.#messages.start();
    this.#isLoaded = true;
    this.#markSeen();
  }

  /**
   * Show a message where it stands: among the newest ones, or apart from them if it is not there.
   * @param {Message} message
   */
  goTo(message) {
    const { client, id } = this.#conversation;
    const known = client.messages(id).find((each) => each.id === message.id);
    this.#toNewest();
    if (known !== undefined) sought(this.#messages.show(known));
    else {
      this.#past = new PastView(this.#conversation, message, () => this.#toNewest());
      this.#messages.element.before(this.#past.element);
      this.#messages.element.hidden = true;
      void this.#past.start(this.#listening.signal);
    }
  }

  /** @param {Message} message the root of the thread */
  openThread(message) {
    this.#threads.open(message);
  }

  #toNewest() {
    if (this.#past === null) return;
    this.#past.element.remove();
    this.#past = null;
    this.#messages.element.hidden = false;
    this.#messages.scrollToEnd();
  }

  stop() {
    this.#listening.abort();
    this.#threads.stop();
    this.#messages.stop();
    this.#composer.stop();
  }

  /** @param {Message} message that is new, or of one's own and stored or failed */
  messageChanged(message) {
    this.#threads.messageChanged(message);
    if (message.isMine) {
      this.#isKeptUnread = false;
      this.#toNewest();
    } else {
      if (this.#isRevoked) this.#reopen();
      this.#isUnmarked = true;
      const isFirst = this.#conversation.unread === 0;
      if (this.#isLoaded && isFirst && !this.isSeen) this.#messages.unreadFrom(message.seq);
    }
    this.#messages.changed(message);
  }

  /** A message was edited, deleted, reacted to or discarded. */
  messageRevised() {
    this.#messages.revised();
    this.#threads.changed();
  }

  /**
   * The user's notes on it have changed, here or on another device.
   * @param {number | null} unreadFrom the seq from which on it counts as unread; null: it does not
   */
  noted(unreadFrom) {
    this.stateChanged();
    this.#isKeptUnread = unreadFrom !== null;
    if (unreadFrom === null) return;
    this.#isUnmarked = true;
    const { client, id } = this.#conversation;
    const isUnread = (/** @type {Message} */ { isMine, isDeleted, seq }) =>
      !(isMine || isDeleted) && (seq ?? 0) >= unreadFrom;
    this.#messages.unreadFrom(client.messages(id).find(isUnread)?.seq ?? null);
    this.#messages.statusChanged();
  }

  /** @param {Message | null} root of the thread that was closed, if it is known here */
  #leftThread(root) {
    const bubble = root === null ? null : this.#messages.show(root);
    if (bubble === null) this.#composer.replyTo(null);
    else bubble.focus({ preventScroll: true });
    this.#markSeen();
  }

  /** The delivery status of messages has changed. */
  statusChanged() {
    this.#messages.statusChanged();
    this.#threads.changed();
  }

  /** The other person's presence, or their message request, may have changed. */
  stateChanged() {
    const { workspace, isOnline, isRequest } = this.#conversation;
    const bar = this.#request.element;
    const isDecided = bar.contains(document.activeElement) && !isRequest;
    bar.hidden = !isRequest;
    this.#composer.element.hidden = isRequest;
    this.#notes.menu.hidden = isRequest;
    if (isDecided) this.#composer.replyTo(null); // this moves the focus to the composer
    const name = plain(workspace?.name ?? "");
    const states = [this.#notes.changed(), name || (isOnline ? "online" : "")];
    this.#state.textContent = this.#closed || states.filter((word) => word !== "").join(" · ");
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
    if (!this.#conversation.isRequest) this.#composer.attach(files);
  }

  /** The user may no longer see it. */
  revoked() {
    this.#isRevoked = this.#closed === "";
    this.#close("This conversation is closed.");
  }

  /** A message came, so the other user has opened it again. */
  #reopen() {
    this.#isRevoked = false;
    this.#closed = "";
    this.#composer.close(false);
    this.stateChanged();
  }

  /** @param {string} why */
  #close(why) {
    this.#closed ||= why;
    this.#composer.close(true);
    this.stateChanged();
    announce(this.#closed);
  }

  #markSeen() {
    if (!this.isSeen || !this.#isUnmarked) return;
    this.#isUnmarked = false;
    this.#onRead();
    const { client, id } = this.#conversation;
    client.markRead(id).catch(() => {
      this.#isUnmarked = true; // it is marked with the next message
    });
  }
}
