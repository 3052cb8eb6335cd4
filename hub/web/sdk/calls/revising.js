/** Changing stored messages, and sending copies of them. */

import { Client } from "../client.js";

/** @import { ConversationId, Message, UserId } from "../parlour.js" */

/**
 * A client that changes stored messages.
 * @template {{ id: UserId }} Me
 * @template Listed
 * @extends {Client<Me, Listed>}
 */
export class RevisingClient extends Client {
  /**
   * Give a stored message of one's own another text. The call is retried until it succeeds, like sending,
   * as long as the program runs; so are the three methods that follow.
   * @param {Message} message
   * @param {string} content
   * @throws {CallFailed} refused for good, as with `too_late`
   */
  async edit(message, content) {
    await this.calls.session.revisions.change(message, "PATCH", "", { content });
  }

  /**
   * Delete a stored message, for everybody; its `seq` stays (`isDeleted`).
   * @param {Message} message
   * @throws {CallFailed} refused for good
   */
  async remove(message) {
    await this.calls.session.revisions.change(message, "DELETE", "");
  }

  /**
   * React to a stored message.
   * @param {Message} message
   * @param {string} emoji one
   * @throws {CallFailed} refused for good, as with `no_emoji`
   */
  async react(message, emoji) {
    await this.calls.session.revisions.change(message, "PUT", pathOf(emoji));
  }

  /**
   * Take a reaction back.
   * @param {Message} message
   * @param {string} emoji
   * @throws {CallFailed} refused for good
   */
  async unreact(message, emoji) {
    await this.calls.session.revisions.change(message, "DELETE", pathOf(emoji));
  }

  /**
   * Send a copy of a stored message to a conversation. The call is retried until it succeeds.
   * @param {Message} message
   * @param {ConversationId} to
   * @throws {CallFailed} refused for good, as with `message_not_found`
   */
  async forward(message, to) {
    await this.calls.session.revisions.forward(message, to);
  }
}

/** @param {string} emoji of a reaction, as a part of the path of its message */
function pathOf(emoji) {
  return `/reactions/${encodeURIComponent(emoji)}`;
}
