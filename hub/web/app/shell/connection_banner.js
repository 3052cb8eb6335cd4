/** Shows that there is no connection, and how many messages wait for one. */

import { Connection, Reason } from "../../sdk/parlour.js";
import { h } from "../dom/elements.js";

/**
 * @import { ConnectionStatus } from "../../sdk/parlour.js"
 * @import { AnyClient } from "../conversation/conversation.js"
 */

/** @type {Partial<Record<ConnectionStatus, string>>} */
const TEXTS = {
  [Connection.CONNECTING]: "Connecting…",
  [Connection.WAITING]: "No connection. Trying again…",
  [Connection.POLLING]: "Slow connection: new messages come every few seconds.",
};
const KICKED = "The operator of this server closed the connection. ";
const CONNECTING_MS = 1_500; // shorter interruptions are not shown

export class ConnectionBanner {
  /** @readonly */
  element = h("div.banner", { role: "status", hidden: true });
  #onAway;
  #onBack;
  #clients;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #wasAway = false;

  /**
   * @param {AnyClient[]} clients the banner shows the state of the first one, and what waits in all
   * @param {() => void} onAway there is no connection
   * @param {() => void} onBack there is one again
   */
  constructor(clients, onAway, onBack) {
    this.#clients = clients;
    this.#onAway = onAway;
    this.#onBack = onBack;
  }

  /** The connection has changed, or how many messages wait. */
  update() {
    const { status = Connection.IDLE, reason = null } = this.#clients[0]?.state ?? {};
    const queued = this.#clients.reduce((sum, each) => sum + each.queued, 0);
    clearTimeout(this.#timer);
    if (status === Connection.ONLINE) {
      this.element.hidden = true;
      if (this.#wasAway) this.#onBack();
      this.#wasAway = false;
    } else if (status === Connection.CONNECTING && this.element.hidden) {
      this.#timer = setTimeout(() => this.#show(status, queued), CONNECTING_MS);
    } else {
      this.#show(status, queued);
      if (reason === Reason.KICKED) this.#offer();
    }
  }

  /** Offer to connect again: the client does not by itself. */
  #offer() {
    const onclick = () => {
      for (const client of this.#clients) void client.connect();
    };
    const again = h("button.button", { type: "button", onclick }, "Connect again");
    this.element.replaceChildren(KICKED, again);
    this.element.hidden = false;
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
    const waiting = queued === 1 ? " 1 unsent message." : ` ${queued} unsent messages.`;
    this.element.textContent = (TEXTS[status] ?? "") + (queued ? waiting : "");
    this.element.hidden = this.element.textContent === "";
    this.#onAway();
  }
}
