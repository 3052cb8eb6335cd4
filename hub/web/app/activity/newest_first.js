/** Merges several lists, each with the newest first and in pages, into one. */

/**
 * @template Item
 * @typedef {object} Part
 * @property {(cursor: string | undefined) => Promise<{ items: Item[], cursor: string | null }>} page the first
 *   one, or the one at the cursor; with the cursor of the next one, null: there is none
 * @property {(item: Item) => number} order the higher, the newer
 */

/**
 * @template Item
 * @typedef {{ items: Item[], cursor: string | null | undefined }} Read the items that were not returned yet; null:
 *   everything was read
 */

/** @template Item */
export class NewestFirst {
  /** @type {(Part<Item> & Read<Item>)[]} */
  #parts;

  /** @param {Part<Item>[]} parts */
  constructor(parts) {
    this.#parts = parts.map((part) => ({ ...part, items: [], cursor: undefined }));
  }

  /**
   * The next item.
   * @returns {Promise<Item | null>} null: that was all
   */
  async next() {
    await Promise.all(this.#parts.map(fill));
    const [newest] = this.#parts
      .filter(({ items }) => items.length > 0)
      .sort((one, other) => orderOf(other) - orderOf(one));
    return newest?.items.shift() ?? null;
  }
}

/**
 * Read the next page, if all items were returned.
 * @template Item
 * @param {Part<Item> & Read<Item>} part
 */
async function fill(part) {
  while (part.items.length === 0 && part.cursor !== null) {
    // biome-ignore lint/performance/noAwaitInLoops: each page says where the next one begins
    const { items, cursor } = await part.page(part.cursor);
    part.items = [...items];
    part.cursor = cursor;
  }
}

/**
 * @template Item
 * @param {Part<Item> & Read<Item>} part
 */
function orderOf({ items: [first], order }) {
  return first === undefined ? 0 : order(first);
}
