/**
 * The known notes of the user.
 *
 * What it promises: of each conversation and message the note with the highest number counts; a
 * number that is missing is noticed, and requested with the next `resume`.
 */

/**
 * @import { ConversationId, Marks } from "../parlour.js"
 *
 * @typedef {object} ConversationNote
 * @property {ConversationId} conversationId
 * @property {number} note its number
 * @property {Marks} marks
 *
 * @typedef {object} HiddenNote
 * @property {ConversationId} conversationId
 * @property {number} note
 * @property {number} id of the message
 * @property {number} seq
 * @property {boolean} isHidden
 */

/** @type {Marks} */
const UNMARKED = Object.freeze({ unreadFrom: null, isMuted: false, mutedUntil: null });

export class KnownNotes {
  /** The number up to which all notes are known. */
  known = 0;
  /** @type {Map<ConversationId, ConversationNote>} */
  #ofConversations = new Map();
  /** @type {Map<number, HiddenNote>} */
  #ofMessages = new Map(); // by the message's id
  #named = 0; // the number that the last `resume` named as known
  #isAsking = false; // whether that `resume` has not ended
  /** @type {Set<ConversationNote | HiddenNote>} */
  #told = new Set(); // the notes received since then

  /**
   * What holds for a conversation now.
   * @param {ConversationId} conversationId
   * @returns {Marks}
   */
  marks(conversationId) {
    const marks = this.#ofConversations.get(conversationId)?.marks ?? UNMARKED;
    const { isMuted, mutedUntil } = marks;
    const isOver = isMuted && mutedUntil !== null && Date.parse(mutedUntil) <= Date.now();
    return isOver ? { ...marks, isMuted: false, mutedUntil: null } : marks;
  }

  /** @param {number} id of a message */
  isHidden(id) {
    return this.#ofMessages.get(id)?.isHidden ?? false;
  }

  /**
   * The marks in the list, which have no number.
   * @param {ConversationId} conversationId
   * @param {Marks} marks
   * @returns {boolean} whether they differ from before
   */
  listed(conversationId, marks) {
    const before = this.#ofConversations.get(conversationId);
    const isOther = !areSame(before?.marks ?? UNMARKED, marks);
    if (isOther)
      this.#ofConversations.set(conversationId, { note: 0, ...before, conversationId, marks });
    return isOther;
  }

  /**
   * @param {ConversationNote} note that the hub sent, or returned
   * @returns {boolean} whether the state has changed
   */
  noted(note) {
    const before = this.#ofConversations.get(note.conversationId);
    this.#told.add(note);
    if (this.#isOld(note, before)) return false;
    this.#ofConversations.set(note.conversationId, note);
    return !areSame(before?.marks ?? UNMARKED, note.marks);
  }

  /**
   * @param {HiddenNote} note
   * @returns {boolean} whether the state has changed
   */
  hidden(note) {
    const before = this.#ofMessages.get(note.id);
    this.#told.add(note);
    if (this.#isOld(note, before)) return false;
    this.#ofMessages.set(note.id, note);
    return (before?.isHidden ?? false) !== note.isHidden;
  }

  /**
   * A number came live.
   * @param {number} note
   * @returns {boolean} whether it is the next after the known ones
   */
  follows(note) {
    if (note === this.known + 1) this.known = note;
    return note <= this.known;
  }

  /** A `resume` requests the notes after `known`. */
  asked() {
    this.#named = this.known;
    this.#isAsking = true;
    this.#told.clear();
    return this.known;
  }

  /**
   * All notes up to this number were received.
   * @param {number} upTo
   * @param {boolean} isAll whether the received ones are all that exist
   * @returns {(ConversationNote | HiddenNote)[]} those that no longer hold
   */
  toldUpTo(upTo, isAll) {
    this.known = upTo;
    this.#isAsking = false;
    if (!isAll && upTo >= this.#named) return [];
    const all = [...this.#ofConversations.values(), ...this.#ofMessages.values()];
    const gone = all.filter((note) => !this.#told.has(note));
    for (const note of gone) {
      if ("marks" in note) this.#ofConversations.delete(note.conversationId);
      else this.#ofMessages.delete(note.id);
    }
    return gone;
  }

  /**
   * Whether something later is known there: a note, or that there is none any more.
   * @param {{ note: number }} told
   * @param {{ note: number } | undefined} held
   */
  #isOld({ note }, held) {
    if (held !== undefined && held.note >= note) return held.note > note;
    return note <= this.known && !this.#isAsking; // it comes late: later notes were received completely
  }

  /** The log went back: its notes are requested from the beginning. */
  startOver() {
    this.known = 0;
  }
}

/**
 * @param {Marks} one
 * @param {Marks} other
 */
function areSame(one, other) {
  return (
    one.unreadFrom === other.unreadFrom &&
    one.isMuted === other.isMuted &&
    one.mutedUntil === other.mutedUntil
  );
}
