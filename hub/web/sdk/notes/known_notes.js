/**
 * What is known of the user's notes.
 *
 * What it promises: of each conversation and message the note with the highest number counts; a
 * number that is missing is noticed, and asked for with the next `resume`.
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
  /** Up to which number all of them are known. */
  known = 0;
  /** @type {Map<ConversationId, ConversationNote>} */
  #ofConversations = new Map();
  /** @type {Map<number, HiddenNote>} */
  #ofMessages = new Map(); // by the message's id
  #named = 0; // what the last `resume` said is known
  #isAsking = false; // that one has not ended
  /** @type {Set<ConversationNote | HiddenNote>} */
  #told = new Set(); // since then

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
   * What the list shows, which has no number.
   * @param {ConversationId} conversationId
   * @param {Marks} marks
   * @returns {boolean} whether it is something else than before
   */
  listed(conversationId, marks) {
    const before = this.#ofConversations.get(conversationId);
    const isOther = !areSame(before?.marks ?? UNMARKED, marks);
    if (isOther)
      this.#ofConversations.set(conversationId, { note: 0, ...before, conversationId, marks });
    return isOther;
  }

  /**
   * @param {ConversationNote} note that the hub told, or answered with
   * @returns {boolean} whether something else holds than before
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
   * @returns {boolean} whether something else holds than before
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
   * @returns {boolean} whether it follows on those that are known
   */
  follows(note) {
    if (note === this.known + 1) this.known = note;
    return note <= this.known;
  }

  /** `resume` asks for what was noted since `known`. */
  asked() {
    this.#named = this.known;
    this.#isAsking = true;
    this.#told.clear();
    return this.known;
  }

  /**
   * It was told all up to this number.
   * @param {number} upTo
   * @param {boolean} isAll whether what was told is all that there is
   * @returns {(ConversationNote | HiddenNote)[]} what holds no more
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
   * Whether something later is known there: a note, or that nothing is noted any more.
   * @param {{ note: number }} told
   * @param {{ note: number } | undefined} held
   */
  #isOld({ note }, held) {
    if (held !== undefined && held.note >= note) return held.note > note;
    return note <= this.known && !this.#isAsking; // it comes late: what was told since is all
  }

  /** The log went back: what is noted there is asked for from the beginning. */
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
