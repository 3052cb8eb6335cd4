/** Private messages: `/ws` and its REST. A conversation's id is the other person's user id. */

import { Kind, Status, UNANSWERED, UNCHANGED } from "../messages/message.js";
import { NotingClient } from "../calls/noting.js";

/**
 * @import { Conversation, Marks, MessageKind, Options, User, UserId } from "../parlour.js"
 * @import { StoredMessage } from "../messages/message.js"
 * @import { Entry } from "../messages/outbox.js"
 * @import { Dialect, NoteEvent } from "./dialect.d.ts"
 *
 * @typedef {object} WireReplies
 * @property {number} [reply_count]
 * @property {{ id: number, sender_id: UserId, created_at: string }} [last_reply]
 *
 * @typedef {{ unread_from: number | null, is_muted: boolean, muted_until: string | null }} WireMarks
 * @typedef {{ user_id: UserId, note: number } & WireMarks} WireNote
 * @typedef {{ user_id: UserId, note: number, message_id: number, seq: number, is_hidden: boolean }} WireHidden
 *
 * @typedef {object} WireMessage
 * @property {number} id
 * @property {number} seq
 * @property {string} [client_id]
 * @property {UserId} sender_id
 * @property {UserId} recipient_id
 * @property {string} content
 * @property {MessageKind} [message_type]
 * @property {string} [file_url]
 * @property {number} [parent_id]
 * @property {true} [is_forwarded]
 * @property {string} created_at
 * @property {boolean} is_read
 * @property {boolean} [is_delivered]
 * @property {number} [rev]
 * @property {string} [edited_at]
 * @property {boolean} [is_deleted]
 * @property {{ emoji: string, count: number, user_ids: UserId[] }[]} [reactions]
 * @property {{ user_id: UserId, username: string }[]} [mentions]
 * @property {number} [reply_count]
 * @property {WireReplies["last_reply"]} [last_reply]
 * @property {{ parent_id: number } & WireReplies} [thread]
 *
 * @typedef {(
 *   | { type: "private_message", message: WireMessage }
 *   | { type: "system", epoch: string }
 *   | { type: "message_updated" | "message_deleted" | "message_reaction", message: WireMessage }
 *   | { type: "mention", mentioned: boolean, message: WireMessage }
 *   | { type: "resumed", complete: boolean, reset?: true, revs?: Record<UserId, number>, notes?: number }
 *   | { type: "conversation_noted" } & WireNote
 *   | { type: "message_hidden" } & WireHidden
 *   | { type: "typing_indicator", sender_id: UserId, is_typing: boolean }
 *   | { type: "user_online_status", user_id: UserId, is_online: boolean }
 *   | { type: "messages_read", reader_id: UserId, sender_id: UserId, seq: number }
 *   | { type: "messages_delivered", recipient_id: UserId, seq: number }
 *   | { type: "revoked", user_id: UserId }
 *   | { type: "announcement", text: string, timestamp: string }
 *   | { type: "message_request", user_id: UserId, is_waiting: boolean }
 *   | { type: "error", code: string, message: string, client_id?: string }
 * )} ServerFrame
 */

const PAGE_SIZE = 100;

/** @type {Dialect<User, Conversation>} */
const DIALECT = {
  name: "private",
  restPrefix: "private_messages",
  path: "/ws?resume",
  followsAll: true,
  listPath: "/api/messages/conversations",
  listsNewestFirst: true,

  credentials: (login, password) => ({ email: login, password }),

  async me(rest) {
    return /** @type {User} */ (await rest.call("GET", "/api/auth/session"));
  },

  head: ({ user, last_seq: seq }) => [user.id, seq],

  lastRev: ({ last_rev: rev = 0 }) => rev,

  marks: (listed) => marksOf(listed),

  destination: (conversationId) => ({ recipient_id: conversationId }),

  changed: (answer, me) => toMessage(/** @type {WireMessage} */ (answer), me),

  isRead: (answer) => /** @type {WireMessage} */ (answer).is_read,

  followed(listed, me) {
    const thread = /** @type {{ message: WireMessage, unread_count: number, read_seq: number }} */ (
      listed
    );
    const { message, unread_count: unreadCount, read_seq: readSeq } = thread;
    return { message: toMessage(message, me), unreadCount, readSeq };
  },

  mutePath: (conversationId) => `/api/messages/${conversationId}/muted`,

  noted(answer) {
    const note = /** @type {WireNote | WireHidden} */ (answer);
    return "message_id" in note ? hidden(note) : noted(note);
  },

  historyPath: (conversationId) => `/api/messages/${conversationId}`,

  async older(rest, me, { conversationId, first, limit }) {
    const query = first === undefined ? "" : `before_seq=${first.seq}&`;
    const path = `/api/messages/${conversationId}?${query}limit=${limit}&mark_read=false`;
    return toMessages(await rest.call("GET", path), me);
  },

  async newer(rest, me, conversationId, seq) {
    const path = `/api/messages/${conversationId}?after_seq=${seq}&limit=${PAGE_SIZE}&mark_read=false`;
    return toMessages(await rest.call("GET", path), me);
  },

  async post(rest, me, entry) {
    const path = `/api/messages/${entry.conversationId}`;
    const body = { content: entry.content, ...optionalFields(entry) };
    const stored = await rest.call("POST", path, body, { "Idempotency-Key": entry.key });
    return toMessage(/** @type {WireMessage} */ (stored), me);
  },

  async markRead(rest, conversationId, { last }) {
    const upTo = last === undefined ? "" : `?up_to_seq=${last.seq}`;
    await rest.call("PUT", `/api/messages/${conversationId}/read${upTo}`);
  },

  resumeFrame: (after, epoch, only, revs, notes) => ({
    type: "resume",
    after,
    revs,
    ...(notes === null ? {} : { notes }),
    ...(epoch === null ? {} : { epoch }),
    ...(only ? { only } : {}),
  }),

  messageFrame: (entry) => ({
    type: "private_message",
    recipient_id: entry.conversationId,
    content: entry.content,
    client_id: entry.key,
    ...optionalFields(entry),
  }),

  typingFrame: (conversationId, isTyping) => ({
    type: "typing_indicator",
    recipient_id: conversationId,
    is_typing: isTyping,
  }),

  receiptFrame: ({ id }) => ({ type: "mark_delivered", message_id: id }),

  parse(received, me) {
    const frame = /** @type {ServerFrame} */ (received);
    switch (frame.type) {
      case "private_message":
        return { kind: "message", message: toMessage(frame.message, me) };
      case "system":
        return { kind: "welcome", epoch: frame.epoch };
      case "message_updated":
      case "message_deleted":
      case "message_reaction": {
        const revision = toMessage(frame.message, me);
        const { conversationId, rev } = revision;
        return { kind: "revised", conversationId, rev, revision };
      }
      case "mention": {
        const { conversationId, id, seq, author, content } = toMessage(frame.message, me);
        const isMentioned = frame.mentioned;
        return { kind: "mention", conversationId, id, seq, author, content, isMentioned };
      }
      case "resumed": {
        const { complete, reset = false, revs = {}, notes = null } = frame;
        return { kind: "resumed", complete, reset, revs, notes };
      }
      case "conversation_noted":
        return noted(frame);
      case "message_hidden":
        return hidden(frame);
      case "typing_indicator": {
        const { sender_id: sender, is_typing: isTyping } = frame;
        return { kind: "typing", conversationId: sender, who: sender, isTyping };
      }
      case "user_online_status":
        return { kind: "presence", user: frame.user_id, isOnline: frame.is_online };
      case "messages_read": {
        const isMine = frame.reader_id === me;
        const conversationId = isMine ? frame.sender_id : frame.reader_id;
        return { kind: "read", conversationId, isMine, upTo: { seq: frame.seq } };
      }
      case "messages_delivered": {
        const { recipient_id: conversationId, seq } = frame;
        return { kind: "delivered", conversationId, upTo: { seq } };
      }
      case "revoked":
        return { kind: "revoked", conversationId: frame.user_id };
      case "message_request":
        return { kind: "request", conversationId: frame.user_id, isWaiting: frame.is_waiting };
      case "announcement":
        return { kind: "announcement", text: frame.text, at: frame.timestamp };
      case "error": {
        const { code, message: text, client_id: key = null } = frame;
        return { kind: "error", code, text, key };
      }
      default:
        return null;
    }
  },
};

/** @param {Entry} entry */
function optionalFields({ kind, fileUrl, parentId }) {
  return {
    ...(kind === Kind.TEXT ? {} : { message_type: kind }),
    ...(fileUrl === null ? {} : { file_url: fileUrl }),
    ...(parentId === null ? {} : { parent_id: parentId }),
  };
}

/**
 * @param {WireMessage} stored
 * @param {UserId} me
 * @returns {StoredMessage}
 */
function toMessage(stored, me) {
  const isMine = stored.sender_id === me;
  const arrived = stored.is_delivered ? Status.DELIVERED : Status.SENT;
  return {
    id: stored.id,
    seq: stored.seq,
    key: stored.client_id ?? null,
    conversationId: isMine ? stored.recipient_id : stored.sender_id,
    author: stored.sender_id,
    authorName: null,
    isMine,
    content: stored.content,
    kind: stored.message_type ?? Kind.TEXT,
    fileUrl: stored.file_url ?? null,
    parentId: stored.parent_id ?? null,
    rootId: stored.thread?.parent_id ?? stored.parent_id ?? null,
    ...repliesTo(stored),
    thread: threadOf(stored),
    isForwarded: stored.is_forwarded ?? false,
    at: stored.created_at,
    ...stateOf(stored),
    status: stored.is_read ? Status.READ : arrived,
    failure: null,
  };
}

/** @param {WireReplies} stored */
function repliesTo({ reply_count: replyCount = 0, last_reply: last }) {
  const lastReply = last && { id: last.id, author: last.sender_id, at: last.created_at };
  return { ...UNANSWERED, replyCount, lastReply: lastReply ?? null };
}

/** @param {Pick<WireMessage, "thread">} stored */
function threadOf({ thread }) {
  return thread === undefined ? null : { rootId: thread.parent_id, ...repliesTo(thread) };
}

/** @type {(marks: Partial<WireMarks>) => Marks | null} older hubs have none */
function marksOf({ unread_from: unreadFrom, is_muted: isMuted, muted_until: mutedUntil }) {
  if (isMuted === undefined) return null;
  return { unreadFrom: unreadFrom ?? null, isMuted, mutedUntil: mutedUntil ?? null };
}

/** @type {(frame: WireNote) => NoteEvent} */
function noted({ user_id: conversationId, note, ...frame }) {
  const { unread_from: unreadFrom, is_muted: isMuted, muted_until: mutedUntil } = frame;
  return {
    kind: "noted",
    note: { conversationId, note, marks: { unreadFrom, isMuted, mutedUntil } },
  };
}

/** @type {(frame: WireHidden) => NoteEvent} */
function hidden({ user_id: conversationId, note, message_id: id, seq, is_hidden: isHidden }) {
  return { kind: "hidden", note: { conversationId, note, id, seq, isHidden } };
}

/**
 * The revisions of a message since it was posted.
 * @param {WireMessage} stored
 */
function stateOf({ rev, edited_at: editedAt, is_deleted: isDeleted, reactions, mentions }) {
  return {
    rev: rev ?? UNCHANGED.rev,
    editedAt: editedAt ?? UNCHANGED.editedAt,
    isDeleted: isDeleted ?? UNCHANGED.isDeleted,
    isPinned: UNCHANGED.isPinned, // private messages cannot be pinned
    reactions:
      reactions?.map(({ emoji, count, user_ids: users }) => ({ emoji, count, users })) ??
      UNCHANGED.reactions,
    mentions:
      mentions?.map(({ user_id: user, username }) => ({ user, username })) ?? UNCHANGED.mentions,
    mentionsChannel: UNCHANGED.mentionsChannel, // not possible in private conversations
  };
}

/**
 * @param {unknown} page
 * @param {UserId} me
 */
function toMessages(page, me) {
  return /** @type {WireMessage[]} */ (page).map((stored) => toMessage(stored, me));
}

/** @extends {NotingClient<User, Conversation>} */
export class ParlourClient extends NotingClient {
  /** @param {Options} [options] */
  constructor(options) {
    super(DIALECT, options);
  }

  /**
   * Make an account; see the hub's `/openapi.json` for its fields.
   * @param {Record<string, string>} account
   */
  async signUp(account) {
    const made = await this.call("POST", "/api/auth/register", account);
    return /** @type {{ user_id: UserId }} */ (made);
  }

  /**
   * The conversations, the latest first.
   * @param {(part: Conversation[]) => void} [onPart] is called with the first ones of a long list, and
   *   then with more and more of it
   */
  async conversations(onPart) {
    return this.list(onPart);
  }

  /** The conversations that are message requests to this user, the latest first. */
  async requests() {
    return (await this.list()).filter(({ is_request: isRequest }) => isRequest);
  }

  /**
   * Accept the message request of a user.
   * @param {UserId} userId
   */
  async acceptRequest(userId) {
    await this.call("POST", `/api/messages/requests/${userId}`);
  }

  /**
   * Take a message request out of the lists, until there is another message; its author gets no event.
   * @param {UserId} userId
   */
  async declineRequest(userId) {
    await this.call("DELETE", `/api/messages/requests/${userId}`);
  }

  /**
   * People by a username or a part of a name, without regard to accents; private ones by their whole
   * username only.
   * @param {string} text
   */
  async people(text) {
    const name = encodeURIComponent(text.trim().replace(/^@/, ""));
    const paths = [`/api/users?username=${name}`, `/api/users/all?name=${name}`];
    const found = await Promise.all(paths.map((path) => this.call("GET", path)));
    const users = /** @type {User[][]} */ (found).flat();
    return [...new Map(users.map((user) => [user.id, user])).values()];
  }

  /** The users who are online and whose presence this user may see. */
  async online() {
    return /** @type {User[]} */ (await this.call("GET", "/api/users/online"));
  }
}
