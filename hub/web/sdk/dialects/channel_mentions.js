/** Mentions in messages of channels, on the wire of `/ws/chat` and in its REST. */

import { UNCHANGED } from "../messages/message.js";

/**
 * @import { ChannelId, UserId } from "../parlour.js"
 *
 * @typedef {object} WireMentions
 * @property {{ userId: UserId, username: string }[]} [mentions]
 * @property {true} [mentionsChannel]
 *
 * @typedef {{ messageId: number, channelId: ChannelId, mentioned: boolean, seq: number,
 *   authorId: UserId, content: string }} WireMention
 */

/** @param {WireMentions} stored */
export function mentionsOf({ mentions, mentionsChannel }) {
  const found = mentions?.map(({ userId: user, username }) => ({ user, username }));
  return {
    mentions: found ?? UNCHANGED.mentions,
    mentionsChannel: mentionsChannel ?? UNCHANGED.mentionsChannel,
  };
}

/**
 * @param {WireMention} frame
 * @returns {{ kind: "mention" } & import("../parlour.js").MentionDetail}
 */
export function mention({ channelId, messageId: id, authorId: author, mentioned, ...told }) {
  const { seq, content } = told;
  const isMentioned = mentioned;
  return { kind: "mention", conversationId: channelId, id, seq, author, content, isMentioned };
}
