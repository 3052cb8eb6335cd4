import { Status } from "./message.js";

/** One conversation: what is stored, by `seq`, each once; then what is still being sent. */
export class Timeline {
  #stored = []; // by seq
  #pending = new Map(); // by key

  get firstSeq() {
    return this.#stored.length ? this.#stored[0].seq : null;
  }

  get lastSeq() {
    return this.#stored.length ? this.#stored[this.#stored.length - 1].seq : null;
  }

  get lastTime() {
    return this.#stored.length ? this.#stored[this.#stored.length - 1].at : null;
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

  /** The other side has read everything up to `seq`. */
  markRead(seq) {
    for (let at = this.#stored.length - 1; at >= 0; at -= 1) {
      const message = this.#stored[at];
      if (message.seq > seq || !message.isMine) continue;
      if (message.status === Status.READ) return;
      message.status = Status.READ;
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
