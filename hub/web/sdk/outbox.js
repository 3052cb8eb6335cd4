import { Kind } from "./message.js";

/**
 * Messages that are not confirmed yet, in the order they were written.
 *
 * One storage item per message, so that two tabs of one user never overwrite each other's; sending
 * one twice is harmless, because its key makes the hub store it once.
 */
export class Outbox {
  #storage;
  #prefix;
  #entries = new Map();
  #count = 0;

  /**
   * @param {Storage | null} storage where entries outlive the page; null: nowhere
   * @param {string} prefix of their names there
   */
  constructor(storage, prefix) {
    this.#storage = storage;
    this.#prefix = prefix;
    const names = storage === null ? [] : Object.keys(storage).filter((n) => n.startsWith(prefix));
    for (const name of names.sort()) {
      try {
        const entry = JSON.parse(storage.getItem(name));
        this.#entries.set(entry.key, { ...entry, name });
      } catch {
        storage.removeItem(name);
      }
    }
  }

  get size() {
    let waiting = 0;
    for (const entry of this.#entries.values()) waiting += entry.failure === null ? 1 : 0;
    return waiting;
  }

  entries() {
    return [...this.#entries.values()];
  }

  get(key) {
    return this.#entries.get(key);
  }

  /** Queue a message. */
  put(place, content, { kind = Kind.TEXT, fileUrl = null, parentId = null } = {}) {
    this.#count += 1;
    const now = new Date();
    const order = `${String(now.getTime()).padStart(15, "0")}.${String(this.#count).padStart(6, "0")}`;
    const key = globalThis.crypto.randomUUID();
    const name = `${this.#prefix}${order}.${key}`;
    const at = now.toISOString();
    const entry = { key, place, content, kind, fileUrl, parentId, at, failure: null, name };
    this.#entries.set(key, entry);
    this.#save(entry);
    return entry;
  }

  /** It was refused for good; it stays until it is discarded. */
  fail(key, failure) {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.failure = failure;
    this.#save(entry);
  }

  /** It is stored, or discarded; returns whether it was here. */
  remove(key) {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    this.#storage?.removeItem(entry.name);
    return true;
  }

  #save({ name, ...entry }) {
    try {
      this.#storage?.setItem(name, JSON.stringify(entry));
    } catch {
      // The quota is used up: it is sent all the same, as long as the page lives.
    }
  }
}

/** What keeps unsent messages over a reload: localStorage, where there is one. */
export function defaultStorage() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // a page may be denied it
  }
}
