const MAX_AT_ONCE = 6; // as many connections as browsers open to one host

/**
 * `act` on every item, several at a time.
 * @template Item, Result
 * @param {Item[]} items
 * @param {(item: Item) => Promise<Result>} act
 * @returns {Promise<Result[]>} the results in the items' order; rejects with the first failure
 */
export async function mapConcurrently(items, act) {
  /** @type {Result[]} */
  const results = [];
  const remaining = items.entries();
  async function work() {
    // biome-ignore lint/performance/noAwaitInLoops: several of these loops share the items
    for (const [at, item] of remaining) results[at] = await act(item);
  }
  await Promise.all(Array.from({ length: MAX_AT_ONCE }, work));
  return results;
}
