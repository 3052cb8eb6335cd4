/**
 * @import { ConversationId, UserId } from "../parlour.js"
 * @import { Rest } from "../connection/rest.js"
 * @import { Dialect } from "../dialects/dialect.d.ts"
 */

/**
 * One message as it is now; null: there is none that this user may see.
 * @param {Dialect<any, any>} dialect
 * @param {Rest} rest
 * @param {UserId} me
 * @param {{ conversationId: ConversationId, id: number }} message
 */
export async function one(dialect, rest, me, { conversationId, id }) {
  const path = `${dialect.historyPath(conversationId)}?around=${id}&limit=1&mark_read=false`;
  const page = /** @type {unknown[]} */ (await rest.call("GET", path));
  return page.map((each) => dialect.changed(each, me)).find((each) => each.id === id) ?? null;
}
