/**
 * Threads: the replies that messages show, and the threads that are loaded.
 *
 * What it promises: the latest information counts; a loaded thread has its first message and its newest
 * replies without a gap, and is updated when messages come, change or are hidden.
 */

import { one } from "./one.js";
import { Timeline } from "./timeline.js";

/**
 * @import { ConversationId, FollowedThread, Message, MessageStatus, UserId } from "../parlour.js"
 * @import { Rest } from "../connection/rest.js"
 * @import { Dialect } from "../dialects/dialect.d.ts"
 * @import { KnownNotes } from "../notes/known_notes.js"
 * @import { Replies, Revision, StoredMessage, Thread } from "./message.js"
 * @import { Emit } from "./sender.js"
 * @import { Timelines } from "./timelines.js"
 *
 * @typedef {object} Loaded a thread of which messages are known
 * @property {ConversationId} conversationId
 * @property {Timeline} timeline the first message, and replies
 * @property {string | null} next the path of the replies before them; null: there are none
 * @property {boolean} isStarted whether the newest are there
 * @property {readonly Message[]} shown what was returned last
 *
 * @typedef {object} Parts
 * @property {Timelines} timelines
 * @property {Dialect<any, any>} dialect
 * @property {Rest} rest
 * @property {Emit} emit
 * @property {KnownNotes} notes
 */

/** @type {readonly never[]} */
const NONE = Object.freeze([]);

export class Threads {
  #me;
  #timelines;
  #dialect;
  #rest;
  #emit;
  #notes;
  /** @type {Map<number, Loaded>} */
  #loaded = new Map(); // by the id of the first message
  #beginnings = 0; // how often the log went back

  /**
   * @param {UserId} me
   * @param {Parts} parts
   */
  constructor(me, { timelines, dialect, rest, emit, notes }) {
    this.#me = me;
    this.#timelines = timelines;
    this.#dialect = dialect;
    this.#rest = rest;
    this.#emit = emit;
    this.#notes = notes;
  }

  /**
   * The messages of a thread that are known, the first one first; then what is still being sent.
   * @param {Message} message any of them
   */
  messages(message) {
    const loaded = this.#loaded.get(rootOf(message));
    if (loaded === undefined) return NONE;
    const stored = loaded.timeline.all();
    const ids = new Set(stored.map(({ id }) => id));
    const all = this.#timelines.get(message.conversationId).all();
    const pending = all.filter(({ id, parentId }) => id === null && ids.has(parentId));
    const now = [...stored, ...pending];
    const { shown } = loaded;
    const isSame = now.length === shown.length && now.every((each, at) => each === shown[at]);
    if (!isSame) loaded.shown = Object.freeze(now);
    return loaded.shown;
  }

  /**
   * Load older replies, or at first the newest ones, the first message, and whether it is followed.
   * @param {Message} message of the thread
   * @param {number} limit how many replies at most
   * @returns {Promise<boolean>} whether there are more
   */
  async load(message, limit) {
    const { conversationId } = message;
    const rootId = rootOf(message);
    const loaded = this.#opened(conversationId, rootId);
    if (loaded.isStarted && loaded.next === null) return false;
    const beginnings = this.#beginnings;
    const first = `/api/messages/${rootId}/replies?order=newest&limit=${limit}`;
    const [page, root] = await Promise.all([
      this.#rest.page(loaded.next ?? first),
      loaded.isStarted ? null : this.#root(message),
    ]);
    if (beginnings !== this.#beginnings) return this.load(message, limit);
    const { replies } = /** @type {{ replies: unknown[] }} */ (/** @type {unknown} */ (page.items));
    const found = replies.map((each) => this.#dialect.changed(each, this.#me)).reverse();
    const shown = [...(root === null ? [] : [root]), ...found];
    loaded.timeline.addAll(shown.filter(({ id }) => !this.#notes.isHidden(id)));
    loaded.next = page.next;
    if (loaded.isStarted) return page.next !== null;
    loaded.isStarted = true;
    const newest = found[found.length - 1]?.thread;
    this.#set(conversationId, newest ?? { rootId, replyCount: 0, lastReply: null });
    await this.#learnFollowed(conversationId, rootId);
    return page.next !== null;
  }

  /**
   * Follow a thread, or cease to.
   * @param {Message} message of the thread
   * @param {boolean} isFollowed
   * @throws {CallFailed}
   */
  async follow(message, isFollowed) {
    const rootId = rootOf(message);
    const method = isFollowed ? "PUT" : "DELETE";
    await this.#rest.call(method, `/api/messages/${rootId}/follow`);
    this.#setFollowed(message.conversationId, rootId, isFollowed);
  }

  /**
   * All replies in a thread were read.
   * @param {Message} message of the thread
   * @throws {CallFailed}
   */
  async markRead(message) {
    const rootId = rootOf(message);
    await this.#rest.call("POST", `/api/messages/${rootId}/replies/read`);
    this.#changed(message.conversationId, rootId);
  }

  /**
   * A page of the threads that are followed, the newest first.
   * @param {string} query
   */
  async followed(query) {
    const { items, next } = await this.#rest.page(`/api/threads?${query}`);
    const page = /** @type {{ threads: unknown[] }} */ (/** @type {unknown} */ (items));
    const threads = page.threads.map((each) => this.#dialect.followed(each, this.#me));
    for (const { message } of threads) this.#setFollowed(message.conversationId, message.id, true);
    return { threads: threads.map(asFollowed), next };
  }

  /** @param {StoredMessage} message that came */
  received(message) {
    if (message.rootId === null) return;
    const { conversationId, rootId } = message;
    const loaded = this.#loaded.get(rootId);
    if (loaded?.isStarted) loaded.timeline.insert(message);
    this.told(conversationId, message.thread, loaded !== undefined);
    if (loaded?.isStarted && message.isMine && !loaded.timeline.first?.isFollowed) {
      void this.#learnFollowed(conversationId, rootId).catch(() => undefined); // it is retried with the next reply
    }
  }

  /**
   * A message was changed.
   * @param {ConversationId} conversationId
   * @param {Revision} revision
   */
  revised(conversationId, revision) {
    for (const [rootId, loaded] of this.#loaded) {
      const isHere = loaded.conversationId === conversationId;
      if (isHere && loaded.timeline.revise(revision)) this.#changed(conversationId, rootId);
    }
    this.told(conversationId, revision.thread ?? null);
  }

  /**
   * The state of a thread, from a reply.
   * @param {ConversationId} conversationId
   * @param {Thread | null} thread null: nothing
   * @param {boolean} [isChanged] whether a message of it was changed
   */
  told(conversationId, thread, isChanged = false) {
    if (thread !== null) this.#set(conversationId, thread, isChanged);
  }

  /**
   * A page of history was read again: the replies in it count, also if there are none.
   * @param {StoredMessage} message
   */
  shown({ conversationId, id: rootId, replyCount, lastReply }) {
    this.#set(conversationId, { rootId, replyCount, lastReply });
  }

  /**
   * An event reported a reply in a followed thread.
   * @param {ConversationId} conversationId
   * @param {Thread} thread
   */
  toldFollower(conversationId, thread) {
    this.#setFollowed(conversationId, thread.rootId, true);
    this.#set(conversationId, thread);
  }

  /**
   * @param {ConversationId} conversationId
   * @param {number} seq of a message that is hidden now
   */
  hide(conversationId, seq) {
    for (const [rootId, loaded] of this.#loaded) {
      const isHere = loaded.conversationId === conversationId;
      if (isHere && loaded.timeline.remove(seq)) this.#changed(conversationId, rootId);
    }
  }

  /** @param {StoredMessage} message that is shown again, and may be of a thread */
  show(message) {
    const rootId = message.rootId ?? message.id;
    const loaded = this.#loaded.get(rootId);
    if (!loaded?.isStarted) return;
    loaded.timeline.insert(message);
    this.#changed(message.conversationId, rootId);
  }

  /**
   * Own messages have reached this status.
   * @param {ConversationId} conversationId
   * @param {{ seq: number } | { id: number }} upTo
   * @param {MessageStatus} status
   */
  mark(conversationId, upTo, status) {
    for (const loaded of this.#loaded.values()) {
      if (loaded.conversationId === conversationId) loaded.timeline.mark(upTo, status);
    }
  }

  /** The log went back: what was loaded is not known any more. */
  startOver() {
    this.#beginnings += 1;
    this.#loaded.clear();
  }

  /**
   * @param {ConversationId} conversationId
   * @param {number} rootId
   */
  #opened(conversationId, rootId) {
    let loaded = this.#loaded.get(rootId);
    if (loaded === undefined) {
      const timeline = new Timeline();
      loaded = { conversationId, timeline, next: null, isStarted: false, shown: NONE };
      this.#loaded.set(rootId, loaded);
    }
    return loaded;
  }

  /**
   * The first message of a thread; null: it is hidden.
   * @param {Message} message of the thread
   */
  async #root(message) {
    const { conversationId } = message;
    const rootId = rootOf(message);
    const known = this.#timelines.get(conversationId).withId(rootId);
    if (known !== undefined) return known;
    return one(this.#dialect, this.#rest, this.#me, { conversationId, id: rootId });
  }

  /**
   * Look a thread up in the list of followed ones, which is sorted by their last replies: it is read as
   * far as this thread would be.
   * @param {ConversationId} conversationId
   * @param {number} rootId
   */
  async #learnFollowed(conversationId, rootId) {
    const root = this.#loaded.get(rootId)?.timeline.withId(rootId);
    const place = root?.lastReply?.id ?? rootId;
    /** @type {string | null} */
    let query = "limit=100";
    while (query !== null) {
      // biome-ignore lint/performance/noAwaitInLoops: each page says where the next one is
      const { threads, next } = await this.followed(query);
      if (threads.some(({ message }) => message.id === rootId)) return;
      const last = threads[threads.length - 1]?.message;
      const isPassed = (last?.lastReply?.id ?? last?.id ?? 0) < place;
      query = isPassed ? null : (next?.slice(next.indexOf("?") + 1) ?? null);
    }
    this.#setFollowed(conversationId, rootId, false);
  }

  /**
   * @param {ConversationId} conversationId
   * @param {number} rootId
   * @param {boolean} isFollowed
   */
  #setFollowed(conversationId, rootId, isFollowed) {
    if (this.#put(conversationId, rootId, { isFollowed })) this.#changed(conversationId, rootId);
  }

  /**
   * @param {ConversationId} conversationId
   * @param {Thread} thread
   * @param {boolean} [isChanged]
   */
  #set(conversationId, { rootId, replyCount, lastReply }, isChanged = false) {
    const isOther = this.#put(conversationId, rootId, { replyCount, lastReply });
    if (isOther || isChanged) this.#changed(conversationId, rootId);
  }

  /**
   * @param {ConversationId} conversationId
   * @param {number} rootId
   * @param {Partial<Replies>} replies
   */
  #put(conversationId, rootId, replies) {
    const loaded = this.#loaded.get(rootId)?.timeline;
    const isOther = this.#timelines.get(conversationId).setReplies(rootId, replies);
    return loaded?.setReplies(rootId, replies) || isOther;
  }

  /**
   * @param {ConversationId} conversationId
   * @param {number} rootId
   */
  #changed(conversationId, rootId) {
    this.#emit("thread", { conversationId, rootId });
  }
}

/**
 * The id of the first message of a thread.
 * @param {Message} message of the thread, which is stored
 */
function rootOf({ id, rootId }) {
  return rootId ?? id ?? 0;
}

/**
 * @param {FollowedThread & { message: StoredMessage }} thread
 * @returns {FollowedThread}
 */
function asFollowed({ message, unreadCount, readSeq }) {
  return { message: { ...message, isFollowed: true }, unreadCount, readSeq };
}
