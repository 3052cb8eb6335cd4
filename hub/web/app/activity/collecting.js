/** Reads a list of activity entries only as far as it is shown. */

/** @import { Entry } from "./activity.js" */

const FIRST = 50; // entries that are read in any case, whatever the unread count
const MOST = 1_000; // older entries are not counted as unread anywhere

/**
 * The first `limit` entries. Reading stops as soon as they are found.
 * @param {AsyncIterable<Entry>} entries
 * @param {number} limit
 * @param {number | null} unread collect only unread ones, of which there are about so many; null: all
 * @returns {Promise<{ entries: Entry[], isMore: boolean }>}
 */
export async function collected(entries, limit, unread) {
  /** @type {Entry[]} */
  const found = [];
  let count = 0;
  for await (const entry of entries) {
    count += 1;
    if (unread === null || entry.unread > 0) found.push(entry);
    const areAllFound = unread !== null && found.length >= unread && count >= FIRST;
    if (found.length > limit || areAllFound || count >= MOST) break;
  }
  return { entries: found.slice(0, limit), isMore: found.length > limit };
}
