/** Replies to messages, and the user's notes, on the wire of `/ws/chat`. */

import { UNANSWERED } from "../messages/message.js";

/**
 * @import { ChannelId, Marks, UserId } from "../parlour.js"
 * @import { NoteEvent, ServerEvent } from "./dialect.d.ts"
 *
 * @typedef {object} WireReplies
 * @property {number} [replyCount]
 * @property {{ id: number, userId: UserId, createdAt: string }} [lastReply]
 *
 * @typedef {{ parentId: number } & WireReplies} WireThread
 * @typedef {{ channelId: ChannelId, note: number } & Marks} WireNote
 * @typedef {{ channelId: ChannelId, note: number, messageId: number, seq: number, isHidden: boolean }} WireHidden
 */

/** @param {WireReplies} stored */
export function repliesTo({ replyCount = 0, lastReply: last }) {
  const lastReply = last && { id: last.id, author: last.userId, at: last.createdAt };
  return { ...UNANSWERED, replyCount, lastReply: lastReply ?? null };
}

/** @param {WireThread | undefined} thread */
export function threadOf(thread) {
  return thread === undefined ? null : toThread(thread);
}

/**
 * @param {{ channelId: ChannelId, thread: WireThread }} frame
 * @returns {Extract<ServerEvent, { kind: "threaded" }>}
 */
export function threadReplied({ channelId: conversationId, thread }) {
  return { kind: "threaded", conversationId, thread: toThread(thread) };
}

/** @param {WireThread} thread */
function toThread({ parentId: rootId, ...replies }) {
  return { rootId, ...repliesTo(replies) };
}

/** @type {(listed: Partial<Marks>) => Marks | null} older hubs have none */
export function marksOf({ unreadFrom = null, isMuted, mutedUntil = null }) {
  return isMuted === undefined ? null : { unreadFrom, isMuted, mutedUntil };
}

/** @type {(frame: WireNote) => NoteEvent} */
export function noted({ channelId: conversationId, note, unreadFrom, isMuted, mutedUntil }) {
  return {
    kind: "noted",
    note: { conversationId, note, marks: { unreadFrom, isMuted, mutedUntil } },
  };
}

/** @type {(frame: WireHidden) => NoteEvent} */
export function hidden({ channelId: conversationId, note, messageId: id, seq, isHidden }) {
  return { kind: "hidden", note: { conversationId, note, id, seq, isHidden } };
}
