/** A conversation, with another person or in a channel, and what the list shows of it. */

import { ChannelsClient } from "../../sdk/parlour.js";
import { plain } from "../dom/text.js";

/**
 * @import { ConversationId, Message, ParlourClient, Workspace } from "../../sdk/parlour.js"
 * @import { Attachments } from "./attachments.js"
 *
 * @typedef {ParlourClient | ChannelsClient} AnyClient
 */

export class Conversation {
  unread = 0;
  timesRead = 0; // that all of it was read, here or elsewhere
  last = "";
  lastAt = ""; // ISO 8601
  order = 0; // the higher, the later somebody wrote
  isOnline = false;
  isNew = false; // nothing was written yet
  /** @type {Attachments | null} */
  attachments = null; // once it was open

  /**
   * @param {AnyClient} client whose conversation it is
   * @param {ConversationId} id
   * @param {string} title
   * @param {Workspace | null} workspace that the channel belongs to; null: with a person
   */
  constructor(client, id, title, workspace = null) {
    this.client = client;
    this.id = id;
    this.title = plain(title);
    this.workspace = workspace;
    this.key = keyOf(client, id);
  }

  get isChannel() {
    return this.workspace !== null;
  }

  /**
   * Who wrote a message, in the words of the page.
   * @param {Message} message
   */
  authorOf({ isMine, authorName }) {
    return isMine ? "You" : plain(authorName ?? this.title);
  }

  /** What screen readers and the field to write in call it. */
  get name() {
    return this.isChannel ? `#${this.title}` : this.title;
  }
}

/**
 * Whether two clients are signed in as one person: in channels whoever was here before may still be.
 * @param {AnyClient} one
 * @param {AnyClient} other
 */
export function isSamePerson(one, other) {
  return one.me !== null && one.me.id === other.me?.id;
}

/**
 * A key for all clients: a person and a channel may have the same id.
 * @param {AnyClient} client
 * @param {ConversationId} id
 */
export function keyOf(client, id) {
  return `${client instanceof ChannelsClient ? "channel" : "person"}.${id}`;
}
