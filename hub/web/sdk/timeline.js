import { Status } from "./message.js";

const RANK = { [Status.SENT]: 0, [Status.DELIVERED]: 1, [Status.READ]: 2 };

/** One place: what is stored, by `seq`, each once; then what is still being sent. */
export class Timeline {
  #stored = []; // by seq
  #pending = new Map(); // by key

  /** The oldest stored message that is known. */
  get first() {
    return this.#stored[0];
  }

  /** The newest one. */
  get last() {
    return this.#stored.at(-1);
  }

  all() {
    return [...this.#stored, ...this.#pending.values()];
  }

  /** Returns whether it was new. */
  add(message) {
    const at = this.#place(message.seq);
    if (this.#stored[at]?.seq === message.seq) return false;
    this.#stored.splice(at, 0, message);
    return true;
  }

  addAll(messages) {
    for (const message of messages) {
      if (message.key !== null) this.#pending.delete(message.key);
      this.add(message);
    }
  }

  addPending(message) {
    this.#pending.set(message.key, message);
    return message;
  }

  removePending(key) {
    this.#pending.delete(key);
  }

  /** One's own messages up to a `seq`, or up to the one with an `id`, have come so far. */
  mark({ seq = null, id = null }, status) {
    const isAfter = (message) => (seq === null ? message.id > id : message.seq > seq);
    for (let at = this.#stored.length - 1; at >= 0; at -= 1) {
      const message = this.#stored[at];
      if (isAfter(message) || !message.isMine) continue;
      if (RANK[message.status] >= RANK[status]) return;
      message.status = status;
    }
  }

  #place(seq) {
    let low = 0;
    let high = this.#stored.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#stored[middle].seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
