/**
 * The user's notes, made here and on their other devices: from where on messages count as unread again,
 * what is hidden, what is muted.
 *
 * What it promises: no list that is returned has a hidden message, however the message arrives.
 */

import { one } from "../messages/one.js";

/**
 * @import { ConversationId, UserId } from "../parlour.js"
 * @import { Rest } from "../connection/rest.js"
 * @import { Dialect, NoteEvent } from "../dialects/dialect.d.ts"
 * @import { HiddenNote, KnownNotes } from "./known_notes.js"
 * @import { Emit } from "../messages/sender.js"
 * @import { Threads } from "../messages/threads.js"
 * @import { Timelines } from "../messages/timelines.js"
 */

/**
 * @template Listed
 * @typedef {object} Parts
 * @property {Timelines} timelines
 * @property {Threads} threads
 * @property {Dialect<any, Listed>} dialect
 * @property {Rest} rest
 * @property {Emit} emit
 * @property {() => void} resume requests what was missed, if that is not under way
 */

/** @template Listed a conversation, as the hub lists them */
export class Notes {
  #me;
  #known;
  #timelines;
  #threads;
  #dialect;
  #rest;
  #emit;
  #resume;
  #beginnings = 0; // how often the log went back

  /**
   * @param {UserId} me
   * @param {KnownNotes} known
   * @param {Parts<Listed>} parts
   */
  constructor(me, known, { timelines, threads, dialect, rest, emit, resume }) {
    this.#me = me;
    this.#known = known;
    this.#timelines = timelines;
    this.#threads = threads;
    this.#dialect = dialect;
    this.#rest = rest;
    this.#emit = emit;
    this.#resume = resume;
  }

  /** @param {ConversationId} conversationId */
  marks(conversationId) {
    return this.#known.marks(conversationId);
  }

  /** @param {number} id of a message */
  isHidden(id) {
    return this.#known.isHidden(id);
  }

  /** The number up to which they are known, for a `resume`. */
  asked() {
    return this.#known.asked();
  }

  /** @param {Listed[]} listed as they are now */
  know(listed) {
    for (const each of listed) {
      const marks = this.#dialect.marks(each);
      const [id] = this.#dialect.head(each);
      if (marks !== null && this.#known.listed(id, marks)) this.#tellMarks(id);
    }
  }

  /**
   * Make a note, over REST. Resolves when it is made, here too.
   * @param {string} method
   * @param {string} path
   * @throws {CallFailed}
   */
  async note(method, path) {
    this.#apply(this.#dialect.noted(await this.#rest.call(method, path)));
  }

  /** @param {NoteEvent} event that came live, or for a `resume` */
  told(event) {
    this.#apply(event);
    if (!this.#known.follows(event.note.note)) this.#resume();
  }

  /**
   * All notes up to this number were received.
   * @param {number} upTo
   * @param {boolean} isAll whether the received ones are all that exist
   */
  toldUpTo(upTo, isAll) {
    for (const gone of this.#known.toldUpTo(upTo, isAll)) {
      if ("marks" in gone) this.#tellMarks(gone.conversationId);
      else this.#hidden({ ...gone, isHidden: false });
    }
  }

  /** The log went back. */
  startOver() {
    this.#beginnings += 1;
    this.#known.startOver();
  }

  /** @param {NoteEvent} event */
  #apply(event) {
    if (event.kind === "noted") {
      if (this.#known.noted(event.note)) this.#tellMarks(event.note.conversationId);
    } else if (this.#known.hidden(event.note)) this.#hidden(event.note);
  }

  /** @param {ConversationId} conversationId whose notes have changed */
  #tellMarks(conversationId) {
    this.#emit("noted", { conversationId, ...this.marks(conversationId) });
  }

  /** @param {HiddenNote} note a message was hidden, or is shown again */
  #hidden({ conversationId, id, seq, isHidden }) {
    this.#emit("hidden", { conversationId, id, isHidden });
    if (!isHidden) {
      void this.#show(conversationId, id).catch(() => undefined); // it is shown once it is loaded
      return;
    }
    this.#threads.hide(conversationId, seq);
    const isKnown = this.#timelines.get(conversationId).remove(seq);
    if (isKnown) this.#emit("changed", { conversationId, message: null });
  }

  /**
   * A message that was hidden is shown again, as it is now, if those beside it are known.
   * @param {ConversationId} conversationId
   * @param {number} id
   */
  async #show(conversationId, id) {
    const beginnings = this.#beginnings;
    const message = await one(this.#dialect, this.#rest, this.#me, { conversationId, id });
    if (message === null || beginnings !== this.#beginnings || this.isHidden(id)) return;
    this.#threads.show(message);
    const timeline = this.#timelines.get(conversationId);
    const isBeside = timeline.first !== undefined && timeline.first.seq < message.seq;
    if (isBeside && timeline.insert(message)) {
      this.#emit("changed", { conversationId, message: null });
    }
  }
}
