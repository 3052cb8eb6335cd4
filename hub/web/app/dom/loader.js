import { report } from "./feedback.js";

/** Runs one load at a time, and one more if it was requested meanwhile. */
export class Loader {
  /** Settles when it was loaded for the first time, or enough of it to be used. */
  isLoaded;
  #load;
  #loaded;
  /** @type {Promise<void> | null} */
  #running = null;
  #isWanted = false;

  /** @param {(isUsable: () => void) => Promise<void>} load */
  constructor(load) {
    this.#load = load;
    /** @type {() => void} */
    let loaded = () => undefined;
    this.isLoaded = new Promise((resolve) => {
      loaded = () => resolve(undefined);
    });
    this.#loaded = loaded;
  }

  /** Resolves after a load that began after this call. */
  async run() {
    this.#isWanted = true;
    this.#running ??= this.#runAll();
    await this.#running;
  }

  async #runAll() {
    while (this.#isWanted) {
      this.#isWanted = false;
      // biome-ignore lint/performance/noAwaitInLoops: once at a time
      await this.#load(this.#loaded).catch(report); // a service may return anything
    }
    this.#running = null;
    this.#loaded();
  }
}
