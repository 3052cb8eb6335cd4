/** A wire dialect and its REST calls, as a client uses them. */

import type { Rest } from "../connection/rest.js";
import type { Revision, StoredMessage, Thread } from "../messages/message.js";
import type { ConversationNote, HiddenNote } from "../notes/known_notes.js";
import type { Entry } from "../messages/outbox.js";
import type { Timeline } from "../messages/timeline.js";
import type { ClientEvents, ConversationId, Marks, UserId } from "../parlour.js";

/** A frame of the hub, in one form for all dialects; a dialect may have no frame of some kinds. */
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

/** A note of this user has changed. */
export type NoteEvent =
  | { kind: "noted"; note: ConversationNote }
  | { kind: "hidden"; note: HiddenNote };

/** All messages up to one, by its seq or its id. */
export type UpTo = { seq: number } | { id: number };

/** A frame of the client, which is sent as JSON. */
export interface Frame {
  type: string;
  [field: string]: unknown;
}

export interface Dialect<Me, Listed> {
  /** a part of the names of storage items */
  readonly name: string;
  /** the prefix of the paths of its REST calls */
  readonly restPrefix: string;
  /** the path of its WebSocket */
  readonly path: string;
  /** whether conversations that were not listed yet are followed, too */
  readonly followsAll: boolean;
  /** the path of the list of conversations */
  readonly listPath: string;
  /** whether the first page of that list has the conversations with the newest messages */
  readonly listsNewestFirst: boolean;

  credentials(login: string, password: string): object;
  /** the signed-in user */
  me(rest: Rest): Promise<Me>;
  /** the id of a listed conversation, and its newest seq */
  head(listed: Listed): [ConversationId, number];
  /** the rev of its last revision; 0: there was none, or the hub has no revisions */
  lastRev(listed: Listed): number;
  /** the user's notes on it; null: the hub has no notes */
  marks(listed: Listed): Marks | null;
  /** the body of the call that forwards a message to a conversation */
  destination(conversationId: ConversationId): object;
  /** the message in the response of a call that changed it */
  changed(answer: unknown, me: UserId): StoredMessage;
  /** whether this user has read a message of another user, in the response of a call */
  isRead(answer: unknown, me: UserId): boolean;
  /** a thread of the list of followed threads */
  followed(listed: unknown, me: UserId): Followed;
  /** the path of the call that mutes a conversation */
  mutePath(conversationId: ConversationId): string;
  /** the note in the response of a call that changed it */
  noted(answer: unknown): NoteEvent;
  /** the messages before `first`, or the newest ones if it is undefined; oldest first */
  older(rest: Rest, me: UserId, page: OlderPage): Promise<StoredMessage[]>;
  /** the messages after `seq`, oldest first */
  newer(
    rest: Rest,
    me: UserId,
    conversationId: ConversationId,
    seq: number,
  ): Promise<StoredMessage[]>;
  /** the path of the pages of a conversation */
  historyPath(conversationId: ConversationId): string;
  /** store a message over REST */
  post(rest: Rest, me: UserId, entry: Entry): Promise<StoredMessage>;
  /** over REST, so that it is done before a note that is made after it */
  markRead(rest: Rest, conversationId: ConversationId, timeline: Timeline): Promise<void>;

  /**
   * requests the messages after these seqs of the log with that epoch, and live delivery; `only`:
   * no missed messages of conversations that are not named; `revs`: also the revisions after these;
   * `notes`: also the notes after that one; null: no notes
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
  /** confirms that a message arrived here; null: the dialect has no such frame */
  receiptFrame(message: StoredMessage): Frame | null;
  /** null: the client ignores the frame, or it is of a newer hub */
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
