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
  /** the first message of the thread */
  readonly message: Message;
  /** the number of replies of others above `readSeq` */
  readonly unreadCount: number;
  readonly readSeq: number;
}

/** `limit`: the maximum number; `cursor`: that of the previous page. */
export interface ThreadOptions {
  limit?: number;
  cursor?: string;
}

/** `cursor`: that of the next page; null: this is the last page. */
export interface FollowedPage {
  threads: FollowedThread[];
  cursor: string | null;
}

/** The calls of every client for threads. */
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
