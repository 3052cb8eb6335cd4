/** Types of the SDK; what each thing does is said in client.js, private.js and channels.js. */

export type UserId = number;
export type ChannelId = number;
/** Where messages go: another person's id for `ParlourClient`, a channel's for `ChannelsClient` */
export type Place = number;

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

export interface User {
  id: UserId;
  username: string;
  name: string;
  is_public: boolean;
  avatar?: string;
  nickname?: string;
  about_me?: string;
}

export interface Message {
  /** null until it is stored */
  readonly id: number | null;
  /** its number there, from 1; null until it is stored */
  readonly seq: number | null;
  /** its idempotency key, if it was sent with one */
  readonly key: string | null;
  readonly place: Place;
  /** null until it is stored */
  readonly author: UserId | null;
  /** in channels, once it is stored */
  readonly authorName: string | null;
  readonly isMine: boolean;
  readonly content: string;
  readonly kind: MessageKind;
  readonly fileUrl: string | null;
  /** the message that it answers */
  readonly parentId: number | null;
  /** ISO 8601, UTC, by the server's clock once it is stored */
  readonly at: string;
  readonly status: MessageStatus;
  /** why it failed */
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
  last_message: string;
  last_message_time: string;
  last_seq: number;
  is_online: boolean;
  is_request: boolean;
}

export interface Channel {
  id: ChannelId;
  workspaceId: number;
  name: string;
}

export interface Workspace {
  id: number;
  name: string;
  ownerId: UserId;
  members: UserId[];
  channels: Channel[];
}

export interface StoredFile {
  url: string;
  name: string;
  size: number;
  mimeType: string;
}

export interface ClientEvents {
  status: { status: ConnectionStatus };
  message: { place: Place; message: Message };
  /** `message` is null when a failed one was discarded */
  changed: { place: Place; message: Message | null };
  /** `who`: a user's id, in channels a username */
  typing: { place: Place; who: UserId | string; isTyping: boolean };
  presence: { user: UserId; isOnline: boolean };
  /** by oneself on another device if `isMine` */
  read: { place: Place; isMine: boolean };
  delivered: { place: Place };
  revoked: { place: Place };
  queue: { queued: number };
  problem: { code: string; text: string };
}

export interface Options {
  url?: string;
  storage?: Storage | null;
  headers?: Record<string, string>;
  WebSocket?: new (url: string, options?: { headers: Record<string, string> }) => WebSocket;
  fetch?: typeof fetch;
  random?: () => number;
}

export declare class CallFailed extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfter: number | null;
}

declare class Client<Me> extends EventTarget {
  constructor(options?: Options);
  readonly me: Me | null;
  readonly status: ConnectionStatus;
  readonly queued: number;
  messages(place: Place): Message[];
  signIn(login: string, password: string): Promise<Me>;
  signOut(): Promise<void>;
  connect(): Promise<void>;
  close(): void;
  send(place: Place, content: string, more?: More): Message;
  upload(file: Blob, name?: string): Promise<StoredFile>;
  fileAddress(fileUrl: string): string;
  retry(message: Message): Message;
  discard(message: Message): void;
  typing(place: Place): void;
  markRead(place: Place): Promise<void>;
  loadOlder(place: Place, limit?: number): Promise<boolean>;
  isFollowing(place: Place): boolean;
  follow(place: Place, seq: number): void;
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<unknown>;
  events(): AsyncGenerator<CustomEvent>;
  addEventListener<K extends keyof ClientEvents>(
    name: K,
    listener: (event: CustomEvent<ClientEvents[K]>) => void,
  ): void;
}

export declare class ParlourClient extends Client<User> {
  signUp(account: Record<string, string>): Promise<{ user_id: UserId }>;
  conversations(): Promise<Conversation[]>;
  online(): Promise<User[]>;
}

export declare class ChannelsClient extends Client<{ id: UserId; username: string; name: string }> {
  workspaces(): Promise<Workspace[]>;
  newest(channelId: ChannelId): Promise<Message | null>;
  unread(channelId: ChannelId): Promise<number>;
  createWorkspace(name: string): Promise<Workspace>;
  createChannel(workspaceId: number, name: string): Promise<Channel>;
  addMember(workspaceId: number, userId: UserId): Promise<Workspace>;
}
