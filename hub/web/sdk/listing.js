/**
 * A list that the hub returns in pages, read one after the other: the first ones at once, the others at
 * a pace that leaves most of the user's rate limit to other calls.
 *
 * What it promises: however many callers read it at the same time, each page is requested once; after
 * a page that could not be read, the next caller continues there.
 */

/** @import { Rest } from "./connection/rest.js" */

const AT_ONCE = 3;
const PAUSE_MS = 2_000; // between later pages
const MAX_PAGES = 100;

/** @template Item */
export class Listing {
  /** @type {Item[]} what was read so far */
  #items = [];
  #rest;
  /** @type {string | null} null: everything was read */
  #next;
  #pages = 0;
  /** @type {Promise<void> | null} */
  #reading = null;

  /**
   * @param {Rest} rest
   * @param {string} path
   */
  constructor(rest, path) {
    this.#rest = rest;
    this.#next = path;
  }

  get isWhole() {
    return this.#next === null;
  }

  /** Its first page, or more if more was read. */
  async some() {
    if (this.#pages === 0) await this.#more();
    return [...this.#items];
  }

  /**
   * The whole list.
   * @param {(part: Item[]) => void} [onPart] is called with what was read, before more is read
   */
  async all(onPart = () => undefined) {
    while (!this.isWhole) {
      if (this.#pages > 0) onPart([...this.#items]);
      // biome-ignore lint/performance/noAwaitInLoops: each page says where the next one is
      await this.#more();
    }
    return [...this.#items];
  }

  async #more() {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    await this.#reading;
  }

  async #read() {
    if (this.#next === null) return;
    if (this.#pages >= AT_ONCE) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const { items, next } = await this.#rest.page(this.#next);
    this.#items.push(.../** @type {Item[]} */ (items));
    this.#pages += 1;
    this.#next = this.#pages < MAX_PAGES ? next : null;
  }
}
