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
   * @param {(place: number, isTyping: boolean) => void} say to the hub
   * @param {(place: number, who: number | string, isTyping: boolean) => void} tell to the page
   */
  constructor(say, tell) {
    this.#say = say;
    this.#tell = tell;
  }

  /** A key was pressed. */
  typed(place) {
    const mine = this.#mine.get(place) ?? { toldAt: null, start: null, end: null };
    this.#mine.set(place, mine);
    clearTimeout(mine.end);
    mine.end = setTimeout(() => this.#stop(place, true), IDLE_MS);
    const now = Date.now();
    if (mine.toldAt === null) {
      mine.start ??= setTimeout(() => {
        mine.toldAt = Date.now();
        this.#say(place, true);
      }, DEBOUNCE_MS);
    } else if (now - mine.toldAt >= RENEW_MS) {
      mine.toldAt = now;
      this.#say(place, true);
    }
  }

  /** A message was sent, which ends it for everybody. */
  sent(place) {
    this.#stop(place, false);
  }

  /** What the hub says of somebody else. */
  heard(place, who, isTyping) {
    const name = `${place} ${who}`;
    const before = this.#theirs.get(name);
    clearTimeout(before?.timer);
    if (isTyping) {
      const timer = setTimeout(() => this.heard(place, who, false), EXPIRY_MS);
      this.#theirs.set(name, { place, who, timer });
    } else if (!this.#theirs.delete(name)) return;
    if (before === undefined || !isTyping) this.#tell(place, who, isTyping);
  }

  /** The connection is gone: nobody hears of anything. */
  reset() {
    for (const place of [...this.#mine.keys()]) this.#stop(place, false);
    for (const { place, who } of [...this.#theirs.values()]) this.heard(place, who, false);
  }

  #stop(place, isToBeTold) {
    const mine = this.#mine.get(place);
    if (mine === undefined) return;
    clearTimeout(mine.start);
    clearTimeout(mine.end);
    this.#mine.delete(place);
    if (isToBeTold && mine.toldAt !== null) this.#say(place, false);
  }
}
