/** Channels of workspaces, where `@AI` answers too: `/ws/chat` and its REST. A place is a channel's id. */

import { Client } from "./client.js";
import { Kind, Status } from "./message.js";

const DIALECT = Object.freeze({
  name: "channels",
  surface: "learning_platform",
  path: "/ws/chat?resume",

  credentials: (login, password) => ({ username: login, password }),

  me: (rest) => rest.call("GET", "/api/users/me"),

  /** By place, the newest seq: of every channel of one's workspaces. */
  async heads(rest) {
    const heads = new Map();
    for (const { channels } of await workspaces(rest)) {
      for (const { id } of channels) heads.set(id, await newestSeq(rest, id));
    }
    return heads;
  },

  older(rest, place, first, limit) {
    const before = first === undefined ? "" : `&before=${first.id}`;
    return rest.call("GET", `/api/channels/${place}/messages?limit=${limit}${before}`);
  },

  newer: (rest, place, seq, limit) =>
    rest.call("GET", `/api/channels/${place}/messages?after_seq=${seq}&limit=${limit}`),

  post: (rest, { place, content, key, ...more }) =>
    rest.call("POST", "/api/messages", {
      channelId: place,
      content,
      clientMessageId: key,
      ...extras(more),
    }),

  async markRead(place, timeline, rest, say) {
    const newest = timeline.last;
    if (newest === undefined) return;
    if (say({ type: "mark_read", channelId: place, messageId: newest.id })) return;
    await rest.call("POST", `/api/messages/${newest.id}/read`);
  },

  frame: ({ place, content, key, ...more }) => ({
    type: "send_message",
    channelId: place,
    content,
    clientMessageId: key,
    ...extras(more),
  }),

  typing: (place, isTyping) => (isTyping ? { type: "typing", channelId: place } : null),

  shown: () => null, // channels know who has read, not whom a message has reached

  stored(raw, me) {
    const isMine = raw.authorId === me;
    return {
      id: raw.id,
      seq: raw.seq,
      key: raw.clientMessageId ?? null,
      place: raw.channelId,
      author: raw.authorId,
      authorName: raw.authorUsername,
      isMine,
      content: raw.content,
      kind: raw.messageType,
      fileUrl: raw.fileUrl,
      parentId: raw.parentId ?? null,
      at: raw.createdAt,
      status: raw.readBy.length ? Status.READ : Status.SENT,
      failure: null,
    };
  },

  hear(frame, me) {
    switch (frame.type) {
      case "new_message":
        return { kind: "message", message: DIALECT.stored(frame.message, me) };
      case "resumed":
        return { kind: "resumed", complete: frame.complete };
      case "user_typing":
        return { kind: "typing", place: frame.channelId, who: frame.username, isTyping: true };
      case "message_read":
        return {
          kind: "read",
          place: frame.channelId,
          id: frame.messageId,
          isMine: frame.userId === me,
        };
      case "left_channel":
        return { kind: "revoked", place: frame.channelId };
      case "error":
        return {
          kind: "error",
          code: frame.code,
          text: frame.message,
          key: frame.clientMessageId ?? null,
        };
      default:
        return null;
    }
  },
});

function extras({ kind, fileUrl, parentId }) {
  return {
    ...(kind === Kind.TEXT ? {} : { messageType: kind }),
    ...(fileUrl === null ? {} : { fileUrl }),
    ...(parentId === null ? {} : { parentId }),
  };
}

async function newest(rest, id) {
  const [message] = await rest.call("GET", `/api/channels/${id}/messages?limit=1`);
  return message ?? null;
}

async function newestSeq(rest, id) {
  return (await newest(rest, id))?.seq ?? 0;
}

async function workspaces(rest) {
  const found = await rest.call("GET", "/api/workspaces");
  const channels = found.map(({ id }) => rest.call("GET", `/api/workspaces/${id}/channels`));
  return (await Promise.all(channels)).map((each, at) => ({ ...found[at], channels: each }));
}

export class ChannelsClient extends Client {
  /** @param {object} [options] see `Client` */
  constructor(options) {
    super(DIALECT, options);
  }

  /** One's workspaces, each with its `channels`. New ones are followed from now on. */
  async workspaces() {
    const found = await workspaces(this);
    for (const { id } of found.flatMap(({ channels }) => channels)) {
      if (!this.isFollowing(id)) this.follow(id, await newestSeq(this, id));
    }
    return found;
  }

  /** The newest message of a channel; null when there is none. */
  async newest(channelId) {
    const raw = await newest(this, channelId);
    return raw === null ? null : DIALECT.stored(raw, this.me.id);
  }

  /** How many of a channel's newest 50 messages are unread. */
  async unread(channelId) {
    return (await this.call("GET", `/api/channels/${channelId}/unread`)).unreadCount;
  }

  /** Make a workspace of one's own. */
  async createWorkspace(name) {
    return this.call("POST", "/api/workspaces", { name });
  }

  /** Make a channel, and be in it. */
  async createChannel(workspaceId, name) {
    const channel = await this.call("POST", "/api/channels", { workspaceId, name });
    this.follow(channel.id, 0);
    return channel;
  }

  /** Let somebody into a workspace; for its owner. */
  async addMember(workspaceId, userId) {
    return this.call("POST", `/api/workspaces/${workspaceId}/members`, { userId });
  }
}
