/**
 * When a connection counts as dead: a heartbeat or a message was sent and had no reply in time.
 * (Pages cannot see the hub's WebSocket pings.)
 */

const SILENCE_MS = 30_000; // without a frame, before a heartbeat is sent
const REPLY_MS = 10_000;
const PROBE_MS = 5_000; // for the reply to a probe

/** @typedef {ReturnType<typeof setTimeout>} Timer */

export class Liveness {
  #sendHeartbeat;
  #onDead;
  /** @type {Timer | undefined} */
  #silence;
  /** @type {Timer | undefined} */
  #reply;

  /**
   * @param {() => void} sendHeartbeat sends a frame that the hub replies to
   * @param {() => void} onDead called once when the connection is dead
   */
  constructor(sendHeartbeat, onDead) {
    this.#sendHeartbeat = sendHeartbeat;
    this.#onDead = onDead;
  }

  /** A frame arrived, or the connection has just been opened. */
  received() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#ask(REPLY_MS), SILENCE_MS);
  }

  /** There is a reason to doubt the connection: check now whether it still works. */
  probe() {
    if (this.#silence === undefined) return;
    clearTimeout(this.#silence);
    this.#ask(PROBE_MS);
  }

  /** A frame was sent that the hub replies to. */
  expectReply() {
    this.#reply ??= setTimeout(this.#onDead, REPLY_MS);
  }

  /**
   * A reply came.
   * @param {boolean} isMoreExpected whether replies to other frames are outstanding
   */
  replied(isMoreExpected) {
    clearTimeout(this.#reply);
    this.#reply = undefined;
    if (isMoreExpected) this.expectReply();
  }

  /** The connection is gone. */
  stop() {
    clearTimeout(this.#silence);
    this.#silence = undefined;
    this.replied(false);
  }

  /** @param {number} milliseconds for any frame to come */
  #ask(milliseconds) {
    this.#sendHeartbeat();
    this.#silence = setTimeout(this.#onDead, milliseconds);
  }
}
