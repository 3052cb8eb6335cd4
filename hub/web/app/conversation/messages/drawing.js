/**
 * Messages as elements, in groups by author and time, under their days. An element is kept as long as
 * its content stays the same.
 */

import { day } from "../../dom/dates.js";
import { h } from "../../dom/elements.js";
import { KeyedElements } from "../../dom/keyed.js";
import { bubble, lookOf } from "./bubble.js";

/**
 * @import { Message } from "../../../sdk/parlour.js"
 * @import { Conversation } from "../conversation.js"
 * @import { Surroundings } from "./bubble.js"
 *
 * @typedef {object} Handlers
 * @property {(message: Message) => void} onQuote shows a quoted message
 * @property {(message: Message, emoji: string, isMine: boolean) => void} onReaction a shown reaction was pressed
 * @property {(message: Message) => void} [onThread] shows its replies; absent where no thread can be opened
 */

const DIVIDER = "unread";
const GROUP_MS = 300_000; // after a longer pause a new group begins

export class Drawing {
  /** @type {number | null} */
  firstUnread = null; // the seq of the first message that was unread; it stays when they were read
  #conversation;
  #handlers;
  #rootId;
  /** @type {{ key: string, element: HTMLElement } | null} */
  #changing = null; // what stands in place of a message that is being changed
  #drawn = new KeyedElements();
  /** @type {Map<Element, Message>} */
  #shown = new Map(); // by their bubbles

  /**
   * @param {Conversation} conversation
   * @param {Handlers} handlers
   * @param {number | null} rootId the id of the first message, if all others reply to it
   */
  constructor(conversation, handlers, rootId = null) {
    this.#rootId = rootId;
    this.#conversation = conversation;
    this.#handlers = handlers;
  }

  /**
   * Show an element in place of a message, until `changed` is called.
   * @param {Message} message
   * @param {HTMLElement} element
   */
  change(message, element) {
    this.#changing = { key: elementKey(message), element };
  }

  changed() {
    this.#changing = null;
  }

  /** @param {Element} element a bubble */
  messageOf(element) {
    return this.#shown.get(element);
  }

  /** @param {Message} message */
  bubbleOf(message) {
    return this.#drawn.get(elementKey(message));
  }

  /**
   * The bubble after one that is not drawn any more, or else the one before it.
   * @param {Message} message
   */
  neighbourOf({ seq }) {
    const shown = [...this.#shown.values()];
    const next = shown.find((each) => each.seq === null || each.seq > (seq ?? 0));
    const neighbour = next ?? shown.pop();
    return neighbour === undefined ? null : this.bubbleOf(neighbour);
  }

  /** The divider before the first unread message. */
  get divider() {
    return this.#drawn.get(DIVIDER);
  }

  /**
   * @param {readonly Message[]} messages that are to be drawn
   * @param {readonly Message[]} all that are known
   */
  draw(messages, all) {
    const quotes = quotesOf(messages, all);
    const elements = [];
    /** @type {HTMLElement | null} */
    let previous = null; // the bubble that may be the last of its group
    this.#drawn.begin();
    this.#shown.clear();
    for (const [at, message] of messages.entries()) {
      const before = messages[at - 1];
      const isFirst = !this.#continues(message, before);
      const quoted = quotes.get(message.parentId) ?? null;
      const element = this.#bubble(message, quoted, isFirst);
      const hasOtherMark = message.isMine && message.status !== before?.status;
      previous?.classList.toggle("last", isFirst || hasOtherMark);
      element.classList.toggle("first", isFirst);
      previous = element;
      elements.push(...(isFirst ? this.#above(message, before) : []), element);
      this.#shown.set(element, message);
    }
    previous?.classList.add("last");
    this.#drawn.end();
    return elements;
  }

  /**
   * Whether a message belongs to the group of the one before.
   * @param {Message} message
   * @param {Message | undefined} before
   */
  #continues(message, before) {
    if (before === undefined || this.#isFirstUnread(message)) return false;
    const isSameAuthor = message.isMine ? before.isMine : message.author === before.author;
    const isSoon = Date.parse(message.at) - Date.parse(before.at) < GROUP_MS;
    return isSameAuthor && isSoon && day(message.at) === day(before.at);
  }

  /**
   * What stands above the first of a group.
   * @param {Message} message
   * @param {Message | undefined} before
   */
  #above(message, before) {
    const date = day(message.at);
    const isNewDay = before === undefined || day(before.at) !== date;
    const heading = () => h("div.day", {}, date);
    const divider = () => h("div.day.new", {}, "New messages");
    return [
      ...(isNewDay ? [this.#drawn.element(`day ${date}`, "", heading)] : []),
      ...(this.#isFirstUnread(message) ? [this.#drawn.element(DIVIDER, "", divider)] : []),
    ];
  }

  /** @param {Message} message */
  #isFirstUnread({ seq }) {
    return seq !== null && seq === this.firstUnread;
  }

  /**
   * @param {Message} message
   * @param {Message | null} quoted
   * @param {boolean} isFirst whether it is the first of its group
   */
  #bubble(message, quoted, isFirst) {
    const { client, isChannel } = this.#conversation;
    const key = elementKey(message);
    const changing = this.#changing?.key === key && !message.isDeleted ? this.#changing : null;
    if (changing !== null) return this.#drawn.element(key, "changing", () => changing.element);
    const nameOf = (/** @type {Message} */ each) => this.#conversation.authorOf(each);
    /** @type {Surroundings} */
    const surroundings = {
      quoted,
      quotedAuthor: quoted && nameOf(quoted),
      author: isFirst ? nameOf(message) : null,
      isAmongMany: isChannel,
      hasThreads: this.#handlers.onThread !== undefined,
      hasQuote: message.parentId !== null && message.parentId !== this.#rootId,
      me: client.me?.id ?? null,
      nameOf: (id) => this.#conversation.nameOf(id),
    };
    const make = () =>
      bubble(message, surroundings, {
        address: (fileUrl) => client.fileAddress(fileUrl),
        onRetry: () => client.retry(message),
        onDiscard: () => client.discard(message),
        onReaction: (emoji, isMine) => this.#handlers.onReaction(message, emoji, isMine),
        onThread: () => this.#handlers.onThread?.(message),
        onQuote: () => quoted !== null && this.#handlers.onQuote(quoted),
      });
    return this.#drawn.element(key, lookOf(message, surroundings), make);
  }
}

/**
 * The messages that these reply to, as far as they are known.
 * @param {readonly Message[]} messages
 * @param {readonly Message[]} all
 */
function quotesOf(messages, all) {
  const ids = messages.flatMap(({ parentId }) => (parentId === null ? [] : [parentId]));
  if (ids.length === 0) return new Map();
  const wanted = new Set(ids);
  const quoted = all.filter(({ id }) => id !== null && wanted.has(id));
  return new Map(quoted.map((message) => [message.id, message]));
}

/** @param {Message} message */
function elementKey(message) {
  return message.key === null ? `id ${message.id}` : `key ${message.key}`;
}
