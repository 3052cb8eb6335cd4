/**
 * Channels of workspaces, where `@AI` answers too: `/ws/chat` and its REST. A conversation's id is
 * the channel's.
 */

import { Kind, Status, UNCHANGED, kindOf } from "../messages/message.js";
import { NotingClient } from "../calls/noting.js";
import { mention, mentionsOf } from "./channel_mentions.js";
import { hidden, marksOf, noted, repliesTo, threadOf, threadReplied } from "./channel_threads.js";

/**
 * @import { Channel, ChannelId, Message, Options } from "../parlour.js"
 * @import { Invitation, ListedChannel, Member, PlatformUser, UserId } from "../parlour.js"
 * @import { Workspace, WorkspaceRole, WorkspaceWithChannels } from "../parlour.js"
 * @import { StoredMessage } from "../messages/message.js"
 * @import { Entry } from "../messages/outbox.js"
 * @import { WireHidden, WireNote, WireReplies, WireThread } from "./channel_threads.js"
 * @import { WireMention, WireMentions } from "./channel_mentions.js"
 * @import { Dialect } from "./dialect.d.ts"
 *
 * @typedef {object} WireMessage
 * @property {number} id
 * @property {number} seq
 * @property {string} [clientMessageId]
 * @property {ChannelId} channelId
 * @property {UserId} authorId
 * @property {string} authorUsername
 * @property {string} content
 * @property {string} messageType
 * @property {string | null} fileUrl
 * @property {number} [parentId]
 * @property {true} [isForwarded]
 * @property {string} createdAt
 * @property {UserId[]} readBy
 * @property {number} [rev]
 * @property {string | null} [editedAt]
 * @property {boolean} [isDeleted]
 * @property {boolean} [isPinned]
 * @property {{ emoji: string, count: number, userIds: UserId[] }[]} [reactions]
 * @property {WireMentions["mentions"]} [mentions]
 * @property {WireMentions["mentionsChannel"]} [mentionsChannel]
 * @property {number} [replyCount]
 * @property {WireReplies["lastReply"]} [lastReply]
 * @property {WireThread} [thread]
 *
 * @typedef {{ channelId: ChannelId, rev: number }} Changed
 * @typedef {Changed & Pick<WireMessage, "seq" | "content" | "editedAt" | "isDeleted" | "isPinned" | "reactions" | "thread" | "mentions" | "mentionsChannel">}
 *   WireRevision
 *
 * @typedef {(
 *   | { type: "new_message", message: WireMessage }
 *   | { type: "connected", epoch: string }
 *   | WireRevision & { type: "message_updated" | "message_deleted" | "message_reaction" }
 *   | Changed & { type: "message_pinned" | "message_unpinned", messageId: number }
 *   | Changed & { type: "message_graded" }
 *   | { type: "mention" } & WireMention
 *   | { type: "resumed", complete: boolean, reset?: true, revs?: Record<ChannelId, number>, notes?: number }
 *   | { type: "channel_noted" } & WireNote
 *   | { type: "message_hidden" } & WireHidden
 *   | { type: "thread_reply", channelId: ChannelId, thread: WireThread }
 *   | { type: "user_typing" | "user_stop_typing", channelId: ChannelId, username: string }
 *   | { type: "message_read", channelId: ChannelId, messageId: number, userId: UserId }
 *   | { type: "channels_added", channels: (Channel & { lastSeq: number; lastRev?: number })[] }
 *   | { type: "invitations_changed", count: number }
 *   | { type: "announcement", text: string, timestamp: string }
 *   | { type: "left_channel", channelId: ChannelId }
 *   | { type: "error", code: string, message: string, clientMessageId?: string }
 * )} ServerFrame
 */

const PAGE_SIZE = 100;

/** @type {Dialect<PlatformUser, ListedChannel>} */
const DIALECT = {
  name: "channels",
  restPrefix: "learning_platform",
  path: "/ws/chat?resume",
  followsAll: false, // a user's dms are channels here, too
  listPath: "/api/users/me/channels", // of all workspaces of the user
  listsNewestFirst: false,

  credentials: (login, password) => ({ username: login, password }),

  async me(rest) {
    return /** @type {PlatformUser} */ (await rest.call("GET", "/api/users/me"));
  },

  head: ({ id, lastSeq }) => [id, lastSeq],

  lastRev: ({ lastRev = 0 }) => lastRev,

  marks: (listed) => marksOf(listed),

  destination: (conversationId) => ({ channelId: conversationId }),

  changed: (answer, me) => toMessage(/** @type {WireMessage} */ (answer), me),

  isRead: (answer, me) => /** @type {WireMessage} */ (answer).readBy.includes(me),

  followed(listed, me) {
    const { message, unreadCount, readSeq } =
      /** @type {{ message: WireMessage, unreadCount: number, readSeq: number }} */ (listed);
    return { message: toMessage(message, me), unreadCount, readSeq };
  },

  mutePath: (conversationId) => `/api/channels/${conversationId}/muted`,

  noted(answer) {
    const note = /** @type {WireNote | WireHidden} */ (answer);
    return "messageId" in note ? hidden(note) : noted(note);
  },

  historyPath: (conversationId) => `/api/channels/${conversationId}/messages`,

  async older(rest, me, { conversationId, first, limit }) {
    const before = first === undefined ? "" : `&before=${first.id}`;
    const path = `/api/channels/${conversationId}/messages?limit=${limit}${before}`;
    return toMessages(await rest.call("GET", path), me);
  },

  async newer(rest, me, conversationId, seq) {
    const path = `/api/channels/${conversationId}/messages?after_seq=${seq}&limit=${PAGE_SIZE}`;
    return toMessages(await rest.call("GET", path), me);
  },

  async post(rest, me, entry) {
    const stored = await rest.call("POST", "/api/messages", messageFields(entry));
    return toMessage(/** @type {WireMessage} */ (stored), me);
  },

  async markRead(rest, _conversationId, { last }) {
    if (last !== undefined) await rest.call("POST", `/api/messages/${last.id}/read`);
  },

  resumeFrame: (after, epoch, _only, revs, notes) => ({
    type: "resume",
    after,
    revs,
    ...(notes === null ? {} : { notes }),
    ...(epoch === null ? {} : { epoch }),
  }),

  messageFrame: (entry) => ({ type: "send_message", ...messageFields(entry) }),

  typingFrame: (conversationId, isTyping) => ({
    type: isTyping ? "typing" : "stop_typing",
    channelId: conversationId,
  }),

  receiptFrame: () => null, // channel messages show who has read them, not who has received them

  parse(received, me) {
    const frame = /** @type {ServerFrame} */ (received);
    switch (frame.type) {
      case "new_message":
        return { kind: "message", message: toMessage(frame.message, me) };
      case "connected":
        return { kind: "welcome", epoch: frame.epoch };
      case "message_updated":
      case "message_deleted":
      case "message_reaction": {
        const { channelId: conversationId, rev, seq, content } = frame;
        const revision = { seq, content, ...stateOf(frame), thread: threadOf(frame.thread) };
        return { kind: "revised", conversationId, rev, revision };
      }
      case "message_pinned":
      case "message_unpinned": {
        const { channelId: conversationId, rev, messageId: id, type } = frame;
        const pinned = { id, isPinned: type === "message_pinned" };
        return { kind: "revised", conversationId, rev, revision: null, pinned };
      }
      case "message_graded":
        return { kind: "revised", conversationId: frame.channelId, rev: frame.rev, revision: null };
      case "mention":
        return mention(frame);
      case "resumed": {
        const { complete, reset = false, revs = {}, notes = null } = frame;
        return { kind: "resumed", complete, reset, revs, notes };
      }
      case "channel_noted":
        return noted(frame);
      case "message_hidden":
        return hidden(frame);
      case "thread_reply":
        return threadReplied(frame);
      case "user_typing":
      case "user_stop_typing": {
        const { channelId: conversationId, username: who } = frame;
        return { kind: "typing", conversationId, who, isTyping: frame.type === "user_typing" };
      }
      case "message_read": {
        const { channelId: conversationId, messageId: id, userId } = frame;
        return { kind: "read", conversationId, isMine: userId === me, upTo: { id } };
      }
      case "channels_added":
        return { kind: "channels", channels: frame.channels };
      case "invitations_changed":
        return { kind: "invitations", count: frame.count };
      case "left_channel":
        return { kind: "revoked", conversationId: frame.channelId };
      case "announcement":
        return { kind: "announcement", text: frame.text, at: frame.timestamp };
      case "error": {
        const { code, message: text, clientMessageId: key = null } = frame;
        return { kind: "error", code, text, key };
      }
      default:
        return null;
    }
  },
};

/** @param {Entry} entry */
function messageFields({ conversationId, content, key, kind, fileUrl, parentId }) {
  return {
    channelId: conversationId,
    content,
    clientMessageId: key,
    ...(kind === Kind.TEXT ? {} : { messageType: kind }),
    ...(fileUrl === null ? {} : { fileUrl }),
    ...(parentId === null ? {} : { parentId }),
  };
}

/**
 * @param {WireMessage} stored
 * @param {UserId} me
 * @returns {StoredMessage}
 */
function toMessage(stored, me) {
  return {
    id: stored.id,
    seq: stored.seq,
    key: stored.clientMessageId ?? null,
    conversationId: stored.channelId,
    author: stored.authorId,
    authorName: stored.authorUsername,
    isMine: stored.authorId === me,
    content: stored.content,
    kind: kindOf(stored.messageType),
    fileUrl: stored.fileUrl,
    parentId: stored.parentId ?? null,
    rootId: stored.thread?.parentId ?? stored.parentId ?? null,
    ...repliesTo(stored),
    thread: threadOf(stored.thread),
    isForwarded: stored.isForwarded ?? false,
    at: stored.createdAt,
    ...stateOf(stored),
    status: stored.readBy.length > 0 ? Status.READ : Status.SENT,
    failure: null,
  };
}

/**
 * The revisions of a message since it was posted.
 * @param {Pick<WireMessage, "rev" | "editedAt" | "isDeleted" | "isPinned" | "reactions" | "mentions" | "mentionsChannel">} stored
 */
function stateOf({ rev, editedAt, isDeleted, isPinned, reactions, ...stored }) {
  return {
    rev: rev ?? UNCHANGED.rev,
    editedAt: editedAt ?? UNCHANGED.editedAt,
    isDeleted: isDeleted ?? UNCHANGED.isDeleted,
    isPinned: isPinned ?? UNCHANGED.isPinned,
    reactions:
      reactions?.map(({ emoji, count, userIds: users }) => ({ emoji, count, users })) ??
      UNCHANGED.reactions,
    ...mentionsOf(stored),
  };
}

/**
 * @param {unknown} page
 * @param {UserId} me
 */
function toMessages(page, me) {
  return /** @type {WireMessage[]} */ (page).map((stored) => toMessage(stored, me));
}

/** @extends {NotingClient<PlatformUser, ListedChannel>} */
export class ChannelsClient extends NotingClient {
  /** @param {Options} [options] */
  constructor(options) {
    super(DIALECT, options);
  }

  /**
   * The user's workspaces, each with its `channels`. New ones are followed from now on.
   * @param {(part: WorkspaceWithChannels[]) => void} [onPart] is called with them and the first
   *   channels of a long list, and then with more and more channels
   */
  async workspaces(onPart = () => undefined) {
    const found = /** @type {Workspace[]} */ (await this.call("GET", "/api/workspaces"));
    const withTheir = (/** @type {ListedChannel[]} */ listed) =>
      found.map((workspace) => ({
        ...workspace,
        channels: listed.filter(({ workspaceId }) => workspaceId === workspace.id),
      }));
    const channels = await this.list((part) => onPart(withTheir(part)));
    this.follow(new Map(channels.filter(({ id }) => !this.isFollowing(id)).map(DIALECT.head)));
    return withTheir(channels);
  }

  /**
   * Make a workspace of one's own.
   * @param {string} name
   */
  async createWorkspace(name) {
    return /** @type {Workspace} */ (await this.call("POST", "/api/workspaces", { name }));
  }

  /**
   * Make a channel, and be in it.
   * @param {number} workspaceId
   * @param {string} name
   */
  async createChannel(workspaceId, name) {
    const made = await this.call("POST", "/api/channels", { workspaceId, name });
    const channel = /** @type {Channel} */ (made);
    this.follow(new Map([[channel.id, 0]]));
    return channel;
  }

  /**
   * Add a user to a workspace. If the user must accept first, they are not a member in the result yet.
   * @param {number} workspaceId
   * @param {UserId} userId
   */
  async addMember(workspaceId, userId) {
    const path = `/api/workspaces/${workspaceId}/members`;
    return /** @type {Workspace} */ (await this.call("POST", path, { userId }));
  }

  /** @param {number} workspaceId */
  async members(workspaceId) {
    const path = `/api/workspaces/${workspaceId}/members`;
    return /** @type {Member[]} */ (await this.call("GET", path));
  }

  /**
   * Remove a member, or leave.
   * @param {number} workspaceId
   * @param {UserId} userId
   */
  async removeMember(workspaceId, userId) {
    await this.call("DELETE", `/api/workspaces/${workspaceId}/members/${userId}`);
  }

  /**
   * @param {number} workspaceId
   * @param {UserId} userId
   * @param {WorkspaceRole} role
   */
  async changeRole(workspaceId, userId, role) {
    await this.call("PUT", `/api/workspaces/${workspaceId}/members/${userId}`, { role });
  }

  /**
   * Pin a stored message; for moderators. The call is retried until it succeeds, like editing.
   * @param {Message} message
   * @throws {CallFailed} refused for good, as with `not_allowed`
   */
  async pin(message) {
    await this.calls.session.revisions.pin(message, true);
  }

  /**
   * @param {Message} message
   * @throws {CallFailed}
   */
  async unpin(message) {
    await this.calls.session.revisions.pin(message, false);
  }

  /**
   * The pinned messages of a channel, in the order in which they were pinned.
   * @param {ChannelId} channelId
   * @returns {Promise<readonly Message[]>}
   */
  async pinned(channelId) {
    const { rest, session } = this.calls;
    return toMessages(await rest.call("GET", `/api/channels/${channelId}/pinned`), session.me.id);
  }

  async invitations() {
    return /** @type {Invitation[]} */ (await this.call("GET", "/api/users/me/invitations"));
  }

  /** @param {number} workspaceId */
  async acceptInvitation(workspaceId) {
    const path = `/api/users/me/invitations/${workspaceId}`;
    return /** @type {Workspace} */ (await this.call("POST", path));
  }

  /** @param {number} workspaceId */
  async declineInvitation(workspaceId) {
    await this.call("DELETE", `/api/users/me/invitations/${workspaceId}`);
  }
}
