/**
 * Keeps a client connected: opens a WebSocket, notices that it is dead, and connects again after a
 * backoff. Where WebSockets never open although REST works, it polls over REST, and tries a WebSocket
 * again from time to time.
 *
 * What it promises: at most one socket is in use; a frame of an older one is never handled; after
 * `close`, once the session has ended, or the operator has closed the connection, it does not connect
 * again by itself; no attempt lasts for ever. It must not know what frames mean.
 */

import { CallFailed, statusOf } from "../errors.js";
import { Backoff } from "./backoff.js";
import { Liveness } from "./liveness.js";
import { Connection, Reason } from "./status.js";
import { onWake } from "./wakes.js";

/**
 * @import { ConnectionReason, ConnectionState, ConnectionStatus, Socket } from "../parlour.js"
 *
 * @typedef {() => Promise<() => Socket>} Prepare
 * @typedef {object} Handlers
 * @property {() => Promise<Prepare>} authenticate finds out which user is signed in, and returns a function
 *   that prepares a socket for them
 * @property {() => Promise<void>} poll one round over REST
 * @property {() => boolean} renew called when the hub ended the session: whether another one is possible
 * @property {(state: ConnectionState) => void} onState
 * @property {() => void} onOpen
 * @property {(frame: unknown) => void} onFrame
 * @property {() => void} onClosed called before the next attempt is scheduled
 */

const SESSION_ENDED = 4001;
const KICKED = 4003;
const UNAUTHORIZED = 401;
const UNREACHABLE = 0;
const ATTEMPT_MS = 30_000; // from `connect` until the socket is open
const POLL_MS = 3_000;
const BLOCKED_AFTER = 3; // sockets in a row that never opened, while REST works
const ROUNDS_UNTIL_SOCKET = 20; // of polling, until one is tried again

export class ConnectionLoop {
  #handlers;
  #backoff;
  #liveness = new Liveness(
    () => this.send({ type: "heartbeat" }),
    () => this.reconnectLater(Reason.SILENT),
  );
  /** @type {ConnectionState} */
  #state = Object.freeze({ status: Connection.IDLE, reason: null, retryInMs: null });
  /** @type {Socket | null} */
  #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer; // for the next attempt, or the end of this one
  #attempt = 0; // counts beginnings and ends, so that work of an older attempt stops
  #unopened = 0;
  /** @type {() => void} */
  #ignoreWakes = () => undefined;

  /**
   * @param {Handlers} handlers
   * @param {Backoff} backoff
   */
  constructor(handlers, backoff) {
    this.#handlers = handlers;
    this.#backoff = backoff;
  }

  /** Frozen, and the same object until something changes. */
  get state() {
    return this.#state;
  }

  get status() {
    return this.#state.status;
  }

  /** Resolves when the socket is being opened, or the first round of polling was made. */
  async connect() {
    const attempt = this.#begin();
    this.#ignoreWakes();
    this.#ignoreWakes = onWake(() => this.#wake());
    this.#timer = setTimeout(() => this.#tookTooLong(), ATTEMPT_MS);
    this.#enter(Connection.CONNECTING);
    if (attempt !== this.#attempt) return; // a listener has closed it
    try {
      const prepare = await this.#handlers.authenticate();
      if (attempt !== this.#attempt) return;
      if (this.#unopened < BLOCKED_AFTER) await this.#open(prepare);
      else await this.#poll(prepare);
    } catch (error) {
      if (attempt === this.#attempt) this.#failed(error);
    }
  }

  close() {
    this.#end(Connection.IDLE, Reason.CLOSED);
  }

  /** The session has ended: another connection would be refused. */
  signedOut(/** @type {ConnectionReason} */ reason) {
    this.#end(Connection.SIGNED_OUT, reason);
  }

  /**
   * Leave this connection, if there is one, and connect again after the backoff.
   * @param {ConnectionReason} reason
   * @param {number} atLeastMs
   */
  reconnectLater(reason, atLeastMs = 0) {
    this.#begin();
    const retryInMs = Math.max(atLeastMs, this.#backoff.next());
    this.#timer = setTimeout(() => this.connect(), retryInMs);
    this.#enter(Connection.WAITING, reason, retryInMs);
  }

  /** Discard what comes on this connection, if there is one, and begin another one. */
  leave() {
    if (this.#socket !== null) this.reconnectLater(Reason.LOST);
  }

  /** Everything that was missed has arrived: from now on frames are live. */
  resumed() {
    if (this.#socket === null) return;
    this.#backoff.reset();
    this.#enter(Connection.ONLINE);
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

  /** End the current attempt or connection; returns the number of the next one. */
  #begin() {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#closeSocket();
    return this.#attempt;
  }

  /**
   * @param {ConnectionStatus} status
   * @param {ConnectionReason} reason
   */
  #end(status, reason) {
    this.#begin();
    this.#ignoreWakes();
    this.#enter(status, reason);
  }

  #tookTooLong() {
    if (this.#socket !== null) this.#unopened += 1;
    this.reconnectLater(Reason.SILENT);
  }

  /** There is a reason to check the connection now. */
  #wake() {
    this.#liveness.probe();
    if (this.status !== Connection.WAITING) return;
    this.#backoff.reset();
    void this.connect();
  }

  /** @param {Socket} socket */
  #use(socket) {
    let wasOpen = false;
    this.#socket = socket;
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      wasOpen = true;
      this.#unopened = 0;
      this.#attempt += 1; // a round of polling may be under way
      clearTimeout(this.#timer);
      this.#liveness.received();
      this.#handlers.onOpen();
    };
    socket.onmessage = (event) => {
      if (socket !== this.#socket) return;
      this.#liveness.received();
      this.#take(String(event.data));
    };
    socket.onerror = () => undefined; // `onclose` follows
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      if (!wasOpen) this.#unopened += 1;
      if (!wasOpen && this.status === Connection.POLLING) {
        this.#closeSocket(); // as before: WebSockets do not get through
        return;
      }
      this.#closed(event.code, wasOpen ? Reason.LOST : Reason.UNREACHABLE);
    };
  }

  /**
   * @param {number} code
   * @param {ConnectionReason} reason
   */
  #closed(code, reason) {
    if (code === KICKED) this.#end(Connection.IDLE, Reason.KICKED);
    else if (code !== SESSION_ENDED) this.reconnectLater(reason);
    else if (this.#handlers.renew()) this.reconnectLater(Reason.SESSION_ENDED);
    else this.signedOut(Reason.SESSION_ENDED);
  }

  /** @param {string} text */
  #take(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      this.reconnectLater(Reason.LOST); // the peer is not a hub
      return;
    }
    this.#handlers.onFrame(frame);
  }

  /**
   * @param {Prepare} prepare
   * @param {number} round
   */
  async #poll(prepare, round = 1) {
    const attempt = this.#attempt;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tookTooLong(), ATTEMPT_MS);
    this.#enter(Connection.POLLING, Reason.BLOCKED);
    try {
      await this.#handlers.poll();
    } catch (error) {
      const isFatal = [UNAUTHORIZED, UNREACHABLE].includes(statusOf(error) ?? UNREACHABLE);
      if (attempt === this.#attempt && isFatal) this.#failed(error);
    }
    if (attempt !== this.#attempt) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(prepare, round + 1), POLL_MS);
    if (round % ROUNDS_UNTIL_SOCKET !== 0) return;
    this.#closeSocket();
    await this.#open(prepare).catch(() => undefined); // if there is no token, the next round reports it
  }

  /** @param {Prepare} prepare called when a socket is opened, since a token is valid for minutes */
  async #open(prepare) {
    const attempt = this.#attempt;
    const openSocket = await prepare();
    if (attempt === this.#attempt) this.#use(openSocket());
  }

  /** @param {unknown} error that ended an attempt */
  #failed(error) {
    const status = statusOf(error);
    const seconds = error instanceof CallFailed ? (error.retryAfter ?? 0) : 0;
    if (status === UNAUTHORIZED) this.signedOut(Reason.NOT_SIGNED_IN);
    else this.reconnectLater(status ? Reason.REFUSED : Reason.UNREACHABLE, seconds * 1_000);
  }

  #closeSocket() {
    const socket = this.#socket;
    this.#socket = null;
    this.#liveness.stop();
    this.#handlers.onClosed();
    socket?.close();
  }

  /**
   * @param {ConnectionStatus} status
   * @param {ConnectionReason | null} [reason]
   * @param {number | null} [retryInMs]
   */
  #enter(status, reason = null, retryInMs = null) {
    if (status === this.status && reason === this.#state.reason && retryInMs === null) return;
    this.#state = Object.freeze({ status, reason, retryInMs });
    this.#handlers.onState(this.#state);
  }
}
