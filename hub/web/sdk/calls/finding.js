/**
 * Finding messages, and reading history around one of them. Found messages are not added to the known
 * messages of a conversation: there may be others between.
 */

import { notStored } from "../errors.js";
import { RevisingClient } from "./revising.js";

/**
 * @import { ConversationId, FoundPage, HistoryPage, MentionOptions, MentionPage, Message } from "../parlour.js"
 * @import { SearchOptions, Snippet, UserId } from "../parlour.js"
 */

const PAGE_SIZE = 50;

/**
 * A client that finds messages.
 * @template {{ id: UserId }} Me
 * @template Listed
 * @extends {RevisingClient<Me, Listed>}
 */
export class FindingClient extends RevisingClient {
  /**
   * A page of the messages that fit. The next one: the same search with the `cursor` of this one.
   * @param {string} query words, "phrases", begin*, from:, in:, before:, after:, has:
   * @param {SearchOptions} [options]
   * @returns {Promise<FoundPage>}
   * @throws {CallFailed} `invalid_field`: it is no search
   */
  async search(query, options = {}) {
    const { rest, dialect, session } = this.calls;
    const me = session.me.id;
    const given = Object.entries({ q: query, ...options });
    const asked = given.filter(([, value]) => value !== undefined);
    const words = new URLSearchParams(asked.map(([name, value]) => [name, String(value)]));
    const { items, next } = await rest.page(`/api/messages/search?${words}`);
    const found = /** @type {{ message: unknown, snippet: Snippet }[]} */ (items).map(
      ({ message, snippet }) => ({ message: dialect.changed(message, me), snippet }),
    );
    return { found, cursor: cursorOf(next) };
  }

  /**
   * A page of the messages that mention this user, read or not, the newest first. The next one: with
   * the `cursor` of this one.
   * @param {MentionOptions} [options]
   * @returns {Promise<MentionPage>}
   * @throws {CallFailed}
   */
  async mentions({ limit = PAGE_SIZE, cursor } = {}) {
    const { rest, dialect, session } = this.calls;
    const me = session.me.id;
    const more = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { items, next } = await rest.page(`/api/messages/mentions?limit=${limit}${more}`);
    const mentions = items.map((each) => {
      const message = dialect.changed(each, me);
      const { unreadFrom } = session.notes.marks(message.conversationId);
      const isMarked = unreadFrom !== null && message.seq >= unreadFrom;
      return { message, isUnread: isMarked || !dialect.isRead(each, me) };
    });
    return { mentions, cursor: cursorOf(next) };
  }

  /**
   * A page of history, oldest first: around a message, before or after one, or the newest. It does
   * not become a part of `messages`, and marks nothing read.
   * @param {ConversationId} conversationId
   * @param {HistoryPage} [page]
   * @returns {Promise<readonly Message[]>}
   * @throws {CallFailed}
   */
  async history(conversationId, { around, before, after, limit = PAGE_SIZE } = {}) {
    const { rest, dialect, session } = this.calls;
    const me = session.me.id;
    if (before !== undefined) {
      const { id, seq, author } = before;
      if (id === null || seq === null || author === null) throw notStored();
      const first = { ...before, id, seq, author, thread: null };
      return dialect.older(rest, me, { conversationId, first, limit });
    }
    if (after !== undefined) {
      if (after.seq === null) throw notStored();
      return dialect.newer(rest, me, conversationId, after.seq);
    }
    const asked = around === undefined ? "" : `around=${around}&`;
    const path = `${dialect.historyPath(conversationId)}?${asked}limit=${limit}&mark_read=false`;
    const answer = /** @type {unknown[]} */ (await rest.call("GET", path));
    return answer.map((each) => dialect.changed(each, me));
  }

  /**
   * The original of a forwarded message, as it is now.
   * @param {Message} message
   * @returns {Promise<Message>}
   * @throws {CallFailed} `message_not_found`: there is none that this user may see
   */
  async original({ id }) {
    if (id === null) throw notStored();
    const { rest, dialect, session } = this.calls;
    return dialect.changed(await rest.call("GET", `/api/messages/${id}/original`), session.me.id);
  }
}

/** @param {string | null} next the path of the next page */
export function cursorOf(next) {
  const query = next === null ? null : new URLSearchParams(next.slice(next.indexOf("?")));
  return query?.get("cursor") ?? null;
}
