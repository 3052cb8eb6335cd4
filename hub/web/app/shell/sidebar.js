/** The side: who is signed in, the ways to people and channels, and the list of conversations. */

import { shortly } from "../dom/dates.js";
import { channelFace, face, h } from "../dom/elements.js";
import { plain } from "../dom/text.js";

/**
 * @import { Conversation } from "../conversation/conversation.js"
 * @import { Conversations } from "../conversation/conversations.js"
 *
 * @typedef {object} Handlers
 * @property {() => void} onSignOut
 * @property {() => void} onPeople
 * @property {() => void} onChannels
 * @property {(conversation: Conversation) => void} onOpen
 */

export class Sidebar {
  /** @readonly */
  element;
  #conversations;
  #onOpen;
  #filter = "";
  #notice = h("div.notice", { role: "alert", hidden: true });
  #list = h("ul.list", { "aria-label": "Conversations" });

  /**
   * @param {string} name of the user
   * @param {Conversations} conversations
   * @param {Handlers} handlers
   */
  constructor(name, conversations, { onSignOut, onPeople, onChannels, onOpen }) {
    this.#conversations = conversations;
    this.#onOpen = onOpen;
    const search = h("input.input", {
      type: "search",
      placeholder: "Search",
      "aria-label": "Search conversations",
      oninput: () => {
        this.#filter = search.value.trim().toLowerCase();
        this.draw();
      },
    });
    this.element = h(
      "aside.side",
      { "aria-label": "Conversations" },
      h(
        "header",
        {},
        face(name),
        h("span.name", {}, plain(name)),
        h("button.button.quiet", { onclick: onSignOut }, "Sign out"),
      ),
      h(
        "nav",
        { "aria-label": "More" },
        h("button.button", { onclick: onPeople }, "People"),
        h("button.button", { onclick: onChannels }, "Channels"),
      ),
      this.#notice,
      h("div.search", {}, search),
      this.#list,
    );
  }

  /** @param {...(Node | string)} parts that are shown above the list; none: nothing is */
  notify(...parts) {
    this.#notice.replaceChildren(...parts);
    this.#notice.hidden = parts.length === 0;
  }

  /** Draw the list, and the page's title with how much is unread. */
  draw() {
    const all = this.#conversations.all();
    const shown = all.filter((conversation) => this.#isSearched(conversation));
    const people = shown.filter(({ isChannel }) => !isChannel);
    people.sort((one, other) => other.order - one.order);
    const items = people.map((conversation) => this.#item(conversation));
    const workspaces = new Map(shown.map(({ workspace }) => [workspace?.id, workspace?.name]));
    workspaces.delete(undefined);
    for (const [id, name] of workspaces) {
      items.push(h("li.section", {}, h("h2", {}, plain(name ?? ""))));
      const channels = shown.filter(({ workspace }) => workspace?.id === id);
      items.push(...channels.map((conversation) => this.#item(conversation)));
    }
    this.#list.replaceChildren(...(items.length > 0 ? items : [this.#emptyList()]));
    const unread = all.reduce((sum, each) => sum + each.unread, 0);
    document.title = unread ? `(${unread}) Parlour` : "Parlour";
  }

  /** @param {Conversation} conversation */
  #isSearched({ title, workspace }) {
    const texts = [title, workspace?.name ?? ""];
    return texts.some((text) => text.toLowerCase().includes(this.#filter));
  }

  #emptyList() {
    return h("li.empty", {}, this.#filter ? "Nothing of that name." : "No conversations yet.");
  }

  /** @param {Conversation} conversation */
  #item(conversation) {
    const { id, key, title, unread, last, lastAt, isOnline, isChannel } = conversation;
    const button = h(
      "button.item",
      {
        "aria-current": String(key === this.#conversations.openKey),
        "data-conversation": id,
        onclick: () => this.#onOpen(conversation),
      },
      isChannel ? channelFace() : face(title, isOnline),
      h(
        "span",
        {},
        h("div.title", {}, title, isOnline && h("span.unseen", {}, " (online)")),
        last && h("div.last", {}, last.slice(0, 120)),
      ),
      h(
        "span.when",
        {},
        h("div", {}, lastAt && shortly(lastAt)),
        unread > 0 && h("span.badge", { "aria-label": `${unread} unread` }, String(unread)),
      ),
    );
    return h("li", {}, button);
  }
}
