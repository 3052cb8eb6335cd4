/** What people do with a message: they react to it, and are mentioned in it. */

import type { ConversationId, Message, UserId } from "./parlour.js";

export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  /** the first 50 who reacted */
  readonly users: readonly UserId[];
}

/** A user whom a message mentions by name. */
export interface Mention {
  readonly user: UserId;
  readonly username: string;
}

/** See docs/dialects/README.md#mentions. A message mentions this user, or, with `isMentioned` false, does so no longer. */
export interface MentionDetail {
  readonly conversationId: ConversationId;
  /** of the message */
  readonly id: number;
  readonly seq: number;
  readonly author: UserId;
  readonly content: string;
  readonly isMentioned: boolean;
}

/** `limit`: how many at most, up to 50; `cursor`: that of the page before. */
export interface MentionOptions {
  limit?: number;
  cursor?: string;
}

/** `cursor`: of the next page; null: this is the last one. */
export interface MentionPage {
  mentions: { readonly message: Message; readonly isUnread: boolean }[];
  cursor: string | null;
}

/** The calls that every client has for them. */
export interface Mentioned {
  mentions(options?: MentionOptions): Promise<MentionPage>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it, every declaration is exported
export {};
