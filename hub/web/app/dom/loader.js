import { report } from "./feedback.js";

/** Loads something once at a time, and once more if that was wanted meanwhile. */
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

  /** Resolves when it was loaded as it is now. */
  async run() {
    this.#isWanted = true;
    this.#running ??= this.#runAll();
    await this.#running;
  }

  async #runAll() {
    while (this.#isWanted) {
      this.#isWanted = false;
      // biome-ignore lint/performance/noAwaitInLoops: once at a time
      await this.#load(this.#loaded).catch(report); // a service may answer anything
    }
    this.#running = null;
    this.#loaded();
  }
}
