/** Mutes of conversations: the choices, their texts, and a timer for their ends. */

import { clock, shortly } from "../dom/dates.js";

/** @import { Conversation } from "./conversation.js" */

const HOUR_MS = 3_600_000;
const MORNING = 8; // o'clock
const MAX_MS = 2 ** 31 - 1; // of a timer

/**
 * The choices for a mute.
 * @param {Date} now
 * @returns {[word: string, until: Date | undefined][]} undefined: without end
 */
export function muteChoices(now) {
  const [year, month, date] = [now.getFullYear(), now.getMonth(), now.getDate()];
  return [
    ["Mute for 1 hour", new Date(now.getTime() + HOUR_MS)],
    ["Mute for 8 hours", new Date(now.getTime() + 8 * HOUR_MS)],
    ["Mute until tomorrow morning", new Date(year, month, date + 1, MORNING)],
    ["Mute indefinitely", undefined],
  ];
}

/**
 * @param {Conversation} conversation
 * @param {Date} [now]
 * @returns {string} empty: it is not muted
 */
export function mutedWords({ isMuted, mutedUntil: until }, now = new Date()) {
  if (!isMuted) return "";
  if (until === null) return "muted";
  const isToday = new Date(until).toDateString() === now.toDateString();
  return `muted until ${isToday ? clock(until) : `${shortly(until)}, ${clock(until)}`}`;
}

/** Calls back when the next mute ends: there is no event for it. */
export class MuteEnds {
  #onEnd;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #next = Number.POSITIVE_INFINITY;

  /** @param {() => void} onEnd */
  constructor(onEnd) {
    this.#onEnd = onEnd;
  }

  /** @param {readonly Conversation[]} conversations as they are muted now */
  update(conversations) {
    const ends = conversations.flatMap(({ mutedUntil: until }) =>
      until === null ? [] : [Date.parse(until)],
    );
    const next = Math.min(...ends, Number.POSITIVE_INFINITY);
    if (next === this.#next) return;
    this.stop();
    this.#next = next;
    const inMs = Math.min(Math.max(0, next - Date.now()), MAX_MS);
    if (next < Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#ended(), inMs);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#next = Number.POSITIVE_INFINITY;
  }

  #ended() {
    this.stop();
    this.#onEnd();
  }
}
