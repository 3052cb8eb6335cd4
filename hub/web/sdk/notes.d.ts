/** What a user notes for themself alone: see docs/delivery.md#notes. */

import type { ConversationId, Message } from "./parlour.js";

/** What a user has noted of a conversation. */
export interface Marks {
  /** from this seq on, messages of others count as unread again; null: from no one on */
  readonly unreadFrom: number | null;
  readonly isMuted: boolean;
  /** ISO 8601; null: for good, or it is not muted */
  readonly mutedUntil: string | null;
}

/** The calls that every client has for them. */
export interface Noting {
  marks(conversationId: ConversationId): Marks;
  markUnread(message: Message): Promise<void>;
  hide(message: Message): Promise<void>;
  unhide(message: Message): Promise<void>;
  mute(conversationId: ConversationId, until?: Date): Promise<void>;
  unmute(conversationId: ConversationId): Promise<void>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it, every declaration is exported
export {};
