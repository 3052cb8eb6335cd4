/** Who is signed in sees: conversations at the side, one of them or the people beside it. */

import { Connection } from "../sdk/parlour.js";
import { announce, face, h, shortly } from "./dom.js";
import { People } from "./people.js";
import { Thread } from "./thread.js";

const BANNERS = {
  [Connection.CONNECTING]: "Connecting…",
  [Connection.WAITING]: "No connection. Trying again…",
  [Connection.POLLING]: "Slow connection: new messages come every few seconds.",
};
const CONNECTING_MS = 1_500; // shorter interruptions are not worth a word

export class House {
  element;
  #client;
  #people = new Map(); // user id -> { user, unread, last, lastAt, isOnline }
  #open = null;
  #view = null;
  #filter = "";
  #house;
  #list;
  #main;
  #banner;
  #bannerTimer = null;
  #wasAway = false;
  #listeners = [];

  constructor(client) {
    this.#client = client;
    this.#list = h("ul.list", { "aria-label": "Conversations" });
    this.#main = h("div.thread");
    this.#banner = h("div.banner", { role: "status", hidden: true });
    this.#house = h(
      "div.house",
      { "data-open": "list" },
      h(
        "aside.side",
        { "aria-label": "Conversations" },
        h(
          "header",
          {},
          face(client.me.name),
          h("span.name", {}, client.me.name),
          h("button.button.quiet", { onclick: () => this.showPeople() }, "People"),
          h("button.button.quiet", { onclick: () => this.#signOut() }, "Sign out"),
        ),
        h(
          "div.search",
          {},
          h("input.input", {
            type: "search",
            placeholder: "Search conversations",
            "aria-label": "Search conversations",
            oninput: (event) => {
              this.#filter = event.target.value.trim().toLowerCase();
              this.#draw();
            },
          }),
        ),
        this.#list,
      ),
      this.#main,
    );
    const title = h("h1.unseen", {}, "Parlour");
    this.element = h("div.frame", {}, title, this.#banner, this.#house);
  }

  begin() {
    this.#on("status", () => this.#connectionChanged());
    this.#on("queue", () => this.#connectionChanged());
    this.#on("message", ({ peer, message }) => this.#heard(peer, message));
    this.#on("changed", ({ peer, message }) => this.#heard(peer, message));
    this.#on("read", ({ peer, isMine }) => {
      if (isMine) this.#update(peer, { unread: 0 });
      this.#view?.refresh?.(peer);
    });
    this.#on("typing", ({ peer, isTyping }) => this.#view?.typing?.(peer, isTyping));
    this.#on("presence", ({ user, isOnline }) => {
      this.#update(user, { isOnline });
      this.#view?.presence?.(user, isOnline);
    });
    this.#on("revoked", ({ peer }) => this.#view?.revoked?.(peer));
    this.#on("problem", ({ text }) => announce(text));
    this.#nothingOpen();
    this.#connectionChanged();
    this.load();
  }

  leave() {
    clearTimeout(this.#bannerTimer);
    this.#view?.leave?.();
    for (const [name, hear] of this.#listeners) this.#client.removeEventListener(name, hear);
  }

  /** Load the list anew. */
  async load() {
    let found;
    try {
      found = await this.#client.conversations();
    } catch {
      return; // the banner says why; it is loaded again when there is a connection
    }
    for (const each of found) {
      this.#people.set(each.user.id, {
        user: each.user,
        unread: each.user.id === this.#open && !document.hidden ? 0 : each.unread_count,
        last: each.last_message,
        lastAt: each.last_message_time,
        isOnline: each.is_online,
        isNew: false,
      });
      this.#view?.presence?.(each.user.id, each.is_online);
    }
    this.#draw();
  }

  showPeople() {
    this.#show(new People(this.#client, (user) => this.openThread(user), () => this.#back()));
    this.#open = null;
    this.#draw();
  }

  openThread(user) {
    const known = this.#people.get(user.id);
    this.#open = user.id;
    if (known === undefined) {
      this.#people.set(user.id, {
        user, unread: 0, last: "", lastAt: "", isOnline: false, isNew: true,
      });
    }
    const { isOnline } = this.#people.get(user.id);
    this.#show(
      new Thread(this.#client, user, {
        isOnline,
        onBack: () => this.#back(),
        onRead: () => this.#update(user.id, { unread: 0 }),
      }),
    );
    this.#draw();
  }

  #show(view) {
    this.#view?.leave?.();
    this.#view = view;
    this.#main.replaceChildren(...view.parts);
    this.#house.dataset.open = "thread";
    view.begin();
  }

  #back() {
    this.#view?.leave?.();
    this.#view = null;
    this.#open = null;
    this.#house.dataset.open = "list";
    this.#nothingOpen();
    this.#draw();
  }

  #nothingOpen() {
    this.#main.replaceChildren(
      h("p.empty", {}, "Choose a conversation, or find somebody under “People”."),
    );
  }

  #heard(peer, message) {
    this.#view?.heard?.(peer, message);
    if (message === null) return;
    const known = this.#people.get(peer);
    if (known === undefined || (known.isNew && message.seq !== null)) {
      if (known !== undefined) known.isNew = false;
      this.load(); // from the first message on one may know who is online
    }
    if (known === undefined) return;
    const isSeen = this.#open === peer && !document.hidden;
    const isNew = !message.isMine && message.at >= known.lastAt;
    if (message.at >= known.lastAt) {
      known.last = message.content;
      known.lastAt = message.at;
    }
    if (isNew && !isSeen) {
      known.unread += 1;
      announce(`${known.user.name}: ${message.content}`);
    }
    this.#draw();
  }

  #update(peer, change) {
    const known = this.#people.get(peer);
    if (known === undefined) return;
    Object.assign(known, change);
    this.#draw();
  }

  #draw() {
    const shown = [...this.#people.values()]
      .filter(({ user }) => user.name.toLowerCase().includes(this.#filter))
      .sort((one, other) => (one.lastAt < other.lastAt ? 1 : -1));
    this.#list.replaceChildren(
      ...(shown.length ? shown.map((each) => this.#item(each)) : [this.#emptyList()]),
    );
    const unread = [...this.#people.values()].reduce((sum, each) => sum + each.unread, 0);
    document.title = unread ? `(${unread}) Parlour` : "Parlour";
  }

  #emptyList() {
    return h("li.empty", {}, this.#filter ? "Nobody of that name." : "No conversations yet.");
  }

  #item({ user, unread, last, lastAt, isOnline }) {
    return h(
      "li",
      {},
      h(
        "button.item",
        {
          "aria-current": String(user.id === this.#open),
          "data-peer": user.id,
          onclick: () => this.openThread(user),
        },
        face(user.name, isOnline),
        h(
          "span",
          {},
          h("div.title", {}, user.name, isOnline && h("span.unseen", {}, " (online)")),
          h("div.last", {}, last.slice(0, 120)),
        ),
        h(
          "span.when",
          {},
          h("div", {}, lastAt && shortly(lastAt)),
          unread > 0 && h("span.badge", { "aria-label": `${unread} unread` }, String(unread)),
        ),
      ),
    );
  }

  #connectionChanged() {
    const { status, queued } = this.#client;
    clearTimeout(this.#bannerTimer);
    if (status === Connection.ONLINE) {
      this.#banner.hidden = true;
      if (this.#wasAway) this.load();
      this.#wasAway = false;
      return;
    }
    const waiting = queued === 1 ? " 1 message waits." : ` ${queued} messages wait.`;
    const say = () => {
      this.#wasAway = true;
      this.#banner.textContent = (BANNERS[status] ?? "") + (queued ? waiting : "");
      this.#banner.hidden = this.#banner.textContent === "";
      this.#forgetPresence();
    };
    if (status === Connection.CONNECTING && this.#banner.hidden) {
      this.#bannerTimer = setTimeout(say, CONNECTING_MS);
    } else {
      say();
    }
  }

  /** Without a connection nobody knows who is online. */
  #forgetPresence() {
    if (this.#client.status === Connection.POLLING) return;
    for (const [peer, known] of this.#people) {
      known.isOnline = false;
      this.#view?.presence?.(peer, false);
    }
    this.#draw();
  }

  async #signOut() {
    try {
      await this.#client.signOut();
    } catch {
      announce("The server was not reached: this session may still be open there.");
    }
  }

  #on(name, hear) {
    const listener = (event) => hear(event.detail);
    this.#client.addEventListener(name, listener);
    this.#listeners.push([name, listener]);
  }
}
