/** A user's notes, which are sent to their other devices and to no other user. */

import { notStored } from "../errors.js";
import { ThreadingClient } from "./threads.js";

/** @import { ConversationId, Marks, Message, UserId } from "../parlour.js" */

/**
 * A client that takes notes.
 * @template {{ id: UserId }} Me
 * @template Listed
 * @extends {ThreadingClient<Me, Listed>}
 */
export class NotingClient extends ThreadingClient {
  /**
   * What this user has noted of a conversation.
   * @param {ConversationId} conversationId
   * @returns {Marks}
   */
  marks(conversationId) {
    return this.calls.session.notes.marks(conversationId);
  }

  /**
   * This message and those after it count as unread, until they are marked read again.
   * @param {Message} message
   * @throws {CallFailed} `message_not_found`
   */
  async markUnread({ id }) {
    if (id === null) throw notStored();
    await this.calls.session.notes.note("PUT", `/api/messages/${id}/unread`);
  }

  /**
   * Hide a message from this user.
   * @param {Message} message
   * @throws {CallFailed} `message_not_found`: also if it was deleted
   */
  async hide({ id }) {
    if (id === null) throw notStored();
    await this.calls.session.notes.note("PUT", `/api/messages/${id}/hidden`);
  }

  /**
   * Show a message again that was hidden.
   * @param {Message} message
   * @throws {CallFailed}
   */
  async unhide({ id }) {
    if (id === null) throw notStored();
    await this.calls.session.notes.note("DELETE", `/api/messages/${id}/hidden`);
  }

  /**
   * Leave a conversation out of counts over all conversations.
   * @param {ConversationId} conversationId
   * @param {Date} [until] by default without end
   * @throws {CallFailed} `invalid_field`: that time is in the past
   */
  async mute(conversationId, until) {
    const { session, dialect } = this.calls;
    const query = until === undefined ? "" : `?until=${encodeURIComponent(until.toISOString())}`;
    await session.notes.note("PUT", dialect.mutePath(conversationId) + query);
  }

  /**
   * @param {ConversationId} conversationId
   * @throws {CallFailed}
   */
  async unmute(conversationId) {
    const { session, dialect } = this.calls;
    await session.notes.note("DELETE", dialect.mutePath(conversationId));
  }
}
