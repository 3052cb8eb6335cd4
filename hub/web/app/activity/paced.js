import { Loader } from "../dom/loader.js";

/** Loads something whenever it may have changed, with a pause between two loads. */
export class Paced {
  #loader;

  /**
   * @param {() => Promise<void>} load
   * @param {number} pauseMs between the end of one load and the next
   */
  constructor(load, pauseMs) {
    this.#loader = new Loader(async () => {
      await load();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    });
  }

  /** It may have changed. */
  changed() {
    void this.#loader.run();
  }
}
