/** Types of the SDK; what each thing does is said in parlour.js. */

export type UserId = number;

export declare const Status: {
  readonly SENDING: "sending";
  readonly SENT: "sent";
  readonly READ: "read";
  readonly FAILED: "failed";
};
export type MessageStatus = (typeof Status)[keyof typeof Status];

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
  /** its place in the conversation, from 1 without holes; null until it is stored */
  readonly seq: number | null;
  /** its idempotency key, if it was sent with one */
  readonly key: string | null;
  /** the other side of the conversation */
  readonly peer: UserId;
  readonly isMine: boolean;
  readonly content: string;
  /** ISO 8601, UTC */
  readonly at: string;
  readonly status: MessageStatus;
  /** why it failed */
  readonly failure: string | null;
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

export interface ParlourEvents {
  status: { status: ConnectionStatus };
  message: { peer: UserId; message: Message };
  /** `message` is null when a failed one was discarded */
  changed: { peer: UserId; message: Message | null };
  typing: { peer: UserId; isTyping: boolean };
  presence: { user: UserId; isOnline: boolean };
  /** everything up to `seq` was read, by oneself on another device if `isMine` */
  read: { peer: UserId; seq: number; isMine: boolean };
  revoked: { peer: UserId };
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

export declare class ParlourClient extends EventTarget {
  constructor(options?: Options);
  readonly me: User | null;
  readonly status: ConnectionStatus;
  readonly queued: number;
  messages(peer: UserId): Message[];
  signIn(login: string, password: string): Promise<User>;
  signUp(account: Record<string, string>): Promise<{ user_id: UserId }>;
  signOut(): Promise<void>;
  connect(): Promise<void>;
  close(): void;
  send(peer: UserId, content: string): Message;
  retry(message: Message): Message;
  discard(message: Message): void;
  typing(peer: UserId): void;
  markRead(peer: UserId): Promise<void>;
  loadOlder(peer: UserId, limit?: number): Promise<boolean>;
  conversations(): Promise<Conversation[]>;
  online(): Promise<User[]>;
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<unknown>;
  events(): AsyncGenerator<CustomEvent>;
  addEventListener<K extends keyof ParlourEvents>(
    name: K,
    listener: (event: CustomEvent<ParlourEvents[K]>) => void,
  ): void;
}
