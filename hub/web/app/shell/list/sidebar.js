/**
 * The sidebar: the signed-in user, the buttons of panels, and the list of conversations.
 *
 * What it promises: it is drawn once per frame at most, and drawing it takes neither the focus nor a
 * click; rows out of view are drawn when the user scrolls there.
 */

import { face, h, icon } from "../../dom/elements.js";
import { reconcile } from "../../dom/keyed.js";
import { menu } from "../../dom/menu.js";
import { MuteEnds } from "../../conversation/muting.js";
import { Redraw } from "../../dom/redraw.js";
import { plain, searchable } from "../../dom/text.js";
import { ConversationRow } from "./conversation_row.js";

/**
 * @import { User } from "../../../sdk/parlour.js"
 * @import { Conversation } from "../../conversation/conversation.js"
 * @import { Conversations } from "../../conversation/conversations.js"
 *
 * @typedef {object} Handlers
 * @property {() => void} onSignOut
 * @property {(place: string) => void} onOpen opens a conversation or a panel
 * @property {(text: string) => void} onSearch messages are searched
 * @property {() => HTMLElement} welcome what a new user can do
 * @property {() => number} unreadActivity how many mentions and threads are unread
 */

const PAGE = 100; // rows that are drawn more when the last one comes near
const NEAR_PX = 1_000;
const MENTIONS = "Mentions and threads";

export class Sidebar {
  /** @readonly */
  element;
  #conversations;
  #onOpen;
  #filter = "";
  #limit = PAGE;
  #redraw = new Redraw(() => this.#draw());
  /** @type {Map<string, ConversationRow>} by the conversation's key */
  #rows = new Map();
  /** @type {Map<number, HTMLElement>} by the workspace's id */
  #headings = new Map();
  #notice = h("div.notice", { role: "alert", hidden: true });
  #search;
  #list;
  /** @type {(user: User) => HTMLElement} */
  #menu;
  #account;
  #welcome;
  #empty = h("li");
  #findWord = h("span.cut");
  #find;
  /** @type {Map<string, HTMLElement>} by the panel that it opens */
  #ways = new Map();
  #requests = this.#way("requests", icon("request"), "Requests");
  #mentions = this.#way("mentions", icon("mention"), h("span.unseen", {}, MENTIONS));
  #unreadActivity;
  #muteEnds;
  #place = "";

  /**
   * @param {User} me
   * @param {Conversations} conversations
   * @param {Handlers} handlers
   */
  constructor(me, conversations, handlers) {
    const { onSignOut, onOpen, onSearch, welcome } = handlers;
    this.#conversations = conversations;
    this.#unreadActivity = handlers.unreadActivity;
    this.#muteEnds = new MuteEnds(() => conversations.muteEnded());
    this.#onOpen = onOpen;
    this.#welcome = welcome();
    this.#search = h("input.input", {
      type: "search",
      placeholder: "Search",
      "aria-label": "Search conversations",
      "aria-keyshortcuts": "Control+K",
      oninput: () => {
        this.#filter = searchable(this.#search.value.trim());
        this.#limit = PAGE;
        this.#redraw.now();
      },
      onkeydown: (event) => this.#pressed(event),
    });
    const onclick = () => onSearch(this.#search.value.trim());
    this.#find = h("li", {}, h("button.button.find", { type: "button", onclick }, this.#findWord));
    this.#list = h("ul.list", {
      "aria-label": "Conversations",
      onkeydown: (event) => this.#pressed(event),
      onscroll: () => this.#scrolled(),
    });
    this.#menu = (user) =>
      menu("Your account", face(user.name, user.id), whoIs(user), [
        ["Settings", () => onOpen("settings")],
        ["Sign out", onSignOut],
      ]);
    this.#account = this.#menu(me);
    this.#requests.classList.add("wide");
    this.#mentions.classList.add("square");
    this.#mentions.title = MENTIONS;
    this.element = h(
      "aside.side",
      { "aria-label": "Conversations" },
      h("header", {}, this.#account, this.#search, this.#mentions),
      h(
        "nav",
        { "aria-label": "More" },
        this.#way("people", icon("people"), "People"),
        this.#way("channels", icon("channel"), "Channels"),
        this.#requests,
      ),
      this.#notice,
      this.#list,
    );
  }

  /**
   * @param {string} panel
   * @param {HTMLElement} sign
   * @param {string | HTMLElement} word
   */
  #way(panel, sign, word) {
    const onclick = () => this.#onOpen(panel);
    const button = h("button.button.quiet", { type: "button", onclick }, sign, word);
    this.#ways.set(panel, button);
    return button;
  }

  /**
   * Show how many wait in the panel of a button.
   * @param {string} panel
   * @param {number} count
   * @param {string} what
   */
  count(panel, count, what) {
    const button = this.#ways.get(panel);
    const before = button?.querySelector(".badge");
    if ((before?.textContent ?? "") === (count === 0 ? "" : `${count}`)) return;
    before?.remove();
    if (count === 0) return;
    button?.append(h("span.badge", { "aria-label": `${count} ${what}`, role: "img" }, `${count}`));
  }

  /** @param {string} place that is open now */
  showPlace(place) {
    this.#place = place;
    for (const [panel, button] of this.#ways) {
      if (panel === place) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
    }
  }

  /** @param {...(Node | string)} parts that are shown above the list; none: nothing is */
  notify(...parts) {
    this.#notice.replaceChildren(...parts);
    this.#notice.hidden = parts.length === 0;
  }

  /** @param {User} me with the changed name */
  profileChanged(me) {
    const before = this.#account;
    this.#account = this.#menu(me);
    before.replaceWith(this.#account);
  }

  /** @param {KeyboardEvent} event anywhere on the page; Ctrl or Command with K searches */
  pressed(event) {
    if (event.key !== "k" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.#search.focus();
    this.#search.select();
  }

  /** What the list shows has changed. */
  changed() {
    this.#redraw.ask();
  }

  stop() {
    this.#redraw.stop();
    this.#muteEnds.stop();
  }

  /** Draw the list, and the page's title with how much is unread. */
  #draw() {
    if (this.#list.querySelector("button:active") !== null) {
      this.#redraw.ask(); // the element that is being pressed stays in place
      return;
    }
    const all = this.#conversations.all();
    const asking = this.#conversations.requests().length;
    this.count("requests", asking, "requests");
    this.#requests.hidden = asking === 0 && this.#place !== "requests";
    this.#muteEnds.update(all);
    this.count("mentions", this.#unreadActivity(), "unread");
    const shown = this.#filter ? all.filter((each) => this.#isSearched(each)) : all;
    const people = shown.filter(({ isChannel }) => !isChannel);
    people.sort((one, other) => other.order - one.order);
    const rows = this.#inWorkspaces(shown);
    const drawn = people.slice(0, this.#limit).map((conversation) => this.#row(conversation));
    const text = this.#filter ? "No matching conversations." : "No conversations yet.";
    this.#empty.replaceChildren(h("p.empty", {}, text), this.#filter ? "" : this.#welcome);
    const items = drawn.length === people.length ? [...drawn, ...rows] : drawn;
    const found = items.length > 0 ? items : [this.#empty];
    this.#findWord.textContent = `Search messages for “${this.#search.value.trim()}”`;
    reconcile(this.#list, this.#filter ? [...found, this.#find] : found);
    this.#setTabStop();
    const unread = all.reduce((sum, each) => sum + (each.isMuted ? 0 : each.unread), 0);
    document.title = unread ? `(${unread}) Parlour` : "Parlour";
  }

  /** @param {Conversation[]} shown */
  #inWorkspaces(shown) {
    const items = [];
    const workspaces = new Map(shown.map(({ workspace }) => [workspace?.id, workspace?.name]));
    for (const [id, name] of workspaces) {
      if (id === undefined) continue;
      const heading = this.#headings.get(id) ?? h("li.section", {}, h("h2", {}, plain(name ?? "")));
      this.#headings.set(id, heading);
      items.push(heading);
      const channels = shown.filter(({ workspace }) => workspace?.id === id);
      channels.sort((one, other) => one.id - other.id); // each keeps its place, whichever has the latest message
      items.push(...channels.map((conversation) => this.#row(conversation)));
    }
    return items;
  }

  /** @param {Conversation} conversation */
  #isSearched({ title, workspace }) {
    const texts = [title, workspace?.name ?? ""];
    return texts.some((text) => searchable(text).includes(this.#filter));
  }

  /** @param {Conversation} conversation */
  #row(conversation) {
    const { key } = conversation;
    const row = this.#rows.get(key) ?? new ConversationRow(conversation, () => this.#open(key));
    this.#rows.set(key, row);
    row.update(conversation, key === this.#conversations.openKey);
    return row.element;
  }

  /** @param {string} key of a conversation, which the search has found */
  #open(key) {
    this.#search.value = "";
    this.#filter = "";
    this.#redraw.ask();
    this.#onOpen(key);
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    if (scrollHeight - scrollTop - clientHeight > NEAR_PX) return;
    if (this.#limit > this.#conversations.all().length) return;
    this.#limit += PAGE;
    this.#redraw.ask();
  }

  #items() {
    return [...this.#list.querySelectorAll("button")];
  }

  /** The list is one stop of the Tab key; the arrows go on from there. */
  #setTabStop() {
    const items = this.#items();
    const open = items.find((item) => item.getAttribute("aria-current") === "true");
    const stop = items.find((item) => item === document.activeElement) ?? open ?? items[0];
    for (const item of items) item.tabIndex = item === stop ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const items = this.#items();
    const at = items.findIndex((item) => item.matches(":focus"));
    const places = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
    const isInSearch = at === -1;
    if (isInSearch && event.key === "Enter") items[0]?.click();
    if (isInSearch && event.key !== "ArrowDown") return;
    if (at === 0 && event.key === "ArrowUp") this.#search.focus();
    const to = items[places[/** @type {keyof typeof places} */ (event.key)] ?? -1];
    if (to === undefined) return;
    event.preventDefault();
    to.focus();
    this.#setTabStop();
  }
}

/** @param {User} me */
function whoIs({ name, username }) {
  return h("p", {}, h("span.name.cut", {}, plain(name)), h("span.hint.cut", {}, `@${username}`));
}
