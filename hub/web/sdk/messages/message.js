/** What messages have in common, in every dialect. */

/**
 * @import { LastReply, Message, MessageKind } from "../parlour.js"
 * @import { Entry } from "./outbox.js"
 *
 * @typedef {Pick<Message, "rev" | "content" | "editedAt" | "isDeleted" | "isPinned" | "reactions" | "mentions" | "mentionsChannel"> & { seq: number, thread?: Thread | null }}
 *   Revision what a message is after it was changed
 * @typedef {Message & { readonly id: number, readonly seq: number, readonly author: number, readonly thread: Thread | null }}
 *   StoredMessage
 * @typedef {Pick<Message, "replyCount" | "lastReply" | "isFollowed">} Replies what is known of those to a message
 * @typedef {{ rootId: number, replyCount: number, lastReply: LastReply | null }} Thread
 *   the thread of a reply, as it is after that reply
 * @typedef {Message & { readonly key: string }} PendingMessage one that is in the outbox
 */

/** The delivery status of an own message. */
export const Status = Object.freeze({
  SENDING: "sending",
  SENT: "sent",
  DELIVERED: "delivered",
  READ: "read",
  FAILED: "failed",
});

/** How a message is to be shown. */
export const Kind = Object.freeze({ TEXT: "text", FILE: "file", IMAGE: "image" });

/** The state of a message that was never changed. */
export const UNCHANGED = Object.freeze({
  rev: 0,
  editedAt: null,
  isDeleted: false,
  isPinned: false,
  reactions: /** @type {Message["reactions"]} */ (Object.freeze([])),
  mentions: /** @type {Message["mentions"]} */ (Object.freeze([])),
  mentionsChannel: false,
});

/** The replies of a message that has none. */
export const UNANSWERED = Object.freeze({ replyCount: 0, lastReply: null, isFollowed: null });

/**
 * Kinds that this page does not know are shown as text.
 * @param {string} name
 * @returns {MessageKind}
 */
export function kindOf(name) {
  return Object.values(Kind).find((known) => known === name) ?? Kind.TEXT;
}

/**
 * The revision of a deleted message, of which only the `seq` is left.
 * @param {{ seq: number, rev: number }} message
 * @returns {Revision}
 */
export function deletion({ seq, rev }) {
  return { seq, ...UNCHANGED, rev, content: "", isDeleted: true };
}

/**
 * The message of an outbox entry.
 * @param {Entry} entry
 * @returns {PendingMessage}
 */
export function pendingMessage({
  key,
  conversationId,
  content,
  kind,
  fileUrl,
  parentId,
  at,
  failure,
}) {
  return {
    id: null,
    seq: null,
    key,
    conversationId,
    author: null,
    authorName: null,
    isMine: true,
    content,
    kind,
    fileUrl,
    parentId,
    rootId: parentId,
    ...UNANSWERED,
    isForwarded: false,
    at,
    ...UNCHANGED,
    status: failure === null ? Status.SENDING : Status.FAILED,
    failure,
  };
}
