/**
 * The page of a signed-in user: the list at the side, and one conversation or panel beside it.
 *
 * It passes the clients' events on to the list and to what is open. It must not know how they look.
 */

import { Connection } from "../../sdk/parlour.js";
import { keyOf } from "../conversation/conversation.js";
import { ConversationView } from "../conversation/conversation_view.js";
import { Conversations } from "../conversation/conversations.js";
import { h } from "../dom/elements.js";
import { announce } from "../dom/feedback.js";
import { notify } from "../dom/notifications.js";
import { PeoplePanel } from "../panels/people.js";
import { WorkspacesPanel } from "../panels/workspaces.js";
import { ConnectionBanner } from "./connection_banner.js";
import { Sidebar } from "./sidebar.js";

/**
 * @import { Channel, ChannelsClient, ClientEvents, ConversationId } from "../../sdk/parlour.js"
 * @import { ConnectionStatus, ParlourClient, User, Workspace } from "../../sdk/parlour.js"
 * @import { AnyClient, Conversation } from "../conversation/conversation.js"
 *
 * @typedef {{ parts: HTMLElement[], start: () => Promise<void>, stop?: () => void }} View
 */

/** @type {Set<ConnectionStatus>} */
const LIVE = new Set([Connection.ONLINE, Connection.POLLING]);

export class AppShell {
  /** @readonly */
  element;
  #client;
  #channels;
  #conversations;
  #sidebar;
  #banner;
  #body;
  #pane = h("div.pane");
  /** @type {View | null} */
  #view = null;
  #listening = new AbortController();

  /**
   * @param {ParlourClient} client
   * @param {ChannelsClient} channels
   * @param {User} me
   */
  constructor(client, channels, me) {
    this.#client = client;
    this.#channels = channels;
    this.#conversations = new Conversations(client, channels, () => this.#changed());
    this.#sidebar = new Sidebar(me.name, this.#conversations, {
      onSignOut: () => void this.#signOut(),
      onPeople: () => this.#showPeople(),
      onChannels: () => this.#showWorkspaces(),
      onOpen: (conversation) => this.#openConversation(conversation),
    });
    this.#banner = new ConnectionBanner(
      () => this.#away(),
      () => void this.#conversations.loadPeople(),
    );
    this.#body = h("div.shell", { "data-open": "list" }, this.#sidebar.element, this.#pane);
    const title = h("h1.unseen", {}, "Parlour");
    this.element = h("div.frame", {}, title, this.#banner.element, this.#body);
  }

  start() {
    for (const client of [this.#client, this.#channels]) this.#listen(client);
    this.#on(this.#client, "status", () => this.#connectionChanged());
    this.#on(this.#client, "presence", ({ user, isOnline }) =>
      this.#conversations.presenceChanged(user, isOnline),
    );
    this.#on(this.#channels, "status", ({ status }) => {
      if (LIVE.has(status)) void this.#conversations.loadChannels();
    });
    const { signal } = this.#listening;
    const looked = () => {
      if (!document.hidden) void this.#conversations.loadChannels(); // there may be new ones
    };
    document.addEventListener("visibilitychange", looked, { signal });
    this.#showNothing();
    this.#connectionChanged();
    void this.#conversations.loadPeople();
    if (LIVE.has(this.#channels.status)) void this.#conversations.loadChannels();
  }

  stop() {
    this.#banner.stop();
    this.#listening.abort();
    this.#view?.stop?.();
  }

  /** @param {AnyClient} client */
  #listen(client) {
    this.#on(client, "queue", () => this.#connectionChanged());
    this.#on(client, "message", (detail) => this.#messageChanged(client, detail));
    this.#on(client, "changed", (detail) => this.#messageChanged(client, detail));
    this.#on(client, "delivered", ({ conversationId }) =>
      this.#viewOf(client, conversationId)?.statusChanged(),
    );
    this.#on(client, "read", ({ conversationId, isMine }) => {
      if (isMine) this.#conversations.read(keyOf(client, conversationId));
      this.#viewOf(client, conversationId)?.statusChanged();
    });
    this.#on(client, "typing", ({ conversationId, who, isTyping }) =>
      this.#viewOf(client, conversationId)?.typingChanged(who, isTyping),
    );
    this.#on(client, "revoked", ({ conversationId }) => {
      this.#viewOf(client, conversationId)?.revoked();
      this.#conversations.revoked(keyOf(client, conversationId));
    });
    this.#on(client, "problem", ({ text }) => announce(text));
  }

  /**
   * @template {keyof ClientEvents} Name
   * @param {AnyClient} client
   * @param {Name} name
   * @param {(detail: ClientEvents[Name]) => void} act
   */
  #on(client, name, act) {
    const { signal } = this.#listening;
    client.addEventListener(name, ({ detail }) => act(detail), { signal });
  }

  /**
   * The view of a conversation, if that is what is open.
   * @param {AnyClient} client
   * @param {ConversationId} id
   */
  #viewOf(client, id) {
    const view = this.#view;
    return view instanceof ConversationView && view.key === keyOf(client, id) ? view : null;
  }

  /**
   * @param {AnyClient} client
   * @param {ClientEvents["changed"]} detail
   */
  #messageChanged(client, { conversationId, message }) {
    this.#viewOf(client, conversationId)?.messageChanged(message);
    if (message === null) return;
    const unread = this.#conversations.messageChanged(client, message);
    if (unread === null) return;
    const author = message.authorName ?? unread.title;
    const title = unread.isChannel ? `${author} in ${unread.name}` : author;
    announce(`${author}: ${message.content}`);
    notify(title, message.content, () => this.#openConversation(unread));
  }

  /** What the list shows has changed. */
  #changed() {
    this.#sidebar.draw();
    if (this.#view instanceof ConversationView) this.#view.stateChanged();
  }

  #showPeople() {
    const open = (/** @type {User} */ user) =>
      this.#openConversation(this.#conversations.withPerson(user));
    this.#show(new PeoplePanel(this.#client, open, () => this.#back()));
  }

  #showWorkspaces() {
    const open = async (/** @type {Channel} */ channel, /** @type {Workspace} */ workspace) =>
      this.#openConversation(await this.#conversations.inChannel(channel, workspace));
    const changed = () => void this.#conversations.loadChannels();
    const back = () => this.#back();
    this.#show(new WorkspacesPanel(this.#client, this.#channels, open, changed, back));
  }

  /** @param {Conversation} conversation */
  #openConversation(conversation) {
    const view = new ConversationView(conversation, {
      onBack: () => this.#back(),
      onRead: () => this.#conversations.read(conversation.key),
    });
    this.#show(view, conversation.key);
  }

  /**
   * @param {View} view
   * @param {string | null} openKey
   */
  #show(view, openKey = null) {
    this.#view?.stop?.();
    this.#view = view;
    this.#conversations.openKey = openKey;
    this.#pane.replaceChildren(...view.parts);
    this.#body.dataset.open = "pane";
    void view.start();
    this.#changed();
  }

  #back() {
    this.#view?.stop?.();
    this.#view = null;
    this.#conversations.openKey = null;
    this.#body.dataset.open = "list";
    this.#showNothing();
    this.#changed();
  }

  #showNothing() {
    const text = "Choose a conversation, or find somebody under “People”.";
    this.#pane.replaceChildren(h("p.empty", {}, text));
  }

  #connectionChanged() {
    this.#banner.update(this.#client.status, this.#client.queued + this.#channels.queued);
  }

  #away() {
    if (this.#client.status !== Connection.POLLING) this.#conversations.forgetPresence();
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
}
