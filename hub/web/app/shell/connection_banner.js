/** Says that there is no connection, and how many messages wait for one. */

import { Connection } from "../../sdk/parlour.js";
import { h } from "../dom/elements.js";

/** @import { ConnectionStatus } from "../../sdk/parlour.js" */

/** @type {Partial<Record<ConnectionStatus, string>>} */
const TEXTS = {
  [Connection.CONNECTING]: "Connecting…",
  [Connection.WAITING]: "No connection. Trying again…",
  [Connection.POLLING]: "Slow connection: new messages come every few seconds.",
};
const CONNECTING_MS = 1_500; // shorter interruptions are not worth a word

export class ConnectionBanner {
  /** @readonly */
  element = h("div.banner", { role: "status", hidden: true });
  #onAway;
  #onBack;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #wasAway = false;

  /**
   * @param {() => void} onAway there is no connection
   * @param {() => void} onBack there is one again
   */
  constructor(onAway, onBack) {
    this.#onAway = onAway;
    this.#onBack = onBack;
  }

  /**
   * @param {ConnectionStatus} status
   * @param {number} queued how many messages wait
   */
  update(status, queued) {
    clearTimeout(this.#timer);
    if (status === Connection.ONLINE) {
      this.element.hidden = true;
      if (this.#wasAway) this.#onBack();
      this.#wasAway = false;
    } else if (status === Connection.CONNECTING && this.element.hidden) {
      this.#timer = setTimeout(() => this.#show(status, queued), CONNECTING_MS);
    } else {
      this.#show(status, queued);
    }
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /**
   * @param {ConnectionStatus} status
   * @param {number} queued
   */
  #show(status, queued) {
    this.#wasAway = true;
    const waiting = queued === 1 ? " 1 message waits." : ` ${queued} messages wait.`;
    this.element.textContent = (TEXTS[status] ?? "") + (queued ? waiting : "");
    this.element.hidden = this.element.textContent === "";
    this.#onAway();
  }
}
