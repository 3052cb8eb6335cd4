/** What a client needs to know of a wire dialect and its REST calls. */

import type { Rest } from "../connection/rest.js";
import type { Revision, StoredMessage, Thread } from "../messages/message.js";
import type { ConversationNote, HiddenNote } from "../notes/known_notes.js";
import type { Entry } from "../messages/outbox.js";
import type { Timeline } from "../messages/timeline.js";
import type { ClientEvents, ConversationId, Marks, UserId } from "../parlour.js";

/** What happened, as a frame of the hub says it; a dialect may have no frame for some of them. */
export type ServerEvent =
  | { kind: "message"; message: StoredMessage }
  | { kind: "welcome"; epoch: string }
  | {
      kind: "revised";
      conversationId: ConversationId;
      rev: number;
      revision: Revision | null;
      pinned?: { id: number; isPinned: boolean };
    }
  | {
      kind: "resumed";
      complete: boolean;
      reset: boolean;
      revs: Record<ConversationId, number>;
      notes: number | null;
    }
  | NoteEvent
  | { kind: "threaded"; conversationId: ConversationId; thread: Thread }
  | {
      kind: "typing";
      conversationId: ConversationId;
      who: UserId | string;
      isTyping: boolean;
    }
  | { kind: "presence"; user: UserId; isOnline: boolean }
  | { kind: "read"; conversationId: ConversationId; isMine: boolean; upTo: UpTo }
  | { kind: "delivered"; conversationId: ConversationId; upTo: UpTo }
  | { kind: "channels"; channels: ClientEvents["channels"]["channels"] }
  | ({ kind: "mention" } & ClientEvents["mention"])
  | { kind: "invitations"; count: number }
  | { kind: "revoked"; conversationId: ConversationId }
  | { kind: "request"; conversationId: ConversationId; isWaiting: boolean }
  | { kind: "announcement"; text: string; at: string }
  | { kind: "error"; code: string; text: string; key: string | null };

/** This user has noted something. */
export type NoteEvent =
  | { kind: "noted"; note: ConversationNote }
  | { kind: "hidden"; note: HiddenNote };

/** All messages up to one, by its seq or its id. */
export type UpTo = { seq: number } | { id: number };

/** To be sent as JSON. */
export interface Frame {
  type: string;
  [field: string]: unknown;
}

export interface Dialect<Me, Listed> {
  /** in the names of storage items */
  readonly name: string;
  /** of the paths of its REST calls */
  readonly restPrefix: string;
  /** of its WebSocket */
  readonly path: string;
  /** whether a conversation that nobody has listed yet is followed, too */
  readonly followsAll: boolean;
  /** where the hub lists the conversations */
  readonly listPath: string;
  /** whether those with the newest messages are on its first page */
  readonly listsNewestFirst: boolean;

  credentials(login: string, password: string): object;
  /** who is signed in */
  me(rest: Rest): Promise<Me>;
  /** a conversation of the list, and its newest seq */
  head(listed: Listed): [ConversationId, number];
  /** the rev of its last change; 0: there was none, or the hub does not know of changes */
  lastRev(listed: Listed): number;
  /** what the user has noted of it; null: the hub does not know of notes */
  marks(listed: Listed): Marks | null;
  /** where a copy goes, in the body of the call that forwards a message */
  destination(conversationId: ConversationId): object;
  /** what a call over REST that changed a message returned */
  changed(answer: unknown, me: UserId): StoredMessage;
  /** whether this user has read a message of somebody else that a call over REST returned */
  isRead(answer: unknown, me: UserId): boolean;
  /** a thread of the list of those that are followed */
  followed(listed: unknown, me: UserId): Followed;
  /** where a conversation is muted */
  mutePath(conversationId: ConversationId): string;
  /** what a call over REST that noted something returned */
  noted(answer: unknown): NoteEvent;
  /** the messages before `first`; the newest ones without it; oldest first */
  older(rest: Rest, me: UserId, page: OlderPage): Promise<StoredMessage[]>;
  /** the messages after `seq`, oldest first */
  newer(
    rest: Rest,
    me: UserId,
    conversationId: ConversationId,
    seq: number,
  ): Promise<StoredMessage[]>;
  /** of a conversation, for its pages */
  historyPath(conversationId: ConversationId): string;
  /** store a message over REST */
  post(rest: Rest, me: UserId, entry: Entry): Promise<StoredMessage>;
  /** over REST: what is noted after it must not be overtaken by it */
  markRead(rest: Rest, conversationId: ConversationId, timeline: Timeline): Promise<void>;

  /**
   * asks for what comes after these seqs of the log with that epoch, and for what is live; `only`:
   * for nothing in conversations that are not named; `revs`: and for what was changed after these;
   * `notes`: and for what was noted after that one, null: for nothing of it
   */
  resumeFrame(
    after: Record<ConversationId, number>,
    epoch: string | null,
    only: boolean,
    revs: Record<ConversationId, number>,
    notes: number | null,
  ): Frame;
  messageFrame(entry: Entry): Frame;
  typingFrame(conversationId: ConversationId, isTyping: boolean): Frame;
  /** that a message arrived here; null: the dialect has none */
  receiptFrame(message: StoredMessage): Frame | null;
  /** null: a frame of no interest, or of a newer hub */
  parse(frame: unknown, me: UserId): ServerEvent | null;
}

export interface Followed {
  message: StoredMessage;
  unreadCount: number;
  readSeq: number;
}

export interface OlderPage {
  conversationId: ConversationId;
  first: StoredMessage | undefined;
  limit: number;
}
