/** The user's activity beside conversations: messages that mention them, and threads that they follow. */

import { isSamePerson, keyOf } from "../conversation/conversation.js";
import { NewestFirst } from "./newest_first.js";

/**
 * @import { ChannelsClient, FollowedThread, Message, ParlourClient } from "../../sdk/parlour.js"
 * @import { AnyClient, Conversation } from "../conversation/conversation.js"
 * @import { Conversations } from "../conversation/conversations.js"
 *
 * @typedef {object} Entry
 * @property {Conversation} conversation where it is
 * @property {Message} message
 * @property {number} unread how many of its messages are unread
 *
 * @typedef {Omit<Entry, "conversation"> & { client: AnyClient }} Listed
 */

/**
 * @template {Listed} Each
 * @typedef {(cursor: string | undefined) => Promise<{ items: Each[], cursor: string | null }>} Page
 */

export class Activity {
  #client;
  #channels;
  #conversations;

  /**
   * @param {ParlourClient} client
   * @param {ChannelsClient} channels
   * @param {Conversations} conversations
   */
  constructor(client, channels, conversations) {
    this.#client = client;
    this.#channels = channels;
    this.#conversations = conversations;
  }

  /** How many messages that mention the user are unread, as far as the list knows. */
  get unreadMentions() {
    return this.#conversations.all().reduce((sum, { mentions }) => sum + mentions.count, 0);
  }

  /** The messages that mention the user, read or not, the newest first. */
  mentions() {
    return this.#all(
      (client) => async (cursor) => {
        const page = await client.mentions(cursor === undefined ? {} : { cursor });
        const items = page.mentions.map(({ message, isUnread }) => ({
          client,
          message,
          unread: isUnread ? 1 : 0,
        }));
        return { items, cursor: page.cursor };
      },
      ({ message }) => message.id ?? 0,
    );
  }

  /**
   * The threads that the user follows, those with the newest replies first.
   * @param {boolean} [isWhole] false: only the first page of each client
   */
  threads(isWhole = true) {
    return this.#all(
      (client) => async (cursor) => {
        const page = await client.threads(cursor === undefined ? {} : { cursor });
        const items = page.threads.map((thread) => entryOf(client, thread));
        return { items, cursor: isWhole ? page.cursor : null };
      },
      ({ message }) => message.lastReply?.id ?? message.id ?? 0,
    );
  }

  /**
   * The items of both clients that are in a conversation of the list.
   * @param {(client: AnyClient) => Page<Listed>} pagesOf
   * @param {(item: Listed) => number} order
   */
  async *#all(pagesOf, order) {
    const isInChannels = isSamePerson(this.#client, this.#channels);
    const clients = isInChannels ? [this.#client, this.#channels] : [this.#client];
    const all = new NewestFirst(clients.map((client) => ({ page: pagesOf(client), order })));
    // biome-ignore lint/performance/noAwaitInLoops: one after the other
    for (let each = await all.next(); each !== null; each = await all.next()) {
      const key = keyOf(each.client, each.message.conversationId);
      const conversation = await this.#conversations.find(key); // the channels client returns private ones, too
      if (conversation !== null && !conversation.isRequest) yield { ...each, conversation };
    }
  }
}

/**
 * @param {AnyClient} client
 * @param {FollowedThread} thread
 */
function entryOf(client, { message, unreadCount: unread }) {
  return { client, message, unread };
}
