/** Threads: see docs/delivery.md#threads. */

import type { Message, UserId } from "./parlour.js";

export interface LastReply {
  readonly id: number;
  readonly author: UserId;
  /** ISO 8601 */
  readonly at: string;
}

/** A thread that this user follows. */
export interface FollowedThread {
  /** its first one */
  readonly message: Message;
  /** replies of others above `readSeq` */
  readonly unreadCount: number;
  readonly readSeq: number;
}

/** `limit`: how many at most; `cursor`: that of the page before. */
export interface ThreadOptions {
  limit?: number;
  cursor?: string;
}

/** `cursor`: of the next page; null: this is the last one. */
export interface FollowedPage {
  threads: FollowedThread[];
  cursor: string | null;
}

/** The calls that every client has for them. */
export interface Threading {
  thread(message: Message): readonly Message[];
  loadReplies(message: Message, limit?: number): Promise<boolean>;
  followThread(message: Message): Promise<void>;
  unfollowThread(message: Message): Promise<void>;
  threads(options?: ThreadOptions): Promise<FollowedPage>;
  markThreadRead(message: Message): Promise<void>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it, every declaration is exported
export {};
