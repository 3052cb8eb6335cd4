/** Typing in both directions: few frames are sent, and what is not renewed ends by itself. */

/** @import { ConversationId, UserId } from "../parlour.js" */

const DEBOUNCE_MS = 300; // of typing before a frame is sent
const RENEW_MS = 2_000;
const IDLE_MS = 2_500; // without a key, after which typing ends
const EXPIRY_MS = 4_000; // of another's typing that is not renewed
/** @type {readonly (UserId | string)[]} */
const NOBODY = Object.freeze([]);

/**
 * @typedef {ReturnType<typeof setTimeout>} Timer
 * @typedef {object} Mine
 * @property {number | null} sentAt when a frame was last sent, in ms; null: none yet
 * @property {Timer} [start]
 * @property {Timer} [end]
 *
 * @typedef {object} Theirs
 * @property {ConversationId} conversationId
 * @property {UserId | string} who
 * @property {Timer} timer
 */

export class Typing {
  #send;
  #notify;
  /** @type {Map<ConversationId, Mine>} */
  #mine = new Map();
  /** @type {Map<string, Theirs>} */
  #theirs = new Map();
  /** @type {Map<ConversationId, readonly (UserId | string)[]>} */
  #typists = new Map(); // of each conversation

  /**
   * @param {(conversationId: ConversationId, isTyping: boolean) => void} send to the hub
   * @param {(conversationId: ConversationId, who: UserId | string, isTyping: boolean) => void}
   *   notify the page
   */
  constructor(send, notify) {
    this.#send = send;
    this.#notify = notify;
  }

  /**
   * A key was pressed.
   * @param {ConversationId} conversationId
   */
  keyPressed(conversationId) {
    const mine = this.#mine.get(conversationId) ?? { sentAt: null };
    this.#mine.set(conversationId, mine);
    clearTimeout(mine.end);
    mine.end = setTimeout(() => this.#stop(conversationId, true), IDLE_MS);
    const now = Date.now();
    if (mine.sentAt === null) {
      mine.start ??= setTimeout(() => {
        mine.sentAt = Date.now();
        this.#send(conversationId, true);
      }, DEBOUNCE_MS);
    } else if (now - mine.sentAt >= RENEW_MS) {
      mine.sentAt = now;
      this.#send(conversationId, true);
    }
  }

  /**
   * A message was sent, which ends it for everybody.
   * @param {ConversationId} conversationId
   */
  messageSent(conversationId) {
    this.#stop(conversationId, false);
  }

  /**
   * Another user types, or has stopped.
   * @param {ConversationId} conversationId
   * @param {UserId | string} who
   * @param {boolean} isTyping
   */
  received(conversationId, who, isTyping) {
    const name = `${conversationId} ${who}`;
    const before = this.#theirs.get(name);
    clearTimeout(before?.timer);
    if (isTyping) {
      const timer = setTimeout(() => this.received(conversationId, who, false), EXPIRY_MS);
      this.#theirs.set(name, { conversationId, who, timer });
    } else if (!this.#theirs.delete(name)) return;
    if (before !== undefined && isTyping) return;
    const others = this.typists(conversationId).filter((each) => each !== who);
    this.#typists.set(conversationId, Object.freeze(isTyping ? [...others, who] : others));
    this.#notify(conversationId, who, isTyping);
  }

  /**
   * The other users who type in a conversation: one array until it changes.
   * @param {ConversationId} conversationId
   */
  typists(conversationId) {
    return this.#typists.get(conversationId) ?? NOBODY;
  }

  /** The connection is gone: nothing can be sent, and nothing will be received. */
  disconnected() {
    for (const conversationId of [...this.#mine.keys()]) this.#stop(conversationId, false);
    for (const { conversationId, who } of [...this.#theirs.values()]) {
      this.received(conversationId, who, false);
    }
  }

  /**
   * @param {ConversationId} conversationId
   * @param {boolean} isToBeSent whether the hub must know
   */
  #stop(conversationId, isToBeSent) {
    const mine = this.#mine.get(conversationId);
    if (mine === undefined) return;
    clearTimeout(mine.start);
    clearTimeout(mine.end);
    this.#mine.delete(conversationId);
    if (isToBeSent && mine.sentAt !== null) this.#send(conversationId, false);
  }
}
