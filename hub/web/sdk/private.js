/** Private messages: `/ws` and its REST. A place is the other person's user id. */

import { Client } from "./client.js";
import { Kind, Status } from "./message.js";

const DIALECT = Object.freeze({
  name: "private",
  surface: "private_messages",
  path: "/ws?resume",

  credentials: (login, password) => ({ email: login, password }),

  me: (rest) => rest.call("GET", "/api/auth/session"),

  /** By place, the newest seq. */
  async heads(rest) {
    const found = await rest.call("GET", "/api/messages/conversations");
    return new Map(found.map(({ user, last_seq: seq }) => [user.id, seq]));
  },

  older(rest, place, first, limit) {
    const newest = `/api/messages/${place}?limit=${limit}`;
    if (first === undefined) return rest.call("GET", newest);
    const after = Math.max(0, first.seq - 1 - limit);
    return rest.call("GET", `/api/messages/${place}?after_seq=${after}&limit=${limit}`);
  },

  newer: (rest, place, seq, limit) =>
    rest.call("GET", `/api/messages/${place}?after_seq=${seq}&limit=${limit}`),

  post: (rest, { place, content, key, ...more }) =>
    rest.call(
      "POST",
      `/api/messages/${place}`,
      { content, ...extras(more) },
      { "Idempotency-Key": key },
    ),

  markRead: (place, _, rest) => rest.call("PUT", `/api/messages/${place}/read`),

  frame: ({ place, content, key, ...more }) => ({
    type: "private_message",
    recipient_id: place,
    content,
    client_id: key,
    ...extras(more),
  }),

  typing: (place, isTyping) => ({
    type: "typing_indicator",
    recipient_id: place,
    is_typing: isTyping,
  }),

  shown: (message) => ({ type: "mark_delivered", message_id: message.id }),

  stored(raw, me) {
    const isMine = raw.sender_id === me;
    const arrived = raw.is_delivered ? Status.DELIVERED : Status.SENT;
    return {
      id: raw.id,
      seq: raw.seq,
      key: raw.client_id ?? null,
      place: isMine ? raw.recipient_id : raw.sender_id,
      author: raw.sender_id,
      authorName: null,
      isMine,
      content: raw.content,
      kind: raw.message_type ?? Kind.TEXT,
      fileUrl: raw.file_url ?? null,
      parentId: raw.parent_id ?? null,
      at: raw.created_at,
      status: raw.is_read ? Status.READ : arrived,
      failure: null,
    };
  },

  hear(frame, me) {
    switch (frame.type) {
      case "private_message":
        return { kind: "message", message: DIALECT.stored(frame.message, me) };
      case "resumed":
        return { kind: "resumed", complete: frame.complete };
      case "typing_indicator": {
        const place = frame.sender_id;
        return { kind: "typing", place, who: place, isTyping: frame.is_typing };
      }
      case "user_online_status":
        return { kind: "presence", user: frame.user_id, isOnline: frame.is_online };
      case "messages_read": {
        const isMine = frame.reader_id === me;
        return {
          kind: "read",
          place: isMine ? frame.sender_id : frame.reader_id,
          seq: frame.seq,
          isMine,
        };
      }
      case "messages_delivered":
        return { kind: "delivered", place: frame.recipient_id, seq: frame.seq };
      case "revoked":
        return { kind: "revoked", place: frame.user_id };
      case "error":
        return {
          kind: "error",
          code: frame.code,
          text: frame.message,
          key: frame.client_id ?? null,
        };
      default:
        return null;
    }
  },
});

function extras({ kind, fileUrl, parentId }) {
  return {
    ...(kind === Kind.TEXT ? {} : { message_type: kind }),
    ...(fileUrl === null ? {} : { file_url: fileUrl }),
    ...(parentId === null ? {} : { parent_id: parentId }),
  };
}

export class ParlourClient extends Client {
  /** @param {object} [options] see `Client` */
  constructor(options) {
    super(DIALECT, options);
  }

  /** Make an account; see the hub's `/openapi.json` for its fields. */
  async signUp(account) {
    return this.call("POST", "/api/auth/register", account);
  }

  /** The conversations, the latest first. */
  async conversations() {
    return this.call("GET", "/api/messages/conversations");
  }

  /** Who is online, as far as one may know. */
  async online() {
    return this.call("GET", "/api/users/online");
  }
}
