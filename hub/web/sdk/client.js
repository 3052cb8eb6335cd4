/**
 * What every client of Parlour does, whatever dialect it speaks: it stays connected, sends what was
 * written exactly once and in order, catches up on what it missed, and pages through history.
 *
 * What it promises: a message that `send` took is stored exactly once, in the order of sending, over
 * lost connections, reloads and restarts of the server, or its status says `failed`; every message
 * of others arrives once and in order of its `seq`. It needs nothing but `fetch` and `WebSocket`.
 *
 * Events (CustomEvent, data in `detail`): `status`, `message`, `changed`, `typing`, `presence`,
 * `read`, `delivered`, `revoked`, `queue`, `problem`; `for await (const event of client.events())`
 * gives them too.
 */

import { ConnectionLoop } from "./connection/connection_loop.js";
import { Rest } from "./connection/rest.js";
import { eventStream } from "./event_stream.js";
import { Outbox, defaultStorage } from "./messages/outbox.js";
import { Session } from "./session.js";

/**
 * @import { ClientEvents, ClientEventTarget, ConversationId, Message } from "./parlour.js"
 * @import { More, Options, StoredFile, UserId } from "./parlour.js"
 * @import { Dialect } from "./dialects/dialect.d.ts"
 */

const TypedEventTarget = /** @type {new () => ClientEventTarget} */ (EventTarget);

/** @template {{ id: UserId }} Me */
export class Client extends TypedEventTarget {
  #dialect;
  #url;
  #rest;
  #storage;
  #connection;
  /** @type {Session<Me> | null} */
  #session = null; // until it is known who is signed in

  /**
   * @param {Dialect<Me>} dialect
   * @param {Options} [options]
   */
  constructor(dialect, options = {}) {
    super();
    const {
      url = globalThis.location?.origin ?? "",
      storage = defaultStorage(),
      headers = {},
      WebSocket = globalThis.WebSocket,
      fetch = globalThis.fetch.bind(globalThis),
      random = Math.random,
    } = options;
    this.#dialect = dialect;
    this.#url = url.replace(/\/$/, "");
    this.#storage = storage;
    this.#rest = new Rest(`${this.#url}/${dialect.restPrefix}`, headers, fetch);
    const address = this.#url.replace(/^http/, "ws") + dialect.path;
    const socketOptions = Object.keys(headers).length > 0 ? [{ headers }] : []; // browsers take none
    this.#connection = new ConnectionLoop(
      {
        openSocket: () => new WebSocket(address, .../** @type {never[]} */ (socketOptions)),
        authenticate: () => this.#authenticate(),
        poll: () => this.#signedIn.poll(),
        onStatus: (status) => this.#emit("status", { status }),
        onOpen: () => this.#signedIn.resume(),
        onFrame: (frame) => this.#signedIn.receive(frame),
        onClosed: () => this.#session?.disconnected(),
      },
      random,
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

  /** How many messages wait to be confirmed. */
  get queued() {
    return this.#session?.sender.queued ?? 0;
  }

  /**
   * The messages of a conversation that are known here, oldest first.
   * @param {ConversationId} conversationId
   * @returns {Message[]}
   */
  messages(conversationId) {
    return this.#session?.timelines.get(conversationId).all() ?? [];
  }

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
      this.#connection.signedOut();
    }
  }

  /** Come online and stay so until `close`. Resolves when that was begun, not when it is done. */
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
   * @throws {CallFailed}
   */
  async upload(file, name) {
    const form = new FormData();
    if (name === undefined) form.append("file", file);
    else form.append("file", file, name);
    return /** @type {StoredFile} */ (await this.call("POST", "/api/upload", form));
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
   * Everything of the others there was read.
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
    return this.#signedIn.loadOlder(conversationId, limit);
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
   * From now on messages of this conversation arrive here too, those after `seq`.
   * @param {ConversationId} conversationId
   * @param {number} seq
   */
  follow(conversationId, seq) {
    this.#signedIn.timelines.follow(conversationId, seq);
    this.#signedIn.resume();
  }

  /** Every event, in order, until `return` is called on the iterator. */
  events() {
    return eventStream(this);
  }

  get #signedIn() {
    if (this.#session === null) throw new Error("not signed in: `connect` comes first");
    return this.#session;
  }

  /** Another user may have signed in since the last connection. */
  async #authenticate() {
    const me = await this.#dialect.me(this.#rest);
    if (this.me?.id === me.id) return;
    const heads = await this.#dialect.heads(this.#rest);
    if (this.me?.id === me.id) return; // another call of `connect` was faster
    const prefix = `parlour.outbox.${this.#dialect.name}.${me.id}.`;
    this.#session = new Session(me, heads, {
      dialect: this.#dialect,
      rest: this.#rest,
      connection: this.#connection,
      outbox: new Outbox(this.#storage, prefix),
      emit: (name, detail) => this.#emit(name, detail),
    });
  }

  /**
   * @template {keyof ClientEvents} Name
   * @param {Name} name
   * @param {ClientEvents[Name]} detail
   */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
