/** Counts the followed threads with unread replies, without those of muted conversations. */

import { Paced } from "./paced.js";

/** @import { Activity, Entry } from "./activity.js" */

const PAUSE_MS = 3_000;

export class UnreadThreads {
  #activity;
  #onChange;
  /** @type {Entry[]} */
  #entries = [];
  #paced = new Paced(() => this.#load(), PAUSE_MS);

  /**
   * @param {Activity} activity
   * @param {() => void} onChange
   */
  constructor(activity, onChange) {
    this.#activity = activity;
    this.#onChange = onChange;
  }

  get count() {
    return this.#entries.filter(({ conversation }) => !conversation.isMuted).length;
  }

  /** The threads may have changed. */
  changed() {
    this.#paced.changed();
  }

  async #load() {
    /** @type {Entry[]} */
    const found = [];
    try {
      for await (const entry of this.#activity.threads(false)) found.push(entry);
    } catch {
      return; // they are loaded again when there is a connection
    }
    this.#entries = found.filter(({ unread }) => unread > 0);
    this.#onChange();
  }
}
