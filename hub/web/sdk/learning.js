/**
 * Loads conversations that were not on the first page of the list, or have begun since: messages of
 * conversations that a `resume` does not name are missed.
 */

import { Listing } from "./listing.js";

/**
 * @import { Rest } from "./connection/rest.js"
 * @import { Dialect } from "./dialects/dialect.d.ts"
 * @import { Timelines } from "./messages/timelines.js"
 */

/**
 * @template Listed
 * @typedef {object} Handlers
 * @property {(listed: Listed[]) => void} know is called with more conversations of the list
 * @property {() => void} resume
 */

/** @template Listed a conversation, as the hub lists them */
export class Learning {
  /** Whether every conversation of the list can be named. */
  isWhole;
  /** Whether the last `resume` asked only for the conversations that it named. */
  isOnlyNamed = false;
  #listing;
  #timelines;
  #dialect;
  #rest;
  #handlers;

  /**
   * @param {Listing<Listed>} listing
   * @param {Timelines} timelines
   * @param {Dialect<any, Listed>} dialect
   * @param {Rest} rest
   * @param {Handlers<Listed>} handlers
   */
  constructor(listing, timelines, dialect, rest, handlers) {
    this.#listing = listing;
    this.isWhole = listing.isWhole;
    this.#timelines = timelines;
    this.#dialect = dialect;
    this.#rest = rest;
    this.#handlers = handlers;
  }

  /** Load conversations that could not be named. */
  inTime() {
    const learning = this.isWhole ? this.#findNew() : this.#learn();
    void learning.catch(() => undefined); // the next connection, or round of polling, goes on
  }

  /** Ask for all of the conversations that have begun since the list was read. */
  async #findNew() {
    /** @type {Listing<Listed>} */
    const listing = new Listing(this.#rest, this.#dialect.listPath);
    const fresh = (await listing.some()).map(this.#dialect.head).filter(([id, newest]) => {
      return !this.#timelines.isFollowed(id) && this.#timelines.lastSeq(id) < newest;
    });
    this.#timelines.follow(new Map(fresh.map(([id]) => [id, 0])));
    if (fresh.length > 0) this.#handlers.resume();
  }

  /** Read the rest of the list, so that its conversations can be named too. */
  async #learn() {
    if (this.isWhole) return;
    const listed = await this.#listing.all();
    if (this.isWhole) return; // another call has read it
    this.isWhole = true;
    const heads = listed.map(this.#dialect.head);
    const unknown = heads.filter(([id]) => !this.#timelines.isFollowed(id));
    this.#handlers.know(listed);
    this.#timelines.follow(new Map(unknown));
    if (unknown.length > 0 || this.isOnlyNamed) this.#handlers.resume();
  }
}
