/**
 * Changes stored messages over REST, in the order of the calls.
 *
 * What it promises: each change is made once, under its key, however often it is tried; one that the
 * hub refuses for good is dropped. Waiting changes are lost when the program ends.
 */

import { Connection, Reason } from "../connection/status.js";
import { CallFailed } from "../errors.js";
import { newKey } from "../messages/outbox.js";
import { refusal } from "../messages/sender.js";

/**
 * @import { ConnectionLoop } from "../connection/connection_loop.js"
 *
 * @typedef {object} Change
 * @property {string} key
 * @property {(key: string) => Promise<unknown>} make
 * @property {(answer: unknown) => void} onMade
 * @property {(refused: CallFailed) => void} onRefused
 */

export class Reviser {
  #connection;
  /** @type {Change[]} */
  #changes = [];
  #isMaking = false;

  /** @param {ConnectionLoop} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  /**
   * @param {(key: string) => Promise<unknown>} make a call under an idempotency key
   * @returns {Promise<unknown>} what it returned when it was made
   * @throws {CallFailed} the hub refused it for good
   */
  change(make) {
    return new Promise((onMade, onRefused) => {
      this.#changes.push({ key: newKey(), make, onMade, onRefused });
      void this.submit();
    });
  }

  /** There is a connection, or a round of polling: make the waiting changes, until one has to wait longer. */
  async submit() {
    if (this.#isMaking) return;
    this.#isMaking = true;
    let next = this.#changes[0];
    while (next !== undefined && this.#isConnected) {
      // biome-ignore lint/performance/noAwaitInLoops: one after the other keeps the order
      if (!(await this.#make(next))) break;
      this.#changes.shift();
      next = this.#changes[0];
    }
    this.#isMaking = false;
  }

  get #isConnected() {
    const { status } = this.#connection;
    return status === Connection.ONLINE || status === Connection.POLLING;
  }

  /**
   * @param {Change} change
   * @returns {Promise<boolean>} whether it is over
   */
  async #make({ key, make, onMade, onRefused }) {
    try {
      onMade(await make(key));
    } catch (error) {
      const refused = refusal(error);
      if (refused === null) this.#wait(error);
      else onRefused(refused);
      return refused !== null;
    }
    return true;
  }

  /** @param {unknown} error why it has to wait; with polling, it is tried again in the next round */
  #wait(error) {
    if (this.#connection.status !== Connection.ONLINE) return;
    const seconds = error instanceof CallFailed ? (error.retryAfter ?? 0) : 0;
    this.#connection.reconnectLater(Reason.BUSY, seconds * 1_000);
  }
}
