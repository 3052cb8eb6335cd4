/** Who is signed in sees: conversations and channels at the side, one of them or a sheet beside it. */

import { Connection } from "../sdk/parlour.js";
import { announce, face, h, shortly } from "./dom.js";
import { notify } from "./notifying.js";
import { People } from "./people.js";
import { Room, keyOf } from "./rooms.js";
import { Thread } from "./thread.js";
import { Workspaces } from "./workspaces.js";

const BANNERS = {
  [Connection.CONNECTING]: "Connecting…",
  [Connection.WAITING]: "No connection. Trying again…",
  [Connection.POLLING]: "Slow connection: new messages come every few seconds.",
};
const LIVE = new Set([Connection.ONLINE, Connection.POLLING]);
const CONNECTING_MS = 1_500; // shorter interruptions are not worth a word

export class House {
  element;
  #client;
  #channels;
  #rooms = new Map(); // key -> Room
  #moves = 0;
  #seen = () => document.hidden || this.#loadChannels(); // of new ones nobody is told
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

  /**
   * @param {ParlourClient} client
   * @param {ChannelsClient} channels
   */
  constructor(client, channels) {
    this.#client = client;
    this.#channels = channels;
    this.#list = h("ul.list", { "aria-label": "Conversations" });
    this.#main = h("div.thread");
    this.#banner = h("div.banner", { role: "status", hidden: true });
    const search = (event) => {
      this.#filter = event.target.value.trim().toLowerCase();
      this.#draw();
    };
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
          h("button.button.quiet", { onclick: () => this.#signOut() }, "Sign out"),
        ),
        h(
          "nav",
          { "aria-label": "More" },
          h("button.button", { onclick: () => this.showPeople() }, "People"),
          h("button.button", { onclick: () => this.showWorkspaces() }, "Channels"),
        ),
        h(
          "div.search",
          {},
          h("input.input", {
            type: "search",
            placeholder: "Search",
            "aria-label": "Search conversations",
            oninput: search,
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
    const client = this.#client;
    for (const one of [client, this.#channels]) {
      this.#on(one, "queue", () => this.#connectionChanged());
      this.#on(one, "message", (detail) => this.#heard(one, detail));
      this.#on(one, "changed", (detail) => this.#heard(one, detail));
      this.#on(one, "delivered", ({ place }) => this.#view?.refresh?.(keyOf(one, place)));
      this.#on(one, "read", ({ place, isMine }) => {
        const key = keyOf(one, place);
        if (isMine) this.#update(key, { unread: 0 });
        this.#view?.refresh?.(key);
      });
      this.#on(one, "typing", ({ place, who, isTyping }) =>
        this.#view?.typing?.(keyOf(one, place), who, isTyping),
      );
      this.#on(one, "revoked", ({ place }) => this.#revoked(one, place));
      this.#on(one, "problem", ({ text }) => announce(text));
    }
    this.#on(client, "status", () => this.#connectionChanged());
    this.#on(this.#channels, "status", ({ status }) => {
      if (LIVE.has(status)) this.#loadChannels();
    });
    this.#on(client, "presence", ({ user, isOnline }) => {
      const key = keyOf(client, user);
      this.#update(key, { isOnline });
      this.#view?.presence?.(key, isOnline);
    });
    document.addEventListener("visibilitychange", this.#seen);
    this.#nothingOpen();
    this.#connectionChanged();
    this.#loadPeople();
    if (LIVE.has(this.#channels.status)) this.#loadChannels();
  }

  leave() {
    clearTimeout(this.#bannerTimer);
    document.removeEventListener("visibilitychange", this.#seen);
    this.#view?.leave?.();
    for (const [target, name, hear] of this.#listeners) target.removeEventListener(name, hear);
  }

  async #loadPeople() {
    let found;
    try {
      found = await this.#client.conversations();
    } catch {
      return; // the banner says why; it is loaded again when there is a connection
    }
    for (const each of found.reverse()) {
      const room = this.#roomWith(each.user);
      const isSeen = room.key === this.#open && !document.hidden;
      Object.assign(room, {
        unread: isSeen ? 0 : each.unread_count,
        last: each.last_message,
        lastAt: each.last_message_time,
        order: ++this.#moves,
        isOnline: each.is_online,
        isNew: false,
      });
      this.#view?.presence?.(room.key, each.is_online);
    }
    this.#draw();
  }

  async #loadChannels() {
    if (this.#channels.me === null) return;
    try {
      for (const workspace of await this.#channels.workspaces()) {
        for (const channel of workspace.channels) await this.#addChannel(channel, workspace);
      }
    } catch {
      return; // as above
    }
    this.#draw();
  }

  async #addChannel(channel, workspace) {
    const key = keyOf(this.#channels, channel.id);
    const room =
      this.#rooms.get(key) ?? new Room(this.#channels, channel.id, channel.name, { workspace });
    room.workspace = workspace;
    this.#rooms.set(key, room);
    const newest = await this.#channels.newest(channel.id);
    if (newest !== null) Object.assign(room, { last: newest.content, lastAt: newest.at });
    if (key !== this.#open) room.unread = await this.#channels.unread(channel.id);
    return room;
  }

  #roomWith(user) {
    const key = keyOf(this.#client, user.id);
    if (!this.#rooms.has(key)) {
      this.#rooms.set(key, new Room(this.#client, user.id, user.name, { user }));
    }
    return this.#rooms.get(key);
  }

  showPeople() {
    const openThread = (user) => {
      const isNew = !this.#rooms.has(keyOf(this.#client, user.id));
      const room = this.#roomWith(user);
      room.isNew ||= isNew;
      this.openThread(room);
    };
    this.#showSheet(new People(this.#client, openThread, () => this.#back()));
  }

  showWorkspaces() {
    const openChannel = async (channel, workspace) =>
      this.openThread(await this.#addChannel(channel, workspace));
    const changed = () => this.#loadChannels();
    const back = () => this.#back();
    this.#showSheet(new Workspaces(this.#client, this.#channels, openChannel, changed, back));
  }

  openThread(room) {
    this.#open = room.key;
    this.#show(
      new Thread(room, {
        onBack: () => this.#back(),
        onRead: () => this.#update(room.key, { unread: 0 }),
      }),
    );
    this.#draw();
  }

  #showSheet(view) {
    this.#open = null;
    this.#show(view);
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

  #heard(client, { place, message }) {
    const key = keyOf(client, place);
    this.#view?.heard?.(key, message);
    if (message === null) return;
    const room = this.#rooms.get(key);
    if (room === undefined || (room.isNew && message.seq !== null)) {
      if (room !== undefined) room.isNew = false;
      // of people, one may know from the first message on who is online
      if (client === this.#client) this.#loadPeople();
      else this.#loadChannels();
    }
    if (room === undefined) return;
    room.last = message.content;
    room.order = ++this.#moves;
    if (message.seq !== null) room.lastAt = message.at; // before, it is by this machine's clock
    if (!message.isMine && (this.#open !== key || document.hidden)) {
      room.unread += 1;
      const author = message.authorName ?? room.title;
      announce(`${author}: ${message.content}`);
      notify(room.isChannel ? `${author} in ${room.name}` : author, message.content, () =>
        this.openThread(room),
      );
    }
    this.#draw();
  }

  #revoked(client, place) {
    const key = keyOf(client, place);
    this.#view?.revoked?.(key);
    if (this.#rooms.get(key)?.isChannel) this.#rooms.delete(key);
    this.#draw();
  }

  #update(key, change) {
    const room = this.#rooms.get(key);
    if (room === undefined) return;
    Object.assign(room, change);
    this.#draw();
  }

  #draw() {
    const shown = [...this.#rooms.values()].filter((room) => this.#isSearched(room));
    const people = shown.filter((room) => !room.isChannel);
    people.sort((one, other) => other.order - one.order);
    const items = people.map((room) => this.#item(room));
    const workspaces = new Map(
      shown.filter((room) => room.isChannel).map(({ workspace }) => [workspace.id, workspace]),
    );
    for (const { id, name } of workspaces.values()) {
      items.push(h("li.section", {}, h("h2", {}, name)));
      const theirs = shown.filter((room) => room.workspace?.id === id);
      items.push(...theirs.map((room) => this.#item(room)));
    }
    this.#list.replaceChildren(...(items.length ? items : [this.#emptyList()]));
    const unread = [...this.#rooms.values()].reduce((sum, each) => sum + each.unread, 0);
    document.title = unread ? `(${unread}) Parlour` : "Parlour";
  }

  #isSearched({ title, workspace }) {
    return [title, workspace?.name ?? ""].some((text) => text.toLowerCase().includes(this.#filter));
  }

  #emptyList() {
    return h("li.empty", {}, this.#filter ? "Nothing of that name." : "No conversations yet.");
  }

  #item(room) {
    const { title, unread, last, lastAt, isOnline, isChannel } = room;
    return h(
      "li",
      {},
      h(
        "button.item",
        {
          "aria-current": String(room.key === this.#open),
          "data-place": room.place,
          onclick: () => this.openThread(room),
        },
        isChannel ? h("span.face.channel", { "aria-hidden": "true" }, "#") : face(title, isOnline),
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
      ),
    );
  }

  #connectionChanged() {
    const { status } = this.#client;
    const queued = this.#client.queued + this.#channels.queued;
    clearTimeout(this.#bannerTimer);
    if (status === Connection.ONLINE) {
      this.#banner.hidden = true;
      if (this.#wasAway) this.#loadPeople();
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
    for (const room of this.#rooms.values()) {
      room.isOnline = false;
      this.#view?.presence?.(room.key, false);
    }
    this.#draw();
  }

  async #signOut() {
    const [, outcome] = await Promise.allSettled([
      this.#channels.signOut(),
      this.#client.signOut(),
    ]);
    if (outcome.status === "rejected") {
      announce("The server was not reached: this session may still be open there.");
    }
  }

  #on(target, name, hear) {
    const listener = (event) => hear(event.detail);
    target.addEventListener(name, listener);
    this.#listeners.push([target, name, listener]);
  }
}
