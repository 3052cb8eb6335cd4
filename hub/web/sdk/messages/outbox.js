/**
 * Messages that are not confirmed yet, in the order they were written.
 *
 * One storage item per message, so that two tabs of one user never overwrite each other's; sending
 * one twice is harmless, because its key makes the hub store it once.
 */

import { Kind } from "./message.js";

/**
 * @import { ConversationId, ItemStorage, MessageKind, More } from "../parlour.js"
 *
 * @typedef {object} Entry
 * @property {string} key its idempotency key
 * @property {ConversationId} conversationId
 * @property {string} content
 * @property {MessageKind} kind
 * @property {string | null} fileUrl
 * @property {number | null} parentId
 * @property {string} at ISO 8601, by this machine's clock
 * @property {string | null} failure why the hub refused it for good
 *
 * @typedef {Entry & { name: string }} NamedEntry `name`: of the storage item
 */

export class Outbox {
  #storage;
  #prefix;
  /** @type {Map<string, NamedEntry>} by key */
  #entries = new Map();
  #count = 0;

  /**
   * @param {ItemStorage | null} storage where entries outlive the page; null: nowhere
   * @param {string} prefix of their names there
   */
  constructor(storage, prefix) {
    this.#storage = storage;
    this.#prefix = prefix;
    const names = Object.keys(storage ?? {}).filter((name) => name.startsWith(prefix));
    // biome-ignore lint/suspicious/useArraySortCompare: names sort as strings
    for (const name of names.sort()) this.#restore(name);
  }

  /** How many are still to be confirmed. */
  get size() {
    return this.entries().filter(({ failure }) => failure === null).length;
  }

  /** @returns {Entry[]} in the order they were written; also those that failed */
  entries() {
    return [...this.#entries.values()];
  }

  /**
   * @param {string} key
   * @returns {Entry | undefined}
   */
  get(key) {
    return this.#entries.get(key);
  }

  /**
   * Queue a message.
   * @param {ConversationId} conversationId
   * @param {string} content
   * @param {More} [more]
   * @returns {Entry}
   */
  put(conversationId, content, { kind = Kind.TEXT, fileUrl = null, parentId = null } = {}) {
    this.#count += 1;
    const now = new Date();
    const time = String(now.getTime()).padStart(15, "0");
    const order = `${time}.${String(this.#count).padStart(6, "0")}`;
    const key = newKey();
    const name = `${this.#prefix}${order}.${key}`;
    const at = now.toISOString();
    const entry = { key, conversationId, content, kind, fileUrl, parentId, at, failure: null };
    this.#keep({ ...entry, name });
    return entry;
  }

  /**
   * It was refused for good; it stays until it is discarded.
   * @param {string} key
   * @param {string} failure why
   * @returns {Entry | undefined} the entry as it is now, if it is still here
   */
  fail(key, failure) {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#keep({ ...entry, failure });
    return this.#entries.get(key);
  }

  /**
   * It is stored, or discarded.
   * @param {string} key
   * @returns {boolean} whether it was here
   */
  remove(key) {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    this.#storage?.removeItem(entry.name);
    return true;
  }

  /** @param {NamedEntry} named */
  #keep(named) {
    this.#entries.set(named.key, named);
    const { name, ...entry } = named;
    try {
      this.#storage?.setItem(name, JSON.stringify(entry));
    } catch {
      // The quota is used up: it is sent all the same, as long as the page lives.
    }
  }

  /** @param {string} name of a storage item, which anybody may have written */
  #restore(name) {
    try {
      const entry = JSON.parse(this.#storage?.getItem(name) ?? "");
      this.#entries.set(entry.key, { ...entry, name });
    } catch {
      this.#storage?.removeItem(name);
    }
  }
}

/** A UUID of version 4. Pages over plain http have no `crypto.randomUUID`. */
export function newKey() {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = "89ab"[(bytes[8] ?? 0) % 4];
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, `$1-$2-4$3-${variant}$4-$5`);
}

/** What keeps unsent messages over a reload: localStorage, where there is one. */
export function defaultStorage() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // a page may be denied it
  }
}
