/**
 * What every client of Parlour does, whatever it speaks: it stays connected, sends what was written
 * exactly once and in order, catches up on what it missed, and pages through history.
 *
 * What it promises: a message that `send` took is stored exactly once, in the order of sending, over
 * lost connections, reloads and restarts of the server, or its status says `failed`; every message
 * of others arrives once and in order of its `seq`. It needs nothing but `fetch` and `WebSocket`.
 *
 * A *place* is where messages go: another person, or a channel; its id names it. What a dialect says
 * on the wire is its own matter (`private.js`, `channels.js`).
 *
 * Events (CustomEvent, data in `detail`): `status`, `message`, `changed`, `typing`, `presence`,
 * `read`, `delivered`, `revoked`, `queue`, `problem`; `for await (const event of client.events())`
 * gives them too.
 */

import { Backoff } from "./backoff.js";
import { Connection } from "./connection.js";
import { heard } from "./events.js";
import { Status, pending } from "./message.js";
import { Outbox, defaultStorage } from "./outbox.js";
import { Patience } from "./patience.js";
import { Rest } from "./rest.js";
import { Timeline } from "./timeline.js";
import { Typing } from "./typing.js";

const SESSION_ENDED = 4001;
const RETRYABLE = new Set(["unavailable", "lookup_failed", "rate_limited"]);
const POLL_MS = 3_000;
const BLOCKED_AFTER = 3; // connections in a row that never opened, while REST answers
const SHOWN_MS = 200; // so long several messages share the word that they were shown
const EVENTS = [
  "status",
  "message",
  "changed",
  "typing",
  "presence",
  "read",
  "delivered",
  "revoked",
  "queue",
  "problem",
];

export class Client extends EventTarget {
  #dialect;
  #url;
  #WebSocket;
  #rest;
  #headers;
  #storage;
  #socket = null;
  #outbox = null;
  #timelines = new Map();
  #floor = new Map(); // by place, the seq up to which nothing was missed: it is loaded when wanted
  #typing;
  #backoff;
  #timer = null;
  #patience = new Patience(
    () => this.#say({ type: "heartbeat" }),
    () => this.#lost(),
  );
  #unopened = 0;
  #isResumed = false;
  #status = Connection.IDLE;
  #goOnline = () => this.#hurry();
  #me = null;
  #shown = new Map(); // by place, the newest message of others that was shown, and nobody told so
  #shownTimer = null;

  /**
   * @param {object} dialect what is said on the wire
   * @param {object} options
   * @param {string} options.url the hub, by default where the page came from
   * @param {Storage} [options.storage] keeps unsent messages, by default localStorage
   * @param {object} [options.headers] sent with every request (Node: `Cookie`)
   * @param {Function} [options.WebSocket] constructor (url, { headers })
   * @param {Function} [options.fetch]
   * @param {() => number} [options.random] for the jitter between two attempts
   */
  constructor(
    dialect,
    {
      url = globalThis.location?.origin,
      storage = defaultStorage(),
      headers = {},
      WebSocket = globalThis.WebSocket,
      fetch = globalThis.fetch.bind(globalThis),
      random = Math.random,
    } = {},
  ) {
    super();
    this.#dialect = dialect;
    this.#url = url.replace(/\/$/, "");
    this.#storage = storage;
    this.#headers = headers;
    this.#WebSocket = WebSocket;
    this.#rest = new Rest(`${this.#url}/${dialect.surface}`, headers, fetch);
    this.#backoff = new Backoff(random);
    this.#typing = new Typing(
      (place, isTyping) => this.#say(dialect.typing(place, isTyping)),
      (place, who, isTyping) => this.#tell("typing", { place, who, isTyping }),
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

  /** The messages of a place that are known here, oldest first. */
  messages(place) {
    return this.#timeline(place).all();
  }

  /** Sign in; a cookie keeps the session. */
  async signIn(login, password) {
    return this.call("POST", "/api/auth/login", this.#dialect.credentials(login, password));
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
      const me = await this.#dialect.me(this.#rest);
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
   * @param {number} place
   * @param {string} content
   * @param {{ kind?: string, fileUrl?: string, parentId?: number }} [more]
   * @returns {object} the message, `status` SENDING; `changed` tells what becomes of it
   */
  send(place, content, more = {}) {
    const entry = this.#outbox.put(place, content, more);
    const message = this.#timeline(place).addPending(pending(entry));
    this.#typing.sent(place);
    this.#tell("message", { place, message });
    this.#tell("queue", { queued: this.queued });
    this.#submit(entry);
    return message;
  }

  /** Send a failed message again. */
  retry(message) {
    this.discard(message);
    const { kind, fileUrl, parentId } = message;
    return this.send(message.place, message.content, { kind, fileUrl, parentId });
  }

  /** Forget a failed message. */
  discard(message) {
    this.#outbox.remove(message.key);
    this.#timeline(message.place).removePending(message.key);
    this.#tell("changed", { place: message.place, message: null });
  }

  /**
   * Store a file, to be sent with `send(place, name, { kind, fileUrl })`.
   * @param {Blob} file
   * @returns {{ url: string, name: string, size: number, mimeType: string }}
   * @throws {CallFailed}
   */
  async upload(file, name = file.name) {
    const form = new FormData();
    form.append("file", file, name);
    return this.#rest.call("POST", "/api/upload", form);
  }

  /** Where a message's file can be fetched by a page. */
  fileAddress(fileUrl) {
    const isOurs = fileUrl.startsWith("/uploads/");
    return isOurs ? `${this.#url}/${this.#dialect.surface}${fileUrl}` : fileUrl;
  }

  /** The user types there: told at most every few seconds, and its end too. */
  typing(place) {
    this.#typing.typed(place);
  }

  /** Everything of the others there was read. */
  async markRead(place) {
    await this.#dialect.markRead(place, this.#timeline(place), this.#rest, (frame) =>
      this.#say(frame),
    );
  }

  /**
   * Load older messages of a place, or at first its newest ones.
   * @returns {boolean} whether there may be more
   */
  async loadOlder(place, limit = 50) {
    const timeline = this.#timeline(place);
    const first = timeline.first;
    if (first?.seq === 1) return false;
    const page = await this.#dialect.older(this.#rest, place, first, limit);
    timeline.addAll(page.map((raw) => this.#dialect.stored(raw, this.#me.id)));
    if (page.length === 0 || timeline.first === first) return false;
    return timeline.first.seq > 1;
  }

  /**
   * Any call over REST, with the session.
   * @throws {CallFailed}
   */
  async call(method, path, body = undefined, headers = {}) {
    return this.#rest.call(method, path, body, headers);
  }

  /** Whether messages of this place are told. */
  isFollowing(place) {
    return this.#floor.has(place);
  }

  /** From now on messages of this place are told too, those after `seq`. */
  follow(place, seq) {
    this.#floor.set(place, seq);
    if (this.#socket !== null) this.#resume();
  }

  /** Every event, in order, until `return` is called on the iterator. */
  events() {
    return heard(this, EVENTS);
  }

  // The connection.

  async #become(me) {
    const heads = await this.#dialect.heads(this.#rest);
    this.#me = me;
    this.#timelines.clear();
    this.#floor = heads;
    this.#outbox = new Outbox(this.#storage, `parlour.outbox.${this.#dialect.name}.${me.id}.`);
    for (const entry of this.#outbox.entries()) {
      this.#timeline(entry.place).addPending(pending(entry));
    }
  }

  #open() {
    const address = this.#url.replace(/^http/, "ws") + this.#dialect.path;
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
      if (socket !== this.#socket) return;
      this.#patience.heard();
      this.#hear(this.#dialect.hear(JSON.parse(event.data), this.#me.id));
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
    for (const [place, timeline] of this.#timelines) {
      if (timeline.last) after[place] = Math.max(timeline.last.seq, after[place] ?? 0);
    }
    this.#say({ type: "resume", after });
  }

  #lost() {
    this.#drop();
    this.#again();
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
    this.#patience.stop();
    clearTimeout(this.#shownTimer);
    this.#shownTimer = null;
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
    if (frame === null || this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  // What is heard.

  #hear(event) {
    switch (event?.kind) {
      case "message":
        return this.#hearMessage(event.message);
      case "resumed":
        return this.#hearResumed(event.complete);
      case "typing":
        return this.#typing.heard(event.place, event.who, event.isTyping);
      case "presence":
        return this.#tell("presence", { user: event.user, isOnline: event.isOnline });
      case "read":
        if (!event.isMine) this.#timeline(event.place).mark(event, Status.READ);
        return this.#tell("read", { place: event.place, isMine: event.isMine });
      case "delivered":
        this.#timeline(event.place).mark(event, Status.DELIVERED);
        return this.#tell("delivered", { place: event.place });
      case "revoked":
        return this.#tell("revoked", { place: event.place });
      case "error":
        return this.#hearError(event);
      default:
        return undefined; // a newer hub may say more
    }
  }

  #hearResumed(isComplete) {
    if (!isComplete) {
      this.#resume(); // more was missed than is told at a time
      return;
    }
    this.#isResumed = true;
    this.#backoff.reset();
    this.#enter(Connection.ONLINE);
    for (const entry of this.#outbox.entries()) this.#submit(entry);
  }

  #hearMessage(message) {
    const { place } = message;
    const timeline = this.#timeline(place);
    const confirmed = message.key !== null && this.#outbox.remove(message.key);
    if (confirmed) {
      timeline.removePending(message.key);
      this.#answered();
      this.#tell("queue", { queued: this.queued });
    }
    if (!timeline.add(message)) return;
    if (!message.isMine) {
      this.#typing.heard(place, message.author, false);
      this.#wasShown(message);
    }
    this.#tell(confirmed ? "changed" : "message", { place, message });
  }

  /** Its author may know that it arrived here. */
  #wasShown(message) {
    if (message.status !== Status.SENT) return;
    this.#shown.set(message.place, message);
    this.#shownTimer ??= setTimeout(() => {
      this.#shownTimer = null;
      for (const each of this.#shown.values()) this.#say(this.#dialect.shown(each));
      this.#shown.clear();
    }, SHOWN_MS);
  }

  #hearError({ code, text, key }) {
    const entry = key === null ? undefined : this.#outbox.get(key);
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
    const message = this.#timeline(entry.place).addPending(pending(entry));
    this.#tell("changed", { place: entry.place, message });
    this.#tell("queue", { queued: this.queued });
  }

  // Sending.

  #submit(entry) {
    if (entry.failure !== null || this.#outbox.get(entry.key) === undefined) return;
    if (this.#status === Connection.POLLING) return;
    if (!this.#isResumed) return; // `#hearResumed` sends everything in order
    if (this.#say(this.#dialect.frame(entry))) this.#patience.expect();
  }

  #answered() {
    this.#patience.answered(this.queued > 0);
  }

  // Where WebSockets are blocked.

  async #poll() {
    this.#enter(Connection.POLLING);
    try {
      for (const entry of this.#outbox.entries()) await this.#post(entry);
      for (const [place, newest] of await this.#dialect.heads(this.#rest)) {
        await this.#pollPlace(place, newest);
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

  async #pollPlace(place, newest) {
    const known = Math.max(this.#timeline(place).last?.seq ?? 0, this.#floor.get(place) ?? 0);
    if (newest <= known) return;
    for (const raw of await this.#dialect.newer(this.#rest, place, known, 100)) {
      this.#hearMessage(this.#dialect.stored(raw, this.#me.id));
    }
  }

  async #post(entry) {
    if (entry.failure !== null) return;
    try {
      const raw = await this.#dialect.post(this.#rest, entry);
      this.#hearMessage({ ...this.#dialect.stored(raw, this.#me.id), key: entry.key });
    } catch (error) {
      if (error.status === 0 || error.status === 401 || RETRYABLE.has(error.code)) throw error;
      this.#refused(entry, error.code, error.message);
    }
  }

  // Messages.

  #timeline(place) {
    let timeline = this.#timelines.get(place);
    if (timeline === undefined) {
      timeline = new Timeline();
      this.#timelines.set(place, timeline);
    }
    return timeline;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
