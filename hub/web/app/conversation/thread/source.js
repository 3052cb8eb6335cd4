/** The source of a list of messages: a conversation, or one of its threads. */

/**
 * @import { Message } from "../../../sdk/parlour.js"
 * @import { Conversation } from "../conversation.js"
 *
 * @typedef {object} Source
 * @property {string} label the list's name
 * @property {number | null} rootId the id of the thread's root; null: it is no thread
 * @property {() => readonly Message[]} messages those that are known, oldest first
 * @property {(limit: number) => Promise<boolean>} loadOlder returns whether there may be more
 * @property {() => number} unread how many of the newest are unread
 */

/**
 * @param {Conversation} conversation
 * @returns {Source}
 */
export function wholeOf(conversation) {
  const { client, id, name } = conversation;
  return {
    label: `Messages with ${name}`,
    rootId: null,
    messages: () => client.messages(id),
    loadOlder: (limit) => client.loadOlder(id, limit),
    unread: () => conversation.unread,
  };
}

/**
 * @param {Conversation} conversation
 * @param {Message} message any of the thread
 * @returns {Source}
 */
export function threadOf({ client, name }, message) {
  return {
    label: `Thread with ${name}`,
    rootId: message.rootId ?? message.id,
    messages: () => client.thread(message),
    loadOlder: (limit) => client.loadReplies(message, limit),
    unread: () => 0,
  };
}
