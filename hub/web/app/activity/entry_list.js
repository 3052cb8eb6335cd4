/**
 * A list of what waits for the user, as much of it as is wanted. Loading it again keeps what is shown until
 * the new one is there, and the focus.
 */

import { h } from "../dom/elements.js";
import { attempt } from "../dom/feedback.js";
import { Loader } from "../dom/loader.js";
import { redrawIn } from "../dom/redraw.js";

/**
 * @import { Entry } from "./activity.js"
 *
 * @typedef {object} Content
 * @property {string} title
 * @property {string} empty what is said if there is none
 * @property {() => AsyncIterable<Entry>} read all of them, in order
 * @property {(entry: Entry) => HTMLElement} row
 */

const PAGE = 20;
const MAX_READ = 1_000; // to find those that are wanted: what is older is counted nowhere

export class EntryList {
  /** @readonly */
  element;
  /** @type {(entry: Entry) => boolean} */
  isWanted = () => true;
  #content;
  #list = h("ul.results");
  #empty;
  #more;
  #problem = h("p.problem", { role: "alert" });
  #limit = PAGE;
  #loader = new Loader(() => attempt(this.#problem, () => this.#load()));

  /** @param {Content} content */
  constructor(content) {
    this.#content = content;
    this.#empty = h("p", { hidden: true }, content.empty);
    const onclick = () => void this.#loadMore();
    this.#more = h("button.button", { type: "button", hidden: true, onclick }, "More");
    const parts = [h("h3", {}, content.title), this.#empty, this.#list, this.#problem, this.#more];
    this.element = h("section", { "aria-label": content.title }, ...parts);
  }

  /** Load as many as are shown, as they are now. */
  async load() {
    await this.#loader.run();
  }

  async #loadMore() {
    this.#limit += PAGE;
    await this.load();
  }

  async #load() {
    const limit = this.#limit;
    /** @type {Entry[]} */
    const found = [];
    let count = 0;
    for await (const entry of this.#content.read()) {
      count += 1;
      if (this.isWanted(entry)) found.push(entry);
      if (found.length > limit || count >= MAX_READ) break;
    }
    const shown = found.slice(0, limit);
    this.#empty.hidden = shown.length > 0;
    this.#more.hidden = found.length <= limit;
    redrawIn(this.#list, ...shown.map((entry) => this.#row(entry)));
  }

  /** @param {Entry} entry */
  #row(entry) {
    return h("li", { "data-row": String(entry.message.id) }, this.#content.row(entry));
  }
}
