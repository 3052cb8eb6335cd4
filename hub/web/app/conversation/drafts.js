/**
 * Unsent texts, by conversation: each is restored when the conversation is opened again, and after a
 * reload.
 */

import { keep, kept } from "../dom/storage.js";

/** @import { Conversation } from "./conversation.js" */

const PREFIX = "parlour.draft.";

export class Draft {
  #name;
  #getText;
  #listening = new AbortController();

  /**
   * @param {Conversation} conversation
   * @param {() => string} getText what is written now
   * @param {number | null} rootId of the thread that it is for; null: for the conversation
   */
  constructor({ client, key }, getText, rootId = null) {
    const thread = rootId === null ? "" : `.${rootId}`;
    this.#name = `${PREFIX}${client.me?.id}.${key}${thread}`;
    this.#getText = getText;
    const options = { signal: this.#listening.signal };
    globalThis.addEventListener("storage", (event) => this.#changedElsewhere(event), options);
  }

  /** The text that was begun; empty when there is none. */
  get text() {
    return kept(this.#name) ?? "";
  }

  /** Keep what is written now; empty text is forgotten. */
  keep() {
    const text = this.#getText();
    keep(this.#name, text.trim() === "" ? null : text);
  }

  stop() {
    this.#listening.abort();
  }

  /** @param {StorageEvent} event another tab sent its draft; the text here may be another one */
  #changedElsewhere({ key, newValue }) {
    if (key === this.#name && newValue === null) this.keep();
  }
}
