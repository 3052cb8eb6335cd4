/** Notes, which only their user sees: see docs/delivery.md#notes. */

import type { ConversationId, Message } from "./parlour.js";

/** A user's notes on a conversation. */
export interface Marks {
  /** messages of others from this seq on count as unread again; null: no such mark */
  readonly unreadFrom: number | null;
  readonly isMuted: boolean;
  /** the end of the mute in ISO 8601; null: it has no end, or there is no mute */
  readonly mutedUntil: string | null;
}

/** The calls of every client for notes. */
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
