/** Reactions to a message, and mentions in it. */

import type { ConversationId, Message, UserId } from "./parlour.js";

export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  /** the first 50 users that reacted */
  readonly users: readonly UserId[];
}

/** A user that a message mentions by name. */
export interface Mention {
  readonly user: UserId;
  readonly username: string;
}

/** A message mentions this user, or, with `isMentioned` false, no longer does: docs/dialects/README.md#mentions. */
export interface MentionDetail {
  readonly conversationId: ConversationId;
  /** the id of the message */
  readonly id: number;
  readonly seq: number;
  readonly author: UserId;
  readonly content: string;
  readonly isMentioned: boolean;
}

/** `limit`: the maximum number, up to 50; `cursor`: that of the previous page. */
export interface MentionOptions {
  limit?: number;
  cursor?: string;
}

/** `cursor`: that of the next page; null: this is the last page. */
export interface MentionPage {
  mentions: { readonly message: Message; readonly isUnread: boolean }[];
  cursor: string | null;
}

/** The calls of every client for mentions. */
export interface Mentioned {
  mentions(options?: MentionOptions): Promise<MentionPage>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it, every declaration is exported
export {};
