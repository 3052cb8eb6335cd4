/**
 * The types of the SDK; client.js and dialects/ describe what each call does.
 *
 * The modules import their types from here, and the tests compare the classes with these declarations.
 */

import type { CallCode, UsageCode } from "./codes.d.ts";
import type { FoundPage, HistoryPage, SearchOptions } from "./found.d.ts";
import type { Mention, MentionDetail, Mentioned, Reaction } from "./message_details.d.ts";
import type { Marks, Noting } from "./notes.d.ts";
import type { Options, Sending, StoredFile } from "./options.d.ts";
import type { LastReply, Threading } from "./replies.d.ts";
import type { PlatformUser, User } from "./users.d.ts";
import type { Channel, Invitation, Member, Workspace } from "./workspaces.d.ts";
import type { WorkspaceRole, WorkspaceWithChannels } from "./workspaces.d.ts";

export type { CallCode, HubCode, UsageCode } from "./codes.d.ts";
export type { FoundMessage, FoundPage, HistoryPage, Mark } from "./found.d.ts";
export type { SearchOptions, Snippet } from "./found.d.ts";
export type { Mention, MentionDetail, MentionOptions } from "./message_details.d.ts";
export type { MentionPage, Reaction } from "./message_details.d.ts";
export type { Marks } from "./notes.d.ts";
export type {
  ItemStorage,
  Options,
  ReconnectOptions,
  Sending,
  Socket,
  StoredFile,
} from "./options.d.ts";
export type { FollowedPage, FollowedThread, LastReply, ThreadOptions } from "./replies.d.ts";
export type { PlatformUser, User } from "./users.d.ts";
export type { Channel, Invitation, ListedChannel, Member } from "./workspaces.d.ts";
export type { Workspace, WorkspaceRole, WorkspaceWithChannels } from "./workspaces.d.ts";

export type UserId = number;
export type ChannelId = number;
/** `ParlourClient`: the id of the other user. `ChannelsClient`: the id of a channel. */
export type ConversationId = number;

export declare const Status: {
  readonly SENDING: "sending";
  readonly SENT: "sent";
  readonly DELIVERED: "delivered";
  readonly READ: "read";
  readonly FAILED: "failed";
};
export type MessageStatus = (typeof Status)[keyof typeof Status];

export declare const Kind: {
  readonly TEXT: "text";
  readonly FILE: "file";
  readonly IMAGE: "image";
};
export type MessageKind = (typeof Kind)[keyof typeof Kind];

export declare const Connection: {
  readonly IDLE: "idle";
  readonly CONNECTING: "connecting";
  readonly ONLINE: "online";
  readonly WAITING: "waiting";
  readonly POLLING: "polling";
  readonly SIGNED_OUT: "signed-out";
};
export type ConnectionStatus = (typeof Connection)[keyof typeof Connection];

export declare const Reason: {
  readonly CLOSED: "closed";
  readonly UNREACHABLE: "unreachable";
  readonly REFUSED: "refused";
  readonly LOST: "lost";
  readonly SILENT: "silent";
  readonly BUSY: "busy";
  readonly BLOCKED: "blocked";
  readonly NOT_SIGNED_IN: "not-signed-in";
  readonly SESSION_ENDED: "session-ended";
  readonly SIGNED_OUT: "signed-out";
  readonly KICKED: "kicked";
};
export type ConnectionReason = (typeof Reason)[keyof typeof Reason];

export interface ConnectionState {
  readonly status: ConnectionStatus;
  /** why the client is not online; null if it is, or if there is no reason: see docs/sdk.md */
  readonly reason: ConnectionReason | null;
  /** `waiting`: milliseconds from this change to the next attempt */
  readonly retryInMs: number | null;
}

export interface Message {
  /** null until it is stored */
  readonly id: number | null;
  /** its number in the conversation, from 1; null until it is stored */
  readonly seq: number | null;
  /** its idempotency key, if it was sent with one */
  readonly key: string | null;
  readonly conversationId: ConversationId;
  /** null until it is stored */
  readonly author: UserId | null;
  /** null in private conversations, and until it is stored */
  readonly authorName: string | null;
  readonly isMine: boolean;
  readonly content: string;
  readonly kind: MessageKind;
  readonly fileUrl: string | null;
  /** the id of the message that it replies to */
  readonly parentId: number | null;
  /** the id of the first message of its thread, if it is a reply */
  readonly rootId: number | null;
  /** the number of replies, without deleted ones */
  readonly replyCount: number;
  readonly lastReply: LastReply | null;
  /** whether this user follows its thread; null: not known, see `loadReplies` */
  readonly isFollowed: boolean | null;
  /** whether it is a copy of another message, which `original(message)` returns */
  readonly isForwarded: boolean;
  /** ISO 8601, UTC; by the server's clock once it is stored */
  readonly at: string;
  /** the rev of its last revision; 0: there was none. See docs/delivery.md#revisions */
  readonly rev: number;
  /** ISO 8601; null: never edited */
  readonly editedAt: string | null;
  /** whether it is deleted: it keeps its place, without its content */
  readonly isDeleted: boolean;
  /** whether a moderator pinned it; in channels only */
  readonly isPinned: boolean;
  readonly reactions: readonly Reaction[];
  /** the users that it mentions by name, as the hub found them; empty until it is stored */
  readonly mentions: readonly Mention[];
  /** whether it mentions everybody in the channel */
  readonly mentionsChannel: boolean;
  readonly status: MessageStatus;
  /** the reason, if `status` is `failed` */
  readonly failure: string | null;
}

export interface More {
  kind?: MessageKind;
  fileUrl?: string | null;
  parentId?: number | null;
}

export interface Conversation {
  user: User;
  unread_count: number;
  /** how many unread messages mention this user; missing if none does */
  unread_mentions?: number;
  last_message: string;
  last_message_time: string;
  last_seq: number;
  /** the rev of the last revision of a message; missing with older hubs */
  last_rev?: number;
  is_online: boolean;
  is_request: boolean;
  /** this user's notes on it; missing with older hubs */
  unread_from?: number | null;
  is_muted?: boolean;
  muted_until?: string | null;
}

export interface ClientEvents {
  status: ConnectionState;
  message: { conversationId: ConversationId; message: Message };
  /** `message` is null if a message was discarded, hidden or shown again, or if an unknown one was deleted */
  changed: { conversationId: ConversationId; message: Message | null };
  /** `who`: a user's id, in channels a username */
  typing: { conversationId: ConversationId; who: UserId | string; isTyping: boolean };
  presence: { user: UserId; isOnline: boolean };
  /** `isMine`: read by this user on another device; `upTo`: the last message read, by its `seq` or its `id` */
  read: { conversationId: ConversationId; isMine: boolean; upTo: { seq: number } | { id: number } };
  delivered: { conversationId: ConversationId };
  /** a moderator pinned or unpinned a message, which may be unknown here */
  pinned: { conversationId: ConversationId; id: number; isPinned: boolean };
  /** a message, which may be unknown here, mentions this user, or no longer does */
  mention: MentionDetail;
  /** the thread of the message `rootId`: its replies changed, or it was followed, unfollowed or read here */
  thread: { conversationId: ConversationId; rootId: number };
  /** this user has changed a note on a conversation, here or on another device */
  noted: { conversationId: ConversationId } & Marks;
  /** this user has hidden a message, or shows it again, here or on another device */
  hidden: { conversationId: ConversationId; id: number; isHidden: boolean };
  /** channels that are new to this user */
  channels: { channels: readonly (Channel & { lastSeq: number; lastRev?: number })[] };
  /** the log went back: the stored messages come again, others are not stored any more */
  reset: Record<string, never>;
  /** the number of pending invitations of this user to workspaces */
  invitations: { count: number };
  revoked: { conversationId: ConversationId };
  /** this user has accepted or declined a message request, here or on another device */
  request: { conversationId: ConversationId; isWaiting: boolean };
  /** the operator's announcement to all connected users */
  announcement: { text: string; at: string };
  queue: { queued: number };
  problem: { code: CallCode; text: string };
}

/** `type` is the name of the event, `detail` its value in `ClientEvents`. */
export type ClientEvent = {
  [Name in keyof ClientEvents]: CustomEvent<ClientEvents[Name]> & { readonly type: Name };
}[keyof ClientEvents];

export declare class ParlourError<Code extends string = string> extends Error {
  constructor(code: Code, text: string);
  readonly code: Code;
}

/** The program uses the SDK incorrectly. */
export declare class UsageError extends ParlourError<UsageCode> {
  constructor(code: UsageCode, text: string);
}

/** `status` is that of HTTP, 0 without a response; `retryAfter` is in seconds. */
export declare class CallFailed extends ParlourError<CallCode> {
  constructor(status: number, code: CallCode, text: string, retryAfter?: number | null);
  readonly status: number;
  readonly retryAfter: number | null;
}

/** An EventTarget with the events of `ClientEvents`. */
export interface ClientEventTarget {
  addEventListener<Name extends keyof ClientEvents>(
    name: Name,
    listener: (event: CustomEvent<ClientEvents[Name]>) => void,
    options?: AddEventListenerOptions,
  ): void;
  removeEventListener<Name extends keyof ClientEvents>(
    name: Name,
    listener: (event: CustomEvent<ClientEvents[Name]>) => void,
  ): void;
  dispatchEvent(event: Event): boolean;
}

export interface Client<Me> extends ClientEventTarget, Mentioned, Noting, Threading {
  readonly me: Me | null;
  readonly status: ConnectionStatus;
  readonly state: ConnectionState;
  readonly queued: number;
  messages(conversationId: ConversationId): readonly Message[];
  typists(conversationId: ConversationId): readonly (UserId | string)[];
  subscribe: (listener: () => void) => () => void;
  signIn(login: string, password: string): Promise<Me>;
  signOut(): Promise<void>;
  connect(): Promise<void>;
  close(): void;
  send(conversationId: ConversationId, content: string, more?: More): Message;
  upload(file: Blob, name?: string, sending?: Sending): Promise<StoredFile>;
  fileAddress(fileUrl: string): string;
  retry(message: Message): Message;
  discard(message: Message): void;
  edit(message: Message, content: string): Promise<void>;
  remove(message: Message): Promise<void>;
  react(message: Message, emoji: string): Promise<void>;
  unreact(message: Message, emoji: string): Promise<void>;
  forward(message: Message, to: ConversationId): Promise<void>;
  original(message: Message): Promise<Message>;
  typing(conversationId: ConversationId): void;
  markRead(conversationId: ConversationId): Promise<void>;
  loadOlder(conversationId: ConversationId, limit?: number): Promise<boolean>;
  search(query: string, options?: SearchOptions): Promise<FoundPage>;
  history(conversationId: ConversationId, page?: HistoryPage): Promise<readonly Message[]>;
  isFollowing(conversationId: ConversationId): boolean;
  follow(heads: Map<ConversationId, number>): void;
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<unknown>;
  events(): AsyncGenerator<ClientEvent, never, void>;
}

export interface ParlourClient extends Client<User> {
  signUp(account: Record<string, string>): Promise<{ user_id: UserId }>;
  conversations(onPart?: (part: Conversation[]) => void): Promise<Conversation[]>;
  requests(): Promise<Conversation[]>;
  acceptRequest(userId: UserId): Promise<void>;
  declineRequest(userId: UserId): Promise<void>;
  people(text: string): Promise<User[]>;
  online(): Promise<User[]>;
}
export declare const ParlourClient: new (options?: Options) => ParlourClient;

export interface ChannelsClient extends Client<PlatformUser> {
  workspaces(onPart?: (part: WorkspaceWithChannels[]) => void): Promise<WorkspaceWithChannels[]>;
  createWorkspace(name: string): Promise<Workspace>;
  createChannel(workspaceId: number, name: string): Promise<Channel>;
  addMember(workspaceId: number, userId: UserId): Promise<Workspace>;
  members(workspaceId: number): Promise<Member[]>;
  removeMember(workspaceId: number, userId: UserId): Promise<void>;
  changeRole(workspaceId: number, userId: UserId, role: WorkspaceRole): Promise<void>;
  pin(message: Message): Promise<void>;
  unpin(message: Message): Promise<void>;
  pinned(channelId: ChannelId): Promise<readonly Message[]>;
  invitations(): Promise<Invitation[]>;
  acceptInvitation(workspaceId: number): Promise<Workspace>;
  declineInvitation(workspaceId: number): Promise<void>;
}
export declare const ChannelsClient: new (options?: Options) => ChannelsClient;

// biome-ignore lint/complexity/noUselessEmptyExport: without it, every declaration is exported
export {};
