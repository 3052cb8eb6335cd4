/**
 * Keeps a client connected: opens a WebSocket, notices that it is dead, and connects again after a
 * backoff. Where WebSockets never open although REST answers, it polls over REST.
 *
 * What it promises: at most one socket is in use; a frame of an older one is never handled; after
 * `close`, or once the session has ended, it does not connect again by itself. It must not know
 * what frames mean.
 */

import { Backoff } from "./backoff.js";
import { Liveness } from "./liveness.js";
import { statusOf } from "./rest.js";
import { Connection } from "./status.js";

/**
 * @import { ConnectionStatus, Socket } from "../parlour.js"
 *
 * @typedef {object} Handlers
 * @property {() => Socket} openSocket
 * @property {() => Promise<void>} authenticate finds out who is signed in
 * @property {() => Promise<void>} poll one round over REST
 * @property {(status: ConnectionStatus) => void} onStatus
 * @property {() => void} onOpen
 * @property {(frame: unknown) => void} onFrame
 * @property {() => void} onClosed called before the next attempt is scheduled
 */

const SESSION_ENDED = 4001;
const UNAUTHORIZED = 401;
const UNREACHABLE = 0;
const POLL_MS = 3_000;
const BLOCKED_AFTER = 3; // sockets in a row that never opened, while REST answers

export class ConnectionLoop {
  #handlers;
  #backoff;
  #liveness = new Liveness(
    () => this.send({ type: "heartbeat" }),
    () => this.reconnectLater(),
  );
  /** @type {ConnectionStatus} */
  #status = Connection.IDLE;
  /** @type {Socket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #attempt = 0; // counts calls of `connect` and `close`: an older call that still waits gives up
  #unopened = 0;
  #reconnectNow = () => {
    if (this.#status !== Connection.WAITING) return;
    this.#backoff.reset();
    void this.connect();
  };

  /**
   * @param {Handlers} handlers
   * @param {() => number} random from 0 to 1, for the jitter between two attempts
   */
  constructor(handlers, random) {
    this.#handlers = handlers;
    this.#backoff = new Backoff(random);
  }

  get status() {
    return this.#status;
  }

  get isOpen() {
    return this.#socket !== null;
  }

  /** Resolves when the socket is being opened, or the first round of polling was made. */
  async connect() {
    this.#attempt += 1;
    const attempt = this.#attempt;
    clearTimeout(this.#timer);
    this.#closeSocket();
    this.#enter(Connection.CONNECTING);
    try {
      await this.#handlers.authenticate();
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (statusOf(error) === UNAUTHORIZED) this.signedOut();
      else this.reconnectLater();
      return;
    }
    if (attempt !== this.#attempt) return;
    globalThis.addEventListener?.("online", this.#reconnectNow);
    if (this.#unopened >= BLOCKED_AFTER) await this.#poll();
    else this.#open();
  }

  close() {
    this.#attempt += 1;
    globalThis.removeEventListener?.("online", this.#reconnectNow);
    clearTimeout(this.#timer);
    this.#closeSocket();
    this.#enter(Connection.IDLE);
  }

  /** Leave this connection, if there is one, and connect again after the backoff. */
  reconnectLater() {
    this.#closeSocket();
    if (this.#status === Connection.IDLE) return;
    this.#enter(Connection.WAITING);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), this.#backoff.next());
  }

  /** Everything that was missed has arrived: from now on frames are live. */
  resumed() {
    this.#backoff.reset();
    this.#enter(Connection.ONLINE);
  }

  /** The session has ended: to connect again would be refused. */
  signedOut() {
    this.#enter(Connection.SIGNED_OUT);
  }

  /**
   * @param {object | null} frame null: nothing is to be sent
   * @returns {boolean} whether it was sent
   */
  send(frame) {
    if (frame === null || this.#socket?.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /**
   * Send a frame that the hub replies to: without a reply the connection is dead.
   * @param {object} frame
   */
  request(frame) {
    if (this.send(frame)) this.#liveness.expectReply();
  }

  /** @param {boolean} isMoreExpected whether replies to other requests are outstanding */
  replied(isMoreExpected) {
    this.#liveness.replied(isMoreExpected);
  }

  #open() {
    const socket = this.#handlers.openSocket();
    let wasOpen = false;
    this.#socket = socket;
    socket.onopen = () => {
      wasOpen = true;
      this.#unopened = 0;
      this.#handlers.onOpen();
    };
    socket.onmessage = (event) => {
      if (socket !== this.#socket) return;
      this.#liveness.received();
      this.#handlers.onFrame(JSON.parse(String(event.data)));
    };
    socket.onerror = () => undefined; // `onclose` follows
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      if (!wasOpen) this.#unopened += 1;
      if (event.code === SESSION_ENDED) {
        this.#closeSocket();
        this.signedOut();
      } else {
        this.reconnectLater();
      }
    };
  }

  async #poll() {
    this.#enter(Connection.POLLING);
    const attempt = this.#attempt;
    try {
      await this.#handlers.poll();
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (statusOf(error) === UNAUTHORIZED) this.signedOut();
      if (statusOf(error) === UNREACHABLE) this.reconnectLater();
    }
    if (attempt === this.#attempt && this.#status === Connection.POLLING) {
      this.#timer = setTimeout(() => this.#poll(), POLL_MS);
    }
  }

  #closeSocket() {
    const socket = this.#socket;
    this.#socket = null;
    this.#liveness.stop();
    this.#handlers.onClosed();
    socket?.close();
  }

  /** @param {ConnectionStatus} status */
  #enter(status) {
    if (status === this.#status) return;
    this.#status = status;
    this.#handlers.onStatus(status);
  }
}
