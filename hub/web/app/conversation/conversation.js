/** A conversation, with another person or in a channel, and what the list shows of it. */

import { ChannelsClient } from "../../sdk/parlour.js";
import { plain } from "../dom/text.js";
import { UnreadMentions } from "./mentioning/unread_mentions.js";

/**
 * @import { ClientEvents, ConversationId, ListedChannel, Message } from "../../sdk/parlour.js"
 * @import { ParlourClient, UserId, Workspace } from "../../sdk/parlour.js"
 * @import { Attachments } from "./attachments.js"
 *
 * @typedef {ParlourClient | ChannelsClient} AnyClient
 */

export class Conversation {
  isNamesake = false; // another person in the list has the same name
  unread = 0;
  mentions = new UnreadMentions();
  timesRead = 0; // how often all of it was marked read, here or elsewhere
  last = "";
  lastAt = ""; // ISO 8601
  order = 0; // the higher, the later its last message
  isOnline = false;
  isNew = false; // nothing was written yet
  isRequest = false; // from a person whom the user has not accepted
  /** @type {Attachments | null} */
  attachments = null; // from when it is first opened
  /** @type {Map<UserId, string>} */
  #people = new Map(); // of a channel, their names
  #arePeopleLoaded = false;
  #displayName;
  #username;

  /**
   * @param {AnyClient} client that the conversation belongs to
   * @param {ConversationId} id
   * @param {string} name of the person or the channel
   * @param {string} username of the person; of a channel ""
   * @param {Workspace | null} workspace that the channel belongs to; null: with a person
   */
  constructor(client, id, name, username, workspace = null) {
    this.client = client;
    this.id = id;
    this.workspace = workspace;
    this.#displayName = plain(name);
    this.#username = username;
    this.key = keyOf(client, id);
  }

  /** Its name, with the username if another person in the list has the same name. */
  get title() {
    return this.isNamesake ? `${this.#displayName} (@${this.#username})` : this.#displayName;
  }

  /** Whether the user has muted it: only mentions by name are counted elsewhere and notified of. */
  get isMuted() {
    return this.client.me !== null && this.client.marks(this.id).isMuted;
  }

  /** The end of the mute, in ISO 8601; null: it has none, or there is no mute. */
  get mutedUntil() {
    return this.client.me === null ? null : this.client.marks(this.id).mutedUntil;
  }

  get isChannel() {
    return this.workspace !== null;
  }

  /**
   * The author of a message, as the page shows it.
   * @param {Message} message
   */
  authorOf({ isMine, authorName }) {
    return isMine ? "You" : plain(authorName ?? this.title);
  }

  /**
   * The name of a user who acts here; in a channel the names of authors are known.
   * @param {UserId} id
   */
  nameOf(id) {
    if (id === this.client.me?.id) return "You";
    return this.isChannel ? (this.#people.get(id) ?? "Unknown user") : this.title;
  }

  /**
   * Load the names of people of a channel, if these are not known.
   * @param {UserId[]} ids
   * @returns {Promise<boolean>} whether more of them are known now
   */
  async meet(ids) {
    const { client, workspace } = this;
    const isKnown = ids.every((id) => id === client.me?.id || this.#people.has(id));
    const isInChannel = client instanceof ChannelsClient && workspace !== null;
    if (isKnown || this.#arePeopleLoaded || !isInChannel) return false;
    this.#arePeopleLoaded = true;
    const members = await client.members(workspace.id);
    for (const { id, username } of members) this.#people.set(id, plain(username));
    return true;
  }

  /** Its name for screen readers and the composer. */
  get name() {
    return this.isChannel ? `#${this.title}` : this.title;
  }

  /** Everything in it was read, here or on another device. */
  read() {
    this.unread = 0;
    this.mentions.read();
    this.timesRead += 1;
  }

  /**
   * Whether it is all read if it is read up to this message, as far as the known messages show.
   * @param {ClientEvents["read"]["upTo"]} upTo
   */
  isReadWith(upTo) {
    const isUpTo = (/** @type {Message} */ { id, seq }) =>
      "seq" in upTo ? seq !== null && seq <= upTo.seq : id !== null && id <= upTo.id;
    const known = this.client.messages(this.id);
    const isLeft = known.some((each) => !(isUpTo(each) || each.isMine || each.isDeleted));
    return known.some(isUpTo) && !isLeft; // the known messages reach to the newest
  }

  /** @param {ListedChannel} listed with the hub's unread count; later messages are added */
  countListed({ lastSeq, unreadCount, unreadMentions = 0 }) {
    this.unread = unreadCount + this.countAfter(lastSeq);
    this.mentions.listed(unreadMentions, lastSeq);
  }

  /** Show the last remaining message in the list. */
  showLast() {
    const messages = this.client.messages(this.id);
    const last = messages.filter(({ isDeleted }) => !isDeleted).pop();
    this.last = last?.content ?? "";
    this.lastAt = last?.at ?? "";
  }

  /**
   * How many messages of others are known that came after this one.
   * @param {number} after its seq
   */
  countAfter(after) {
    return this.client
      .messages(this.id)
      .filter(({ isMine, isDeleted, seq }) => !(isMine || isDeleted) && (seq ?? 0) > after).length;
  }
}

/**
 * Whether two clients are signed in as one person: in channels the previous user may still be signed in.
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
