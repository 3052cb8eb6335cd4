/**
 * All conversations of the user, with people and in channels: what the list shows of them.
 *
 * What it promises: an unread count is the server's, plus what came since; what is open and looked
 * at has none. It calls `onChange` after every change, and draws nothing.
 */

import { Conversation, keyOf } from "./conversation.js";

/**
 * @import { Channel, ChannelsClient, ConversationId, Message } from "../../sdk/parlour.js"
 * @import { ParlourClient, User, Workspace } from "../../sdk/parlour.js"
 * @import { AnyClient } from "./conversation.js"
 */

export class Conversations {
  /** @type {string | null} */
  openKey = null; // of the conversation that is open
  #client;
  #channels;
  #onChange;
  /** @type {Map<string, Conversation>} */
  #byKey = new Map();
  #lastOrder = 0;
  #ofPeople = firstLoad();
  #ofChannels = firstLoad();

  /**
   * @param {ParlourClient} client
   * @param {ChannelsClient} channels
   * @param {() => void} onChange
   */
  constructor(client, channels, onChange) {
    this.#client = client;
    this.#channels = channels;
    this.#onChange = onChange;
  }

  all() {
    return [...this.#byKey.values()];
  }

  /**
   * The one with this key, as soon as it is known.
   * @param {string} key
   * @returns {Promise<Conversation | null>} null: there is none
   */
  async find(key) {
    const [, kind = "", id = ""] = /^(person|channel)\.(\d+)$/.exec(key) ?? [];
    const loaded = { person: this.#ofPeople.isLoaded, channel: this.#ofChannels.isLoaded }[kind];
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

  /** Load those with people. */
  async loadPeople() {
    await this.#loadPeople();
    this.#ofPeople.loaded();
  }

  /** Load those in channels. */
  async loadChannels() {
    await this.#loadChannels();
    this.#ofChannels.loaded();
  }

  async #loadPeople() {
    let found;
    try {
      found = await this.#client.conversations();
    } catch {
      return; // the banner says why; it is loaded again when there is a connection
    }
    for (const each of found.reverse()) {
      const conversation = this.withPerson(each.user);
      const isSeen = this.#isSeen(conversation.key);
      conversation.unread = isSeen ? 0 : each.unread_count;
      conversation.last = each.last_message;
      conversation.lastAt = each.last_message_time;
      conversation.order = this.#nextOrder();
      conversation.isOnline = each.is_online;
      conversation.isNew = false;
    }
    this.#onChange();
  }

  async #loadChannels() {
    if (this.#channels.me === null) return;
    try {
      const workspaces = await this.#channels.workspaces();
      const loading = workspaces.flatMap((workspace) =>
        workspace.channels.map((channel) => this.inChannel(channel, workspace)),
      );
      await Promise.all(loading); // the browser bounds how many requests are under way
    } catch {
      return; // as above
    }
    this.#onChange();
  }

  /**
   * The one with a person, made if there is none yet.
   * @param {User} user
   */
  withPerson(user) {
    const key = keyOf(this.#client, user.id);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const conversation = new Conversation(this.#client, user.id, user.name);
    conversation.isNew = true;
    this.#byKey.set(key, conversation);
    return conversation;
  }

  /**
   * The one in a channel, as the server knows it now.
   * @param {Channel} channel
   * @param {Workspace} workspace
   */
  async inChannel({ id, name }, workspace) {
    const key = keyOf(this.#channels, id);
    const conversation =
      this.#byKey.get(key) ?? new Conversation(this.#channels, id, name, workspace);
    conversation.workspace = workspace;
    this.#byKey.set(key, conversation);
    const newest = await this.#channels.newest(id);
    if (newest !== null) {
      conversation.last = newest.content;
      conversation.lastAt = newest.at;
    }
    if (key !== this.openKey) conversation.unread = await this.#channels.unread(id);
    return conversation;
  }

  /**
   * A message came or changed.
   * @param {AnyClient} client
   * @param {Message} message
   * @returns {Conversation | null} where it is unread; null: it is not
   */
  messageChanged(client, message) {
    const key = keyOf(client, message.conversationId);
    const conversation = this.#byKey.get(key);
    if (conversation === undefined || (conversation.isNew && message.seq !== null)) {
      if (conversation !== undefined) conversation.isNew = false;
      // from the first message on one may know whether a person is online
      void (client === this.#client ? this.loadPeople() : this.loadChannels());
    }
    if (conversation === undefined) return null;
    conversation.last = message.content;
    conversation.order = this.#nextOrder();
    if (message.seq !== null) conversation.lastAt = message.at; // before, it is by this clock
    const isUnread = !message.isMine && !this.#isSeen(key);
    if (isUnread) conversation.unread += 1;
    this.#onChange();
    return isUnread ? conversation : null;
  }

  /**
   * Everything in it was read, here or on another device.
   * @param {string} key
   */
  read(key) {
    const conversation = this.#byKey.get(key);
    if (conversation === undefined) return;
    conversation.unread = 0;
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

  /** Without a connection nobody knows who is online. */
  forgetPresence() {
    for (const conversation of this.#byKey.values()) conversation.isOnline = false;
    this.#onChange();
  }

  /**
   * The user may not see it any more: a channel is forgotten, of a person the history stays.
   * @param {string} key
   */
  revoked(key) {
    if (this.#byKey.get(key)?.isChannel) this.#byKey.delete(key);
    this.#onChange();
  }

  /** @param {string} key */
  #isSeen(key) {
    return key === this.openKey && !document.hidden;
  }

  #nextOrder() {
    this.#lastOrder += 1;
    return this.#lastOrder;
  }
}

/** A promise of the first time that something is loaded. */
function firstLoad() {
  /** @type {() => void} */
  let loaded = () => undefined;
  const isLoaded = new Promise((resolve) => {
    loaded = () => resolve(undefined);
  });
  return { isLoaded, loaded };
}
