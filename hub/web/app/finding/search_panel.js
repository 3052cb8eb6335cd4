/**
 * Searching messages: those with people, and those in channels, each a few at a time.
 *
 * What it promises: the results stay while the user opens one and comes back.
 */

import { keyOf } from "../conversation/conversation.js";
import { shortly } from "../dom/dates.js";
import { h, paneHeader } from "../dom/elements.js";
import { attempt } from "../dom/feedback.js";

/**
 * @import { FoundMessage, Message, SearchOptions, Snippet } from "../../sdk/parlour.js"
 * @import { AnyClient } from "../conversation/conversation.js"
 * @import { Conversations } from "../conversation/conversations.js"
 *
 * @typedef {(key: string, message: Message) => void} OnOpen shows a message in its conversation
 */

const MAX_QUERY = 500; // characters

/** The results of one client, with a button for more. */
class Results {
  /** @readonly */
  element;
  #client;
  #conversations;
  #onOpen;
  #list = h("ul.results");
  #more;
  #problem = h("p.problem", { role: "alert" });
  #query = "";
  /** @type {SearchOptions} */
  #options = {};

  /**
   * @param {AnyClient} client
   * @param {string} title
   * @param {Conversations} conversations
   * @param {OnOpen} onOpen
   */
  constructor(client, title, conversations, onOpen) {
    this.#client = client;
    this.#conversations = conversations;
    this.#onOpen = onOpen;
    const onclick = () => void attempt(this.#problem, () => this.#load());
    this.#more = h("button.button", { type: "button", hidden: true, onclick }, "More");
    const parts = [h("h3", {}, title), this.#list, this.#problem, this.#more];
    this.element = h("section", { hidden: true, "aria-label": title }, ...parts);
  }

  /**
   * @param {string} query
   * @param {"newest" | "best"} order
   */
  async search(query, order) {
    this.#query = query;
    this.#options = { order };
    this.#list.replaceChildren();
    this.#more.hidden = true;
    this.element.hidden = false;
    await attempt(this.#problem, () => this.#load());
    if (this.count === 0 && this.#problem.textContent === "") this.element.hidden = true;
  }

  get count() {
    return this.#list.children.length;
  }

  async #load() {
    const before = this.count;
    do {
      const options = this.#options;
      // biome-ignore lint/performance/noAwaitInLoops: each page says where the next one begins
      const { found, cursor } = await this.#client.search(this.#query, options);
      if (options !== this.#options) return; // something else is searched for now
      const rows = await Promise.all(found.map((each) => this.#row(each)));
      if (options !== this.#options) return;
      this.#list.append(...rows.filter((row) => row !== null));
      this.#options = { ...options, cursor: cursor ?? "" };
      this.#more.hidden = cursor === null;
    } while (this.count === before && !this.#more.hidden);
  }

  /**
   * @param {FoundMessage} found
   * @returns {Promise<HTMLElement | null>} null: it is in no conversation of this client's list
   */
  async #row({ message, snippet }) {
    const key = keyOf(this.#client, message.conversationId);
    const conversation = await this.#conversations.find(key);
    if (conversation === null) return null; // channels have private messages too, found beside them
    const where = conversation.isChannel ? conversation.name : conversation.title;
    const about = `${conversation.authorOf(message)} · ${shortly(message.at)}`;
    const head = h("span.about", {}, h("strong.cut", {}, where), h("small", {}, about));
    const text = h("span.snippet", { dir: "auto" }, ...marked(snippet));
    const onclick = () => this.#onOpen(key, message);
    return h("li", {}, h("button.result", { type: "button", onclick }, head, text));
  }
}

/**
 * A part of a message, with the matches marked.
 * @param {Snippet} snippet
 */
function marked({ text, offset, marks }) {
  /** @type {(HTMLElement | string)[]} */
  const shown = offset > 0 ? ["…"] : [];
  let at = 0;
  for (const { start, end } of marks) {
    shown.push(text.slice(at, start), h("mark", {}, text.slice(start, end)));
    at = end;
  }
  return [...shown, text.slice(at)];
}

export class SearchPanel {
  /** @readonly */
  parts;
  #field;
  #order;
  #results;
  #state = h("p.empty", { role: "status" });

  /**
   * @param {AnyClient} client
   * @param {AnyClient} channels
   * @param {Conversations} conversations
   * @param {OnOpen} onOpen
   * @param {() => void} onBack
   */
  constructor(client, channels, conversations, onOpen, onBack) {
    this.#results = [
      new Results(client, "Conversations", conversations, onOpen),
      new Results(channels, "Channels", conversations, onOpen),
    ];
    this.#field = h("input.input", { type: "search", required: true, maxlength: MAX_QUERY });
    const onchange = () => this.#field.value.trim() !== "" && void this.#search();
    const orders = [
      ["newest", "Newest first"],
      ["best", "Best first"],
    ];
    const options = orders.map(([value = "", word = ""]) => h("option", { value }, word));
    this.#order = h("select.input", { "aria-label": "Order", onchange }, ...options);
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.#search();
    };
    const form = h(
      "form.inline",
      { role: "search", onsubmit },
      h("label.field", {}, h("span", {}, "Search messages"), this.#field),
      this.#order,
      h("button.button.primary", {}, "Search"),
    );
    const hint =
      'Narrow the search: "exact words", from:ann, in:#maths, after:2026-01-31, has:file, begin*';
    const found = this.#results.map(({ element }) => element);
    this.parts = [
      paneHeader(onBack, h("div.who", {}, h("h2", {}, "Search"))),
      h("div.sheet.finding", {}, form, h("small", {}, hint), this.#state, ...found),
    ];
  }

  async start() {
    if (this.#field.value === "") this.#field.focus();
  }

  /** @param {string} query */
  async search(query) {
    this.#field.value = query;
    await this.#search();
  }

  async #search() {
    const query = this.#field.value.trim();
    const order = this.#order.value === "best" ? "best" : "newest";
    this.#state.textContent = "Searching…";
    await Promise.all(this.#results.map((each) => each.search(query, order)));
    const hasAny = this.#results.some(({ element }) => !element.hidden);
    this.#state.textContent = hasAny ? "" : "Nothing was found.";
  }
}
