/**
 * What every client of Parlour does, in every dialect: it stays connected, sends messages exactly once
 * and in order, catches up on what it missed, and pages through history.
 *
 * What it promises: a message that `send` took is stored exactly once, in the order of sending, over
 * lost connections, reloads and restarts of the server, or its status says `failed`; every message
 * of others arrives once and in order of its `seq`. It needs nothing but `fetch` and `WebSocket`.
 *
 * Events (CustomEvent, data in `detail`): `status`, `message`, `changed`, `typing`, `presence`,
 * `read`, `delivered`, `pinned`, `thread`, `noted`, `hidden`, `channels`, `invitations`, `revoked`, `request`, `announcement`, `queue`,
 * `problem`;
 * `for await (const event of client.events())` gives them too.
 */

import { Access } from "./connection/access.js";
import { addressOf } from "./connection/address.js";
import { Backoff } from "./connection/backoff.js";
import { ConnectionLoop } from "./connection/connection_loop.js";
import { Log } from "./connection/log.js";
import { Rest } from "./connection/rest.js";
import { Reason } from "./connection/status.js";
import { UsageError, notConnected } from "./errors.js";
import { eventStream } from "./event_stream.js";
import { Listing } from "./listing.js";
import { Outbox, defaultStorage } from "./messages/outbox.js";
import { Session } from "./session.js";

/**
 * @import { ClientEvents, ClientEventTarget, ConversationId, Message } from "./parlour.js"
 * @import { More, Options, Sending, Socket, StoredFile, UserId } from "./parlour.js"
 * @import { Dialect } from "./dialects/dialect.d.ts"
 */

const TypedEventTarget = /** @type {new () => ClientEventTarget} */ (EventTarget);

/** @type {ReadonlySet<keyof ClientEvents>} about what is in the list */
const LISTED = new Set([
  "message",
  "changed",
  "presence",
  "read",
  "revoked",
  "request",
  "mention",
  "noted",
  "hidden",
  "reset",
]);
const LISTED_MS = 5_000; // how long a list counts as new: some of its changes send no event

/** @type {readonly never[]} */
const NONE = Object.freeze([]);

/**
 * @template {{ id: UserId }} Me
 * @template Listed a conversation, as the hub lists them
 */
export class Client extends TypedEventTarget {
  #dialect;
  #url;
  #access;
  #log = new Log();
  #rest;
  #storage;
  #WebSocket;
  #connection;
  #changes = new EventTarget(); // an error in a listener affects neither the others nor this client
  /** @type {Session<Me, Listed> | null} */
  #session = null; // until the signed-in user is known
  /** @type {Listing<Listed> | null} */
  #listed = null; // begun by `connect`, while nothing has come since
  #listedUntil = 0;

  /**
   * @param {Dialect<Me, Listed>} dialect
   * @param {Options} [options]
   * @throws {UsageError} `no_url`, `no_websocket`
   */
  constructor(dialect, options = {}) {
    super();
    const { url, storage = defaultStorage(), reconnect, random } = options;
    const { WebSocket = globalThis.WebSocket, fetch = globalThis.fetch.bind(globalThis) } = options;
    if (WebSocket === undefined) {
      throw new UsageError(
        "no_websocket",
        "WebSocket is missing: pass one as the option `WebSocket`",
      );
    }
    this.#dialect = dialect;
    this.#url = addressOf(url);
    this.#storage = storage;
    this.#access = new Access(options);
    const restUrl = `${this.#url}/${dialect.restPrefix}`;
    const onOtherLog = () => this.#session?.startAnew();
    this.#rest = new Rest(restUrl, this.#access, fetch, this.#log, onOtherLog);
    this.#WebSocket = WebSocket;
    this.#connection = new ConnectionLoop(
      {
        authenticate: () => this.#authenticate(),
        poll: () => this.#signedIn.poll(),
        renew: () => this.#access.renew(),
        onState: (state) => this.#emit("status", state),
        onOpen: () => this.#signedIn.resume(),
        onFrame: (frame) => this.#signedIn.receive(frame),
        onClosed: () => this.#session?.disconnected(),
      },
      new Backoff(reconnect, random),
    );
  }

  /** The user who is signed in; null before `connect`. */
  get me() {
    return this.#session?.me ?? null;
  }

  /** One of `Connection`. */
  get status() {
    return this.#connection.status;
  }

  /** The same with its reason, and when the next attempt follows; one object until it changes. */
  get state() {
    return this.#connection.state;
  }

  /** How many messages wait to be confirmed. */
  get queued() {
    return this.#session?.sender.queued ?? 0;
  }

  /**
   * The messages of a conversation that are known here, oldest first: one array until they change.
   * @param {ConversationId} conversationId
   * @returns {readonly Message[]}
   */
  messages(conversationId) {
    return this.#session?.timelines.get(conversationId).all() ?? NONE;
  }

  /**
   * The users who type in a conversation: one array until it changes. In channels they are usernames.
   * @param {ConversationId} conversationId
   * @returns {readonly (UserId | string)[]}
   */
  typists(conversationId) {
    return this.#session?.typing.typists(conversationId) ?? NONE;
  }

  /**
   * Call `listener` whenever anything that can be read here may have changed; for stores and hooks.
   * @type {(listener: () => void) => () => void} returns a function that ends it
   */
  subscribe = (listener) => {
    const changed = () => listener();
    this.#changes.addEventListener("change", changed);
    return () => this.#changes.removeEventListener("change", changed);
  };

  /**
   * Sign in; a cookie keeps the session.
   * @param {string} login
   * @param {string} password
   */
  async signIn(login, password) {
    const credentials = this.#dialect.credentials(login, password);
    return /** @type {Me} */ (await this.call("POST", "/api/auth/login", credentials));
  }

  /** End the session, here and on the server. */
  async signOut() {
    this.close();
    try {
      await this.call("POST", "/api/auth/logout");
    } finally {
      this.#connection.signedOut(Reason.SIGNED_OUT);
    }
  }

  /** Connect and stay connected until `close`. Resolves when that has begun, not when it is done. */
  async connect() {
    await this.#connection.connect();
  }

  /** Go offline. Unsent messages stay queued. */
  close() {
    this.#connection.close();
  }

  /**
   * Send a message, now or as soon as there is a connection.
   * @param {ConversationId} conversationId
   * @param {string} content
   * @param {More} [more]
   * @returns {Message} the message, `status` SENDING; `changed` events follow it
   */
  send(conversationId, content, more = {}) {
    const { sender, typing } = this.#signedIn;
    typing.messageSent(conversationId);
    return sender.send(conversationId, content, more);
  }

  /**
   * Send a failed message again.
   * @param {Message} message
   */
  retry(message) {
    this.discard(message);
    const { kind, fileUrl, parentId } = message;
    return this.send(message.conversationId, message.content, { kind, fileUrl, parentId });
  }

  /**
   * Forget a failed message.
   * @param {Message} message
   */
  discard(message) {
    this.#signedIn.sender.discard(message);
  }

  /**
   * Store a file, to be sent with `send(conversationId, name, { kind, fileUrl })`.
   * @param {Blob} file
   * @param {string} [name] by default the file's own
   * @param {Sending} [sending]
   * @throws {CallFailed} and the signal's reason, if it is aborted
   */
  async upload(file, name, sending) {
    const form = new FormData();
    if (name === undefined) form.append("file", file);
    else form.append("file", file, name);
    const stored = await this.#rest.call("POST", "/api/upload", form, {}, sending);
    return /** @type {StoredFile} */ (stored);
  }

  /**
   * Where a message's file can be fetched by a page.
   * @param {string} fileUrl
   */
  fileAddress(fileUrl) {
    const isOurs = fileUrl.startsWith("/uploads/");
    return isOurs ? `${this.#url}/${this.#dialect.restPrefix}${fileUrl}` : fileUrl;
  }

  /**
   * The user types there: sent to the hub every 2 s at most, and so is the end.
   * @param {ConversationId} conversationId
   */
  typing(conversationId) {
    this.#signedIn.typing.keyPressed(conversationId);
  }

  /**
   * Mark all messages of others in a conversation as read.
   * @param {ConversationId} conversationId
   */
  async markRead(conversationId) {
    await this.#signedIn.markRead(conversationId);
  }

  /**
   * Load older messages of a conversation, or at first its newest ones.
   * @param {ConversationId} conversationId
   * @param {number} limit how many at most
   * @returns {Promise<boolean>} whether there may be more
   */
  async loadOlder(conversationId, limit = 50) {
    const hasMore = await this.#signedIn.history.loadOlder(conversationId, limit);
    this.#notify();
    return hasMore;
  }

  /**
   * Any call over REST, with the session.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {Record<string, string>} [headers]
   * @throws {CallFailed}
   */
  async call(method, path, body, headers = {}) {
    return this.#rest.call(method, path, body, headers);
  }

  /**
   * Whether new messages of this conversation arrive here.
   * @param {ConversationId} conversationId
   */
  isFollowing(conversationId) {
    return this.#session?.timelines.isFollowed(conversationId) ?? false;
  }

  /**
   * From now on messages of these conversations arrive here too, those after the given seqs.
   * @param {Map<ConversationId, number>} heads
   */
  follow(heads) {
    if (heads.size === 0) return;
    this.#signedIn.timelines.follow(heads);
    this.#signedIn.resume();
  }

  /**
   * The conversations, as the hub lists them: the list that `connect` got, while it is new.
   * @protected
   * @param {(part: Listed[]) => void} [onPart] is called with the first ones of a long list, and then with more
   */
  async list(onPart) {
    const listed = Date.now() < this.#listedUntil ? this.#listed : null;
    this.#listed = null;
    return (listed ?? this.#listing()).all(onPart);
  }

  /**
   * What REST calls outside of this class need.
   * @protected
   */
  get calls() {
    return { rest: this.#rest, dialect: this.#dialect, session: this.#signedIn };
  }

  /** Every event, in order, until `return` is called on the iterator. */
  events() {
    return eventStream(this);
  }

  get #signedIn() {
    if (this.#session === null) throw notConnected();
    return this.#session;
  }

  /**
   * Another user may have signed in since the last connection.
   * @returns {Promise<() => Promise<() => Socket>>} prepares a socket for the user who is signed
   *   in now, and returns a function that opens it
   */
  async #authenticate() {
    const isKnown = this.me !== null;
    const list = this.#listing();
    const [me] = await Promise.all([this.#dialect.me(this.#rest), isKnown ? null : list.some()]);
    if (this.me?.id !== me.id) {
      const listed = await list.some();
      if (this.me?.id !== me.id) this.#become(me, listed, list); // unless another `connect` was faster
    }
    const address = this.#url.replace(/^http/, "ws") + this.#dialect.path;
    return async () => {
      const more = await this.#access.socketArguments();
      return () => new this.#WebSocket(address, .../** @type {never[]} */ (more));
    };
  }

  /** @returns {Listing<Listed>} */
  #listing() {
    return new Listing(this.#rest, this.#dialect.listPath);
  }

  /**
   * @param {Me} me
   * @param {Listed[]} listed on the first page of the list
   * @param {Listing<Listed>} listing
   */
  #become(me, listed, listing) {
    const prefix = `parlour.outbox.${this.#dialect.name}.${me.id}.`;
    this.#listed = listing;
    this.#listedUntil = Date.now() + LISTED_MS;
    this.#session = new Session(me, listed, {
      listing,
      dialect: this.#dialect,
      rest: this.#rest,
      log: this.#log,
      connection: this.#connection,
      outbox: new Outbox(this.#storage, prefix),
      emit: (name, detail) => this.#emit(name, detail),
    });
    this.#notify();
  }

  /**
   * @template {keyof ClientEvents} Name
   * @param {Name} name
   * @param {ClientEvents[Name]} detail
   */
  #emit(name, detail) {
    if (LISTED.has(name)) this.#listed = null;
    this.dispatchEvent(new CustomEvent(name, { detail }));
    this.#notify();
  }

  #notify() {
    this.#changes.dispatchEvent(new Event("change"));
  }
}
