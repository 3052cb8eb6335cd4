/** Typing in both directions: told sparingly, forgotten by itself. */

const DEBOUNCE_MS = 300; // of typing before anybody is told
const RENEW_MS = 2_000;
const IDLE_MS = 2_500; // without a key, and it is over
const EXPIRY_MS = 4_000; // of another's typing that is not renewed

export class Typing {
  #say;
  #tell;
  #mine = new Map();
  #theirs = new Map();

  /**
   * @param {(peer: number, isTyping: boolean) => void} say to the hub
   * @param {(peer: number, isTyping: boolean) => void} tell to the page
   */
  constructor(say, tell) {
    this.#say = say;
    this.#tell = tell;
  }

  /** A key was pressed. */
  typed(peer) {
    const mine = this.#mine.get(peer) ?? { toldAt: null, start: null, end: null };
    this.#mine.set(peer, mine);
    clearTimeout(mine.end);
    mine.end = setTimeout(() => this.#stop(peer, true), IDLE_MS);
    const now = Date.now();
    if (mine.toldAt === null) {
      mine.start ??= setTimeout(() => {
        mine.toldAt = Date.now();
        this.#say(peer, true);
      }, DEBOUNCE_MS);
    } else if (now - mine.toldAt >= RENEW_MS) {
      mine.toldAt = now;
      this.#say(peer, true);
    }
  }

  /** A message was sent, which ends it for everybody. */
  sent(peer) {
    this.#stop(peer, false);
  }

  /** What the hub says of the other side. */
  heard(peer, isTyping) {
    const timer = this.#theirs.get(peer);
    clearTimeout(timer);
    if (isTyping) this.#theirs.set(peer, setTimeout(() => this.heard(peer, false), EXPIRY_MS));
    else if (!this.#theirs.delete(peer)) return;
    if (timer === undefined || !isTyping) this.#tell(peer, isTyping);
  }

  /** The connection is gone: nobody hears of anything. */
  reset() {
    for (const peer of [...this.#mine.keys()]) this.#stop(peer, false);
    for (const peer of [...this.#theirs.keys()]) this.heard(peer, false);
  }

  #stop(peer, isToBeTold) {
    const mine = this.#mine.get(peer);
    if (mine === undefined) return;
    clearTimeout(mine.start);
    clearTimeout(mine.end);
    this.#mine.delete(peer);
    if (isToBeTold && mine.toldAt !== null) this.#say(peer, false);
  }
}
