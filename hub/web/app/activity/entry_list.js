/**
 * A list of activity entries, up to a limit. A reload keeps the shown entries until the new ones are there,
 * and keeps the focus.
 */

import { h } from "../dom/elements.js";
import { attempt } from "../dom/feedback.js";
import { Loader } from "../dom/loader.js";
import { redrawIn } from "../dom/redraw.js";
import { collected } from "./collecting.js";

/**
 * @import { Entry } from "./activity.js"
 *
 * @typedef {object} Content
 * @property {string} title
 * @property {string} empty the text if there is none
 * @property {() => AsyncIterable<Entry>} read all of them, in order
 * @property {(entry: Entry) => HTMLElement} row
 */

const PAGE = 20;

export class EntryList {
  /** @readonly */
  element;
  /** @type {(() => number) | null} */
  unread = null; // about how many are unread, if only those are shown; null: all are shown
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
    const onclick = () => void this.loadMore(this.#limit + PAGE);
    this.#more = h("button.button", { type: "button", hidden: true, onclick }, "More");
    const parts = [h("h3", {}, content.title), this.#empty, this.#list, this.#problem, this.#more];
    this.element = h("section", { "aria-label": content.title, tabindex: -1 }, ...parts);
  }

  /** Reload as many as are shown. */
  async load() {
    await this.#loader.run();
  }

  /** Reload up to a limit, and move the focus to the first entry that is new. */
  async loadMore(limit = this.#limit) {
    const before = this.#list.children.length;
    this.#limit = limit;
    await this.load();
    const rows = this.#list.querySelectorAll("button");
    (rows[before] ?? rows[rows.length - 1] ?? this.element).focus();
  }

  async #load() {
    const limit = this.#limit;
    const unread = this.unread === null ? null : this.unread();
    const { entries, isMore } = await collected(this.#content.read(), limit, unread);
    this.#empty.hidden = entries.length > 0;
    this.#more.hidden = !isMore;
    redrawIn(this.#list, ...entries.map((entry) => this.#row(entry)));
  }

  /** @param {Entry} entry */
  #row(entry) {
    return h("li", { "data-row": String(entry.message.id) }, this.#content.row(entry));
  }
}
