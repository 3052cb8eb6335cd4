/**
 * All conversations of the user, with people and in channels: what the list shows of them.
 *
 * What it promises: an unread count is the server's, plus later messages; an open conversation that the
 * user looks at has none; message requests are not in the list. It calls `onChange` after every change,
 * and draws nothing.
 */

import { Loader } from "../dom/loader.js";
import { Conversation, isSamePerson, keyOf } from "./conversation.js";
import { Namesakes } from "./namesakes.js";

/**
 * @import { Channel, ChannelsClient, ConversationId, ListedChannel, Message } from "../../sdk/parlour.js"
 * @import { ClientEvents, ParlourClient, User, Workspace } from "../../sdk/parlour.js"
 * @import { Conversation as Listed, WorkspaceWithChannels } from "../../sdk/parlour.js"
 * @import { AnyClient } from "./conversation.js"
 */

export class Conversations {
  openKey = ""; // of the conversation that is open
  #client;
  #channels;
  #isSeen;
  #onChange;
  /** @type {Map<string, Conversation>} */
  #byKey = new Map();
  #namesakes = new Namesakes();
  #lastOrder = 0;
  #people = new Loader((isUsable) => this.#loadPeople(isUsable));
  #ofChannels = new Loader(() => this.#loadChannels());

  /**
   * @param {ParlourClient} client
   * @param {ChannelsClient} channels
   * @param {(key: string) => boolean} isSeen whether a message that arrives there is seen at once
   * @param {() => void} onChange
   */
  constructor(client, channels, isSeen, onChange) {
    this.#client = client;
    this.#channels = channels;
    this.#isSeen = isSeen;
    this.#onChange = onChange;
  }

  /** The conversations of the list. */
  all() {
    return this.#every().filter(({ isRequest }) => !isRequest);
  }

  /** The message requests, the latest first. */
  requests() {
    return this.#every()
      .filter(({ isRequest }) => isRequest)
      .reverse();
  }

  #every() {
    return [...this.#byKey.values()];
  }

  /** @param {string} key */
  known(key) {
    return this.#byKey.get(key);
  }

  /**
   * The conversation with this key, as soon as it is known.
   * @param {string} key
   * @returns {Promise<Conversation | null>} null: there is none
   */
  async find(key) {
    const [, kind = "", id = ""] = /^(person|channel)\.(\d+)$/.exec(key) ?? [];
    const loaded = { person: this.#people.isLoaded, channel: this.#ofChannels.isLoaded }[kind];
    if (!this.#byKey.has(key)) await loaded;
    const known = this.#byKey.get(key) ?? null;
    if (known !== null || kind !== "person") return known;
    try {
      const user = await this.#client.call("GET", `/api/users/${id}`);
      return this.withPerson(/** @type {User} */ (user));
    } catch {
      return null;
    }
  }

  /** Load the conversations with people. */
  async loadPeople() {
    await this.#people.run();
  }

  /** Load the channels, with their unread counts. */
  async loadChannels() {
    await this.#ofChannels.run();
  }

  /** Blocks or accepted requests have changed, and with them the unread counts, in channels too. */
  async relationsChanged() {
    void this.loadChannels();
    await this.loadPeople();
  }

  /** @param {() => void} isUsable called when the latest are known */
  async #loadPeople(isUsable) {
    /** @type {Set<Conversation>} */
    const later = new Set(); // with messages that came meanwhile, which are newer
    let began = this.#lastOrder;
    let taken = 0;
    const take = (/** @type {Listed[]} */ found) => {
      for (const each of this.#every()) if (each.order > began) later.add(each);
      for (const each of found.slice(taken)) this.#take(each, later);
      taken = found.length;
      const inOrder = [...later].sort((one, other) => one.order - other.order);
      const listed = found.map(({ user }) => this.withPerson(user)).reverse();
      for (const each of listed) if (!later.has(each)) this.#toEnd(each);
      for (const each of inOrder) this.#toEnd(each);
      began = this.#lastOrder;
      this.#onChange();
      isUsable();
      return new Set(listed);
    };
    try {
      const found = take(await this.#client.conversations(take));
      for (const each of this.#every()) {
        const isGone = !(found.has(each) || later.has(each));
        if (each.isRequest && isGone) this.#byKey.delete(each.key); // it was declined
      }
      this.#onChange();
    } catch {
      // the banner shows why; it is loaded again when there is a connection
    }
  }

  /**
   * @param {Listed} listed
   * @param {Set<Conversation>} later those with messages since
   */
  #take(listed, later) {
    const conversation = this.withPerson(listed.user);
    conversation.isOnline = listed.is_online;
    conversation.isNew = false;
    conversation.isRequest = listed.is_request;
    const isSeen = this.#isSeen(conversation.key);
    conversation.mentions.listed(isSeen ? 0 : (listed.unread_mentions ?? 0), listed.last_seq);
    if (later.has(conversation)) {
      if (conversation.unread > 0)
        conversation.unread = listed.unread_count + conversation.countAfter(listed.last_seq);
      return;
    }
    conversation.unread = isSeen ? 0 : listed.unread_count;
    conversation.last = listed.last_message;
    conversation.lastAt = listed.last_message_time;
  }

  async #loadChannels() {
    if (!isSamePerson(this.#client, this.#channels)) return;
    const timesRead = new Map(this.#every().map((each) => [each, each.timesRead]));
    const take = (/** @type {WorkspaceWithChannels[]} */ workspaces) => {
      const found = workspaces.flatMap((workspace) =>
        workspace.channels.map((channel) => {
          const conversation = this.inChannel(channel, workspace);
          const isReadMeanwhile = timesRead.get(conversation) !== conversation.timesRead;
          if (!(isReadMeanwhile || this.#isSeen(conversation.key)))
            conversation.countListed(channel);
          return conversation;
        }),
      );
      this.#onChange();
      return new Set(found);
    };
    try {
      const found = take(await this.#channels.workspaces(take));
      for (const each of this.#every()) {
        if (each.isChannel && !found.has(each)) this.#byKey.delete(each.key);
      }
    } catch {
      return; // as above
    }
    this.#onChange();
  }

  /**
   * A message mentions the user, or does so no longer.
   * @param {AnyClient} client
   * @param {ClientEvents["mention"]} mention
   * @returns {Conversation | null} its conversation, if the mention is new and unread; else null
   */
  mentioned(client, mention) {
    const conversation = this.#byKey.get(keyOf(client, mention.conversationId));
    if (conversation === undefined || this.#isSeen(conversation.key)) return null;
    if (conversation.mentions.mayBeListed(mention)) void this.#countAgain(conversation);
    const isNew = conversation.mentions.told(mention);
    this.#onChange();
    return isNew && !conversation.isRequest ? conversation : null;
  }

  /**
   * The conversation with a person, made if there is none yet.
   * @param {User} user
   */
  withPerson(user) {
    const key = keyOf(this.#client, user.id);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const conversation = new Conversation(this.#client, user.id, user.name, user.username);
    conversation.isNew = true;
    this.#byKey.set(key, conversation);
    this.#namesakes.tellApart(conversation);
    return conversation;
  }

  /**
   * The conversation in a channel, made if there is none yet.
   * @param {Channel | ListedChannel} channel
   * @param {Workspace} workspace
   */
  inChannel(channel, workspace) {
    const { id, name } = channel;
    const key = keyOf(this.#channels, id);
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.workspace = workspace;
      return known;
    }
    const conversation = new Conversation(this.#channels, id, name, "", workspace);
    this.#byKey.set(key, conversation);
    if (!("lastSeq" in channel)) return conversation; // it was just made
    if (!this.#isSeen(key)) conversation.countListed(channel);
    if (channel.lastMessage !== null) {
      conversation.last = channel.lastMessage.content;
      conversation.lastAt = channel.lastMessage.createdAt;
    }
    return conversation;
  }

  /**
   * A message came or changed.
   * @param {AnyClient} client
   * @param {Message} message
   * @returns {Conversation | null} its conversation, if the message is unread there; else null
   */
  messageChanged(client, message) {
    const key = keyOf(client, message.conversationId);
    const conversation = this.#byKey.get(key);
    if (conversation === undefined || (conversation.isNew && message.seq !== null)) {
      if (conversation !== undefined) conversation.isNew = false;
      // after the first message the presence of the person may be visible
      void (client === this.#client ? this.loadPeople() : this.loadChannels());
    }
    if (conversation === undefined) return null;
    conversation.last = message.content;
    this.#toEnd(conversation);
    if (message.seq !== null) conversation.lastAt = message.at; // before that, `at` is by this machine's clock
    if (message.isMine) conversation.isRequest = false; // a reply accepts it
    const isUnread = !message.isMine && !this.#isSeen(key);
    if (isUnread) conversation.unread += 1;
    this.#onChange();
    return isUnread && !conversation.isRequest ? conversation : null;
  }

  /**
   * A message was changed, deleted, or discarded: the list shows the last that remains, and the unread
   * count is loaded from the server.
   * @param {AnyClient} client
   * @param {ConversationId} id
   * @param {boolean} isGone whether the message is gone
   */
  async revised(client, id, isGone) {
    const conversation = this.#byKey.get(keyOf(client, id));
    if (conversation === undefined) return;
    conversation.showLast();
    this.#onChange();
    if (!isGone || conversation.unread + conversation.mentions.count === 0) return;
    try {
      if (client.messages(id).length === 0) await client.loadOlder(id);
    } catch {
      return; // as above
    }
    await this.#countAgain(conversation);
    conversation.showLast();
    this.#onChange();
  }

  /** @type {(conversation: Conversation) => Promise<void>} */
  #countAgain({ isChannel }) {
    return isChannel ? this.loadChannels() : this.loadPeople();
  }

  /**
   * The user's notes on it have changed, here or on another device: the unread count is loaded again.
   * @param {AnyClient} client
   * @param {ConversationId} id
   */
  async noted(client, id) {
    const conversation = this.#byKey.get(keyOf(client, id));
    if (conversation === undefined) return;
    this.#onChange();
    await this.#countAgain(conversation);
  }

  /** A mute has ended: messages that mention everybody in the channel mention the user again. */
  muteEnded() {
    this.#onChange();
    void this.loadChannels();
  }

  /**
   * It was read on another device: later messages stay unread.
   * @param {AnyClient} client
   * @param {ClientEvents["read"]} read
   */
  async readElsewhere(client, { conversationId, upTo }) {
    const conversation = this.#byKey.get(keyOf(client, conversationId));
    if (conversation === undefined) return;
    const isUnread = conversation.unread + conversation.mentions.count > 0;
    if (isUnread && !conversation.isReadWith(upTo)) await this.#countAgain(conversation);
    else this.read(conversation.key);
  }

  /**
   * Everything in it was read, here or on another device.
   * @param {string} key
   */
  read(key) {
    const conversation = this.#byKey.get(key);
    if (conversation === undefined) return;
    conversation.read();
    this.#onChange();
  }

  /**
   * @param {ConversationId} userId
   * @param {boolean} isOnline
   */
  presenceChanged(userId, isOnline) {
    const conversation = this.#byKey.get(keyOf(this.#client, userId));
    if (conversation === undefined) return;
    conversation.isOnline = isOnline;
    this.#onChange();
  }

  /** Without a connection, presence is not known. */
  forgetPresence() {
    for (const conversation of this.#byKey.values()) conversation.isOnline = false;
    this.#onChange();
  }

  /**
   * The user may no longer see it: a channel is removed, the history with a person stays.
   * @param {string} key
   */
  revoked(key) {
    if (this.#byKey.get(key)?.isChannel) this.#byKey.delete(key);
    this.#onChange();
  }

  /**
   * It has the latest message. The map keeps the order too, so that sorting is cheap.
   * @param {Conversation} conversation
   */
  #toEnd(conversation) {
    this.#lastOrder += 1;
    conversation.order = this.#lastOrder;
    this.#byKey.delete(conversation.key);
    this.#byKey.set(conversation.key, conversation);
  }
}
