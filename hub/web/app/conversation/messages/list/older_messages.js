/**
 * Loads the messages before the known ones, a page at a time, and shows why there are none. A page that could
 * not be loaded is loaded once there is a connection again.
 */

import { CallFailed } from "../../../../sdk/parlour.js";
import { h } from "../../../dom/elements.js";

/**
 * @import { Source } from "../../thread/source.js"
 *
 * @typedef {object} Handlers
 * @property {() => void} onBegun a page is being loaded
 * @property {() => void} onEnded it was loaded, or not
 * @property {() => void} onClosed the user may no longer see the messages
 */

const PAGE_SIZE = 100;

export class OlderMessages {
  #source;
  #handlers;
  #isMore = true;
  /** @type {Promise<void> | null} */
  #loading = null;
  #hasFailed = false;
  #isClosed = false;
  #connections = 0; // how often the connection came back

  /**
   * @param {Source} source
   * @param {Handlers} handlers
   */
  constructor(source, handlers) {
    this.#source = source;
    this.#handlers = handlers;
  }

  /** Whether there may be more, and the last page was loaded. */
  get canGoOn() {
    return this.#isMore && !this.#hasFailed;
  }

  /** Whether the last page could not be loaded. */
  get hasFailed() {
    return this.#hasFailed;
  }

  /** There is a connection again. */
  connected() {
    this.#connections += 1;
    if (this.#hasFailed) void this.load();
  }

  /** Resolves when the next page was loaded, or not. */
  async load() {
    if (!this.#isMore) return;
    if (this.#loading === null) {
      this.#loading = this.#loadPage();
      this.#handlers.onBegun();
    }
    await this.#loading;
  }

  async #loadPage() {
    let connections;
    do {
      connections = this.#connections;
      // biome-ignore lint/performance/noAwaitInLoops: what was asked for on a lost connection fails late
      await this.#tryPage();
    } while (this.#hasFailed && connections !== this.#connections);
    this.#loading = null;
    this.#handlers.onEnded();
  }

  async #tryPage() {
    this.#hasFailed = false;
    try {
      this.#isMore = await this.#source.loadOlder(PAGE_SIZE);
    } catch (error) {
      this.#isClosed = error instanceof CallFailed && [403, 404].includes(error.status);
      this.#isMore = !this.#isClosed;
      this.#hasFailed = !this.#isClosed;
      if (this.#isClosed) this.#handlers.onClosed();
    }
  }

  /**
   * What stands above the messages, or instead of them.
   * @param {boolean} isEmpty
   * @returns {HTMLElement[]}
   */
  notice(isEmpty) {
    if (this.#hasFailed) {
      const again = { type: "button", onclick: () => void this.load() };
      const text = "Older messages could not be loaded. ";
      return [h("p.empty", {}, text, h("button.button", again, "Try again"))];
    }
    if (!isEmpty || this.#isClosed) return [];
    return [h("p.empty", {}, this.#loading ? "Loading…" : "No messages yet. Say hello.")];
  }
}
