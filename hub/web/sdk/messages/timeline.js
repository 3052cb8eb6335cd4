/** The messages of one conversation that are known here. */

import { Kind, Status, UNANSWERED } from "./message.js";

/**
 * @import { Message, MessageStatus } from "../parlour.js"
 * @import { PendingMessage, Replies, Revision, StoredMessage } from "./message.js"
 */

/** @type {Record<MessageStatus, number>} */
const RANK = {
  [Status.FAILED]: 0,
  [Status.SENDING]: 0,
  [Status.SENT]: 0,
  [Status.DELIVERED]: 1,
  [Status.READ]: 2,
};

/**
 * The stored messages, by `seq`, each once; then those that are still being sent. A message that changes
 * becomes another object, and `all` another array.
 */
export class Timeline {
  /** The newest seq that came in its order: later messages may be known, with gaps between them. */
  reached = 0;
  /** @type {StoredMessage[]} */
  #stored = []; // by seq
  /** @type {Map<string, PendingMessage>} */
  #pending = new Map(); // by key
  /** @type {readonly Message[] | null} */
  #all = null; // made when it is read

  /** The oldest stored message that is known. */
  get first() {
    return this.#stored[0];
  }

  /** The newest one. */
  get last() {
    return this.#stored[this.#stored.length - 1];
  }

  all() {
    this.#all ??= Object.freeze([...this.#stored, ...this.#pending.values()]);
    return this.#all;
  }

  /**
   * @param {StoredMessage} message that came in its order
   * @returns {boolean} whether it was new
   */
  add(message) {
    this.reached = Math.max(this.reached, message.seq);
    return this.insert(message);
  }

  /**
   * @param {StoredMessage} message before which there may be others that have not come
   * @returns {boolean} whether it was new
   */
  insert(message) {
    let at = this.#stored.length; // it is mostly the newest
    while ((this.#stored[at - 1]?.seq ?? 0) >= message.seq) at -= 1;
    if (this.#stored[at]?.seq === message.seq) return false;
    this.#stored.splice(at, 0, message);
    this.#all = null;
    return true;
  }

  /**
   * A message was changed. A deleted one stays deleted; otherwise the highest `rev` counts, in whatever
   * order revisions come.
   * @param {Revision} revision
   * @returns {StoredMessage | null} the message as it is now; null: it is not known, or did not change
   */
  revise({ seq, rev, content, editedAt, isDeleted, isPinned, reactions, ...revision }) {
    const at = this.#indexOf(seq);
    const before = this.#stored[at];
    if (before === undefined || before.isDeleted) return null;
    if (rev <= before.rev && !isDeleted) return null;
    const left = isDeleted ? { kind: Kind.TEXT, fileUrl: null, ...UNANSWERED } : {};
    const { mentions, mentionsChannel } = revision;
    const state = { rev, content, editedAt, isDeleted, isPinned, reactions };
    const now = { ...state, mentions, mentionsChannel };
    const message = { ...before, ...now, ...left };
    this.#stored[at] = message;
    this.#all = null;
    return message;
  }

  /**
   * The replies to a message are known; this is no revision of the message.
   * @param {number} id
   * @param {Partial<Replies>} replies
   * @returns {boolean} whether that was not known before
   */
  setReplies(id, replies) {
    const at = this.#stored.findIndex((each) => each.id === id);
    const before = this.#stored[at];
    if (before === undefined || before.isDeleted) return false;
    const message = { ...before, ...replies };
    const { replyCount, lastReply, isFollowed } = message;
    const isSame = replyCount === before.replyCount && lastReply?.id === before.lastReply?.id;
    if (isSame && isFollowed === before.isFollowed) return false;
    this.#stored[at] = message;
    this.#all = null;
    return true;
  }

  /**
   * A message is no longer shown; its `seq` counts as known.
   * @param {number} seq
   * @returns {boolean} whether it was known
   */
  remove(seq) {
    const at = this.#indexOf(seq);
    if (at === -1) return false;
    this.#stored.splice(at, 1);
    this.#all = null;
    return true;
  }

  /**
   * A part of history was read again: messages that are missing in it were deleted.
   * @param {number} from the first seq of that part
   * @param {number} to the last one
   * @param {StoredMessage[]} messages that are there
   */
  missing(from, to, messages) {
    const there = new Set(messages.map(({ seq }) => seq));
    return this.#stored.filter(
      ({ seq, isDeleted }) => seq >= from && seq <= to && !isDeleted && !there.has(seq),
    );
  }

  /** @param {number} id */
  withId(id) {
    return this.#stored.find((message) => message.id === id);
  }

  /** @param {number} seq */
  has(seq) {
    return this.#indexOf(seq) !== -1;
  }

  /** @param {number} seq */
  #indexOf(seq) {
    let at = this.#stored.length - 1; // it is mostly one of the newest
    while ((this.#stored[at]?.seq ?? 0) > seq) at -= 1;
    return this.#stored[at]?.seq === seq ? at : -1;
  }

  /**
   * Whether nothing is missing between what is known and a page of history, which was asked for when
   * less was known.
   * @param {StoredMessage[]} messages
   */
  joins([first]) {
    return !(first && this.last && this.last.seq < first.seq - 1);
  }

  /** @param {StoredMessage[]} messages */
  addAll(messages) {
    for (const message of messages) {
      if (this.add(message)) continue;
      this.revise(message);
      const { id, replyCount, lastReply } = message;
      this.setReplies(id, { replyCount, lastReply });
    }
  }

  /** What is stored is not known any more. */
  forget() {
    this.#stored = [];
    this.#all = null;
    this.reached = 0;
  }

  /** @param {PendingMessage} message takes the place of an earlier one with its key */
  addPending(message) {
    this.#pending.set(message.key, message);
    this.#all = null;
    return message;
  }

  /** @param {string} key */
  removePending(key) {
    this.#pending.delete(key);
    this.#all = null;
  }

  /**
   * Own messages up to a `seq`, or up to the one with an `id`, have reached this status.
   * @param {{ seq: number } | { id: number }} upTo
   * @param {MessageStatus} status
   */
  mark(upTo, status) {
    /** @param {StoredMessage} message */
    const isLater = (message) => ("seq" in upTo ? message.seq > upTo.seq : message.id > upTo.id);
    for (let at = this.#stored.length - 1; at >= 0; at -= 1) {
      const message = this.#stored[at];
      if (message === undefined || isLater(message) || !message.isMine) continue;
      if (RANK[message.status] >= RANK[status]) return; // and so have those before it
      this.#stored[at] = { ...message, status };
      this.#all = null;
    }
  }
}
