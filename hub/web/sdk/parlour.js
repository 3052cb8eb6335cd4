/**
 * A client for Parlour's private messages (`/ws` and its REST), for browsers and Node.
 *
 * What it promises: a message that `send` took is stored exactly once, in the order of sending, over
 * lost connections, reloads and restarts of the server, or its status says `failed`; every message
 * of others arrives once and in order of its `seq`. It needs nothing but `fetch` and `WebSocket`.
 *
 * Events (CustomEvent, data in `detail`): `status`, `message`, `changed`, `typing`, `presence`,
 * `read`, `revoked`, `queue`, `problem`. `for await (const event of client.events())` gives them too.
 */

import { Backoff } from "./backoff.js";
import { heard } from "./events.js";
import { Status, pending, stored } from "./message.js";
import { Outbox } from "./outbox.js";
import { CallFailed, Rest } from "./rest.js";
import { Timeline } from "./timeline.js";
import { Typing } from "./typing.js";

export { CallFailed, Status };

/** Where the connection is. */
export const Connection = Object.freeze({
  IDLE: "idle",
  CONNECTING: "connecting",
  ONLINE: "online",
  WAITING: "waiting",
  POLLING: "polling",
  SIGNED_OUT: "signed-out",
});

const SESSION_ENDED = 4001;
const RETRYABLE = new Set(["unavailable", "lookup_failed", "rate_limited"]);
const ANSWER_MS = 10_000; // a send without an answer for so long means that the connection is dead
const POLL_MS = 3_000;
const BLOCKED_AFTER = 3; // connections in a row that never opened, while REST answers
const EVENTS = [
  "status", "message", "changed", "typing", "presence", "read", "revoked", "queue", "problem",
];

export class ParlourClient extends EventTarget {
  #url;
  #WebSocket;
  #rest;
  #headers;
  #storage;
  #socket = null;
  #outbox = null;
  #timelines = new Map();
  #floor = new Map(); // by peer, the seq up to which nothing was missed: it is loaded when wanted
  #typing;
  #backoff;
  #timer = null;
  #deadline = null;
  #unopened = 0;
  #isResumed = false;
  #status = Connection.IDLE;
  #goOnline = () => this.#hurry();
  #me = null;

  /**
   * @param {object} options
   * @param {string} options.url the hub, by default where the page came from
   * @param {Storage} [options.storage] keeps unsent messages, by default localStorage
   * @param {object} [options.headers] sent with every request (Node: `Cookie`)
   * @param {Function} [options.WebSocket] constructor (url, { headers })
   * @param {Function} [options.fetch]
   * @param {() => number} [options.random] for the jitter between two attempts
   */
  constructor({
    url = globalThis.location?.origin,
    storage = defaultStorage(),
    headers = {},
    WebSocket = globalThis.WebSocket,
    fetch = globalThis.fetch.bind(globalThis),
    random = Math.random,
  } = {}) {
    super();
    this.#url = url.replace(/\/$/, "");
    this.#storage = storage;
    this.#headers = headers;
    this.#WebSocket = WebSocket;
    this.#rest = new Rest(this.#url, headers, fetch);
    this.#backoff = new Backoff(random);
    this.#typing = new Typing(
      (peer, isTyping) =>
        this.#say({ type: "typing_indicator", recipient_id: peer, is_typing: isTyping }),
      (peer, isTyping) => this.#tell("typing", { peer, isTyping }),
    );
  }

  /** Who is signed in; null before `connect`. */
  get me() {
    return this.#me;
  }

  /** One of `Connection`. */
  get status() {
    return this.#status;
  }

  /** How many messages wait to be confirmed. */
  get queued() {
    return this.#outbox === null ? 0 : this.#outbox.size;
  }

  /** The messages of a conversation that are known here, oldest first. */
  messages(peer) {
    return this.#timeline(peer).all();
  }

  /** Sign in; a cookie keeps the session. */
  async signIn(login, password) {
    return this.call("POST", "/api/auth/login", { email: login, password });
  }

  /** Make an account; see the hub's `/openapi.json` for its fields. */
  async signUp(account) {
    return this.call("POST", "/api/auth/register", account);
  }

  /** End the session, here and on the server. */
  async signOut() {
    this.close();
    try {
      await this.call("POST", "/api/auth/logout");
    } finally {
      this.#enter(Connection.SIGNED_OUT);
    }
  }

  /** Come online and stay so until `close`. Resolves when that was begun, not when it is done. */
  async connect() {
    this.#stopTimers();
    this.#enter(Connection.CONNECTING);
    try {
      const me = await this.call("GET", "/api/auth/session");
      if (this.#me?.id !== me.id) await this.#become(me);
    } catch (error) {
      if (error.status === 401) this.#enter(Connection.SIGNED_OUT);
      else this.#again();
      return;
    }
    globalThis.addEventListener?.("online", this.#goOnline);
    if (this.#unopened >= BLOCKED_AFTER) await this.#poll();
    else this.#open();
  }

  /** Go offline. Unsent messages stay queued. */
  close() {
    globalThis.removeEventListener?.("online", this.#goOnline);
    this.#stopTimers();
    this.#drop();
    this.#enter(Connection.IDLE);
  }

  /**
   * Send a message, now or as soon as there is a connection.
   * @returns {object} the message, `status` SENDING; `changed` tells what becomes of it
   */
  send(peer, content) {
    const entry = this.#outbox.put(peer, content);
    const message = this.#timeline(peer).addPending(pending(entry));
    this.#typing.sent(peer);
    this.#tell("message", { peer, message });
    this.#tell("queue", { queued: this.queued });
    this.#submit(entry);
    return message;
  }

  /** Send a failed message again. */
  retry(message) {
    this.discard(message);
    return this.send(message.peer, message.content);
  }

  /** Forget a failed message. */
  discard(message) {
    this.#outbox.remove(message.key);
    this.#timeline(message.peer).removePending(message.key);
    this.#tell("changed", { peer: message.peer, message: null });
  }

  /** The user types to `peer`: told at most every few seconds, and its end too. */
  typing(peer) {
    this.#typing.typed(peer);
  }

  /** Everything of the other side was read. */
  async markRead(peer) {
    await this.call("PUT", `/api/messages/${peer}/read`);
  }

  /**
   * Load older messages of a conversation, or at first its newest ones.
   * @returns {boolean} whether there may be more
   */
  async loadOlder(peer, limit = 50) {
    const timeline = this.#timeline(peer);
    const first = timeline.firstSeq;
    if (first === 1) return false;
    const path =
      first === null
        ? `/api/messages/${peer}?limit=${limit}`
        : `/api/messages/${peer}?after_seq=${Math.max(0, first - 1 - limit)}&limit=${limit}`;
    const page = await this.call("GET", path);
    timeline.addAll(page.map((raw) => stored(raw, this.#me.id)));
    if (page.length && first === timeline.firstSeq) return false;
    return timeline.firstSeq !== null && timeline.firstSeq > 1;
  }

  /** The conversations, the latest first. */
  async conversations() {
    return this.call("GET", "/api/messages/conversations");
  }

  /** Who is online, as far as one may know. */
  async online() {
    return this.call("GET", "/api/users/online");
  }

  /**
   * Any call over REST, with the session.
   * @throws {CallFailed}
   */
  async call(method, path, body = undefined, headers = {}) {
    return this.#rest.call(method, path, body, headers);
  }

  /** Every event, in order, until `return` is called on the iterator. */
  events() {
    return heard(this, EVENTS);
  }

  // The connection.

  async #become(me) {
    const conversations = await this.conversations();
    this.#me = me;
    this.#timelines.clear();
    this.#floor = new Map(conversations.map(({ user, last_seq: seq }) => [user.id, seq]));
    this.#outbox = new Outbox(this.#storage, `parlour.outbox.${me.id}.`);
    for (const entry of this.#outbox.entries()) {
      this.#timeline(entry.peer).addPending(pending(entry));
    }
  }

  #open() {
    const address = `${this.#url.replace(/^http/, "ws")}/ws?resume`;
    const socket = new this.#WebSocket(address, ...this.#socketOptions());
    let wasOpen = false;
    this.#socket = socket;
    this.#isResumed = false;
    socket.onopen = () => {
      wasOpen = true;
      this.#unopened = 0;
      this.#resume();
    };
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#hear(JSON.parse(event.data));
    };
    socket.onerror = () => {};
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      this.#drop();
      if (!wasOpen) this.#unopened += 1;
      if (event.code === SESSION_ENDED) this.#enter(Connection.SIGNED_OUT);
      else this.#again();
    };
  }

  #socketOptions() {
    return Object.keys(this.#headers).length ? [{ headers: this.#headers }] : [];
  }

  #resume() {
    const after = Object.fromEntries(this.#floor);
    for (const [peer, timeline] of this.#timelines) {
      if (timeline.lastSeq) after[peer] = Math.max(timeline.lastSeq, after[peer] ?? 0);
    }
    this.#say({ type: "resume", after });
  }

  #again() {
    if (this.#status === Connection.IDLE) return;
    this.#enter(Connection.WAITING);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), this.#backoff.next());
  }

  #hurry() {
    if (this.#status !== Connection.WAITING) return;
    this.#backoff.reset();
    this.connect();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#isResumed = false;
    clearTimeout(this.#deadline);
    this.#deadline = null;
    this.#typing.reset();
    socket?.close();
  }

  #stopTimers() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  #enter(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#tell("status", { status });
  }

  #say(frame) {
    if (this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  // What is heard.

  #hear(frame) {
    switch (frame.type) {
      case "private_message":
        return this.#hearMessage(frame.message);
      case "resumed":
        return this.#hearResumed(frame);
      case "typing_indicator":
        return this.#typing.heard(frame.sender_id, frame.is_typing);
      case "user_online_status":
        return this.#tell("presence", { user: frame.user_id, isOnline: frame.is_online });
      case "messages_read":
        return this.#hearRead(frame);
      case "revoked":
        return this.#tell("revoked", { peer: frame.user_id });
      case "error":
        return this.#hearError(frame);
      default:
        return undefined; // a newer hub may say more
    }
  }

  #hearResumed(frame) {
    if (!frame.complete) {
      this.#resume(); // more was missed than is told at a time
      return;
    }
    this.#isResumed = true;
    this.#backoff.reset();
    this.#enter(Connection.ONLINE);
    for (const entry of this.#outbox.entries()) this.#submit(entry);
  }

  #hearMessage(raw) {
    const message = stored(raw, this.#me.id);
    const timeline = this.#timeline(message.peer);
    const confirmed = message.key !== null && this.#outbox.remove(message.key);
    if (confirmed) {
      timeline.removePending(message.key);
      this.#answered();
      this.#tell("queue", { queued: this.queued });
    }
    if (!timeline.add(message)) return;
    if (message.isMine === false) this.#typing.heard(message.peer, false);
    this.#tell(confirmed ? "changed" : "message", { peer: message.peer, message });
  }

  #hearRead({ reader_id: reader, sender_id: author, seq }) {
    const peer = reader === this.#me.id ? author : reader;
    if (author === this.#me.id) this.#timeline(peer).markRead(seq);
    this.#tell("read", { peer, seq, isMine: reader === this.#me.id });
  }

  #hearError({ code, message: text, client_id: key }) {
    const entry = key === undefined ? undefined : this.#outbox.get(key);
    if (entry === undefined) return this.#tell("problem", { code, text });
    this.#answered();
    return this.#refused(entry, code, text);
  }

  #refused(entry, code, text) {
    if (RETRYABLE.has(code)) {
      this.#drop(); // what is queued is sent again from its beginning, which keeps the order
      this.#again();
      return;
    }
    this.#outbox.fail(entry.key, text);
    const message = this.#timeline(entry.peer).addPending(pending(entry));
    this.#tell("changed", { peer: entry.peer, message });
    this.#tell("queue", { queued: this.queued });
  }

  // Sending.

  #submit(entry) {
    if (entry.failure !== null || this.#outbox.get(entry.key) === undefined) return;
    if (this.#status === Connection.POLLING) return;
    if (!this.#isResumed) return; // `#hearResumed` sends everything in order
    const frame = {
      type: "private_message",
      recipient_id: entry.peer,
      content: entry.content,
      client_id: entry.key,
    };
    if (this.#say(frame)) this.#expectAnswer();
  }

  #expectAnswer() {
    if (this.#deadline !== null) return;
    this.#deadline = setTimeout(() => {
      this.#deadline = null;
      if (this.queued === 0) return;
      this.#drop();
      this.#again();
    }, ANSWER_MS);
  }

  #answered() {
    clearTimeout(this.#deadline);
    this.#deadline = null;
    if (this.queued > 0) this.#expectAnswer();
  }

  // Where WebSockets are blocked.

  async #poll() {
    this.#enter(Connection.POLLING);
    try {
      for (const entry of this.#outbox.entries()) await this.#post(entry);
      for (const { user, last_message_time: time } of await this.conversations()) {
        await this.#pollConversation(user.id, time);
      }
    } catch (error) {
      if (error.status === 401) return this.#enter(Connection.SIGNED_OUT);
      if (error.status === 0) return this.#again();
    }
    if (this.#status === Connection.POLLING) {
      this.#timer = setTimeout(() => this.#poll(), POLL_MS);
    }
    return undefined;
  }

  async #pollConversation(peer, time) {
    const timeline = this.#timeline(peer);
    if (timeline.lastTime === time) return;
    const page = await this.call(
      "GET",
      timeline.lastSeq
        ? `/api/messages/${peer}?after_seq=${timeline.lastSeq}&limit=100`
        : `/api/messages/${peer}?limit=50`,
    );
    for (const raw of page) this.#hearMessage(raw);
  }

  async #post(entry) {
    if (entry.failure !== null) return;
    try {
      const body = { content: entry.content };
      const key = { "Idempotency-Key": entry.key };
      const raw = await this.call("POST", `/api/messages/${entry.peer}`, body, key);
      this.#hearMessage({ ...raw, client_id: entry.key });
    } catch (error) {
      if (error.status === 0 || error.status === 401 || RETRYABLE.has(error.code)) throw error;
      this.#refused(entry, error.code, error.message);
    }
  }

  // Messages.

  #timeline(peer) {
    let timeline = this.#timelines.get(peer);
    if (timeline === undefined) {
      timeline = new Timeline();
      this.#timelines.set(peer, timeline);
    }
    return timeline;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function defaultStorage() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // a page may be denied it
  }
}
