/** Threads: the replies to a message, which are messages of its conversation, too. */

import { notStored } from "../errors.js";
import { FindingClient, cursorOf } from "./finding.js";

/** @import { FollowedPage, Message, ThreadOptions, UserId } from "../parlour.js" */

const PAGE_SIZE = 50;

/**
 * A client that knows threads. A reply is sent with `send(conversationId, content, { parentId })`.
 * @template {{ id: UserId }} Me
 * @template Listed
 * @extends {FindingClient<Me, Listed>}
 */
export class ThreadingClient extends FindingClient {
  /**
   * The messages of a thread that are known here: its first one, then replies: one array until they
   * change. None before `loadReplies`.
   * @param {Message} message any of the thread
   * @returns {readonly Message[]}
   */
  thread(message) {
    return this.calls.session.threads.messages(message);
  }

  /**
   * Load older replies of a thread, or at first its newest ones. They do not become a part of
   * `messages`.
   * @param {Message} message any of the thread
   * @param {number} limit how many at most
   * @returns {Promise<boolean>} whether there are more
   * @throws {CallFailed} `message_not_found`: its first message was deleted
   */
  async loadReplies(message, limit = PAGE_SIZE) {
    if (message.id === null) throw notStored();
    return this.calls.session.threads.load(message, limit);
  }

  /**
   * Get an event for every reply in a thread. Authors of its messages get them without this call.
   * @param {Message} message any of the thread
   * @throws {CallFailed}
   */
  async followThread(message) {
    if (message.id === null) throw notStored();
    await this.calls.session.threads.follow(message, true);
  }

  /**
   * @param {Message} message any of the thread
   * @throws {CallFailed}
   */
  async unfollowThread(message) {
    if (message.id === null) throw notStored();
    await this.calls.session.threads.follow(message, false);
  }

  /**
   * A page of the threads that this user follows, the newest first. The next one: with the `cursor`
   * of this one.
   * @param {ThreadOptions} [options]
   * @returns {Promise<FollowedPage>}
   * @throws {CallFailed}
   */
  async threads({ limit = PAGE_SIZE, cursor } = {}) {
    const asked = { limit: String(limit), ...(cursor === undefined ? {} : { cursor }) };
    const query = new URLSearchParams(asked).toString();
    const { threads, next } = await this.calls.session.threads.followed(query);
    return { threads, cursor: cursorOf(next) };
  }

  /**
   * All replies in a thread were read, if this user follows it.
   * @param {Message} message any of the thread
   * @throws {CallFailed} `message_not_found`: this user does not follow it
   */
  async markThreadRead(message) {
    if (message.id === null) throw notStored();
    await this.calls.session.threads.markRead(message);
  }
}
