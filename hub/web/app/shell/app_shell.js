/**
 * The page of a signed-in user: the list at the side, and one conversation or panel beside it, which
 * the address names.
 *
 * It must not know how they look.
 */

import { Connection } from "../../sdk/parlour.js";
import { Activity } from "../activity/activity.js";
import { UnreadThreads } from "../activity/unread_threads.js";
import { keyOf } from "../conversation/conversation.js";
import { ConversationView } from "../conversation/conversation_view.js";
import { Conversations } from "../conversation/conversations.js";
import { h } from "../dom/elements.js";
import { confirmed } from "../dom/feedback.js";
import { Panels } from "../panels/panels.js";
import { welcome } from "../panels/welcome.js";
import { WorkspacesPanel } from "../panels/workspaces.js";
import { announcementBar } from "./announcement.js";
import { goTo, goToList, placeNow } from "./address.js";
import { ClientListener } from "./client_listener.js";
import { ConnectionBanner } from "./connection_banner.js";
import { onFileDrop } from "./file_drop.js";
import { unsentOf } from "./identity.js";
import { Sidebar } from "./list/sidebar.js";
import { confirmSignOut } from "./sign_out.js";

/**
 * @import { ChannelsClient, Message, ParlourClient, User } from "../../sdk/parlour.js"
 * @import { Conversation } from "../conversation/conversation.js"
 * @import { Identity } from "./identity.js"
 *
 * @typedef {{ parts: HTMLElement[], start: () => Promise<void>, stop?: () => void,
 *   stateChanged?: () => void }} View
 */

export class AppShell {
  /** @readonly */
  element;
  #identity;
  #client;
  #channels;
  #me;
  #conversations;
  #unreadThreads;
  #sidebar;
  #banner;
  #body;
  #pane = h("div.pane");
  #panels;
  /** @type {View | null} */
  #view = null;
  #listening = new AbortController();

  /**
   * @param {Identity} identity
   * @param {ParlourClient} client
   * @param {ChannelsClient} channels
   * @param {User} me
   */
  constructor(identity, client, channels, me) {
    this.#identity = identity;
    this.#client = client;
    this.#channels = channels;
    this.#me = me;
    this.#conversations = new Conversations(
      client,
      channels,
      (key) =>
        this.#view instanceof ConversationView && this.#view.key === key && this.#view.isSeen,
      () => this.#changed(),
    );
    const activity = new Activity(client, channels, this.#conversations);
    this.#unreadThreads = new UnreadThreads(activity, () => this.#sidebar.changed());
    this.#panels = new Panels({
      client,
      channels,
      conversations: this.#conversations,
      activity,
      go: (place) => this.#go(place),
      goToMessage: (key, message) => void this.#opened(key).then((view) => view?.goTo(message)),
      goToThread: (key, message) =>
        void this.#opened(key).then((view) => view?.openThread(message)),
      back: () => this.#back(),
      profileChanged: (user) => this.#sidebar.profileChanged(user),
    });
    this.#sidebar = new Sidebar(me, this.#conversations, {
      onSignOut: () => this.#signOut(),
      onSearch: (text) => {
        this.#go("search");
        void this.#panels.search.search(text);
      },
      onOpen: (place) => this.#go(place),
      welcome: () => this.#welcome(),
      unreadActivity: () => activity.unreadMentions + this.#unreadThreads.count,
    });
    this.#banner = new ConnectionBanner(
      [client, channels],
      () => this.#away(),
      () => {
        void this.#conversations.loadPeople();
        this.#unreadThreads.changed();
      },
    );
    this.#body = h("div.shell", { "data-open": "list" }, this.#sidebar.element, this.#pane);
    const title = h("h1.unseen", {}, "Parlour");
    const announcement = announcementBar(client, this.#listening.signal);
    this.element = h("div.frame", {}, title, announcement, this.#banner.element, this.#body);
  }

  start() {
    this.#listen();
    const { signal } = this.#listening;
    const seen = () => {
      if (!document.hidden) void this.#conversations.loadChannels(); // changes by SQL cause no event
    };
    document.addEventListener("visibilitychange", seen, { signal });
    document.addEventListener("keydown", (event) => this.#sidebar.pressed(event), { signal });
    globalThis.addEventListener("popstate", () => void this.#open(placeNow()), { signal });
    const takesFiles = () => (this.#view instanceof ConversationView ? this.#view : null);
    onFileDrop(this.#pane, takesFiles, signal);
    this.#banner.update();
    this.#showList();
    void this.#conversations.loadPeople();
    void this.#open(placeNow());
  }

  #listen() {
    const page = {
      conversations: this.#conversations,
      view: () => this.#view,
      go: (/** @type {string} */ place) => this.#go(place),
    };
    const listener = new ClientListener(page, this.#listening.signal);
    for (const client of [this.#client, this.#channels]) {
      listener.on(client, "queue", () => this.#banner.update());
      listener.on(client, "thread", () => this.#unreadThreads.changed());
      listener.listen(client);
    }
    listener.on(this.#client, "status", () => this.#banner.update());
    listener.on(this.#channels, "channels", () => void this.#conversations.loadChannels());
    listener.on(this.#channels, "invitations", ({ count }) => this.#invited(count));
    listener.on(this.#client, "request", () => void this.#decided());
    listener.on(this.#client, "presence", ({ user, isOnline }) =>
      this.#conversations.presenceChanged(user, isOnline),
    );
  }

  stop() {
    this.#banner.stop();
    this.#sidebar.stop();
    this.#listening.abort();
    this.#view?.stop?.();
  }

  /** @param {boolean} isSignedIn whether the user is signed in to channels too */
  channelsChanged(isSignedIn) {
    void this.#loadChannels();
    if (isSignedIn) void this.#countInvitations();
    if (this.#view instanceof WorkspacesPanel) void this.#view.channelsChanged();
    const again = { type: "button", onclick: () => void this.#identity.signInAgain() };
    const notice = [
      "Your channels are not shown: you are no longer signed in to them. ",
      h("button.button", again, "Sign in again"),
    ];
    this.#sidebar.notify(...(isSignedIn ? [] : notice));
  }

  /** Load the list first, then the unread threads beside it. */
  async #loadChannels() {
    await this.#conversations.loadChannels();
    this.#unreadThreads.changed();
  }

  async #countInvitations() {
    try {
      this.#invited((await this.#channels.invitations()).length);
    } catch {
      // the next event brings the number
    }
  }

  /** @param {number} count of invitations that wait */
  #invited(count) {
    this.#sidebar.count("channels", count, "invitations");
    if (this.#view instanceof WorkspacesPanel) void this.#view.start();
  }

  /** A message request or a block was decided, here or on another device: a conversation that is gone is closed. */
  async #decided() {
    await this.#conversations.relationsChanged();
    const { openKey } = this.#conversations;
    const isGone = this.#conversations.known(openKey) === undefined;
    if (this.#view instanceof ConversationView && isGone) this.#back();
  }

  /** What the list shows has changed. */
  #changed() {
    this.#sidebar.changed();
    const view = this.#view;
    view?.stateChanged?.();
    if (!(view instanceof ConversationView)) return;
    const now = this.#conversations.known(view.key);
    if (now !== undefined && !view.isOf(now)) this.#showConversation(now); // it may be seen again
  }

  /** @param {string} place */
  #go(place) {
    goTo(place);
    void this.#open(place);
  }

  /**
   * Open a conversation; resolves with its view when its first messages are shown.
   * @param {string} key
   */
  async #opened(key) {
    goTo(key);
    await this.#open(key);
    const view = this.#view;
    if (!(view instanceof ConversationView && view.key === key)) return null;
    await view.isStarted;
    return view;
  }

  /** @param {string} place of this page's address */
  async #open(place) {
    const panel = this.#panels.at(place);
    if (place === "mentions") this.#unreadThreads.changed(); // there is no event for threads that were read elsewhere
    if (panel !== null) this.#show(panel, place);
    else if (place === "") this.#showList();
    else if (place === keyOf(this.#client, this.#me.id)) {
      this.#showList("This is your own invite link: others can write to you with it.");
    } else {
      const found = await this.#conversations.find(place);
      if (place !== placeNow() || this.#listening.signal.aborted) return;
      if (found === null) {
        this.#showList();
        confirmed("There is no such conversation.");
      } else this.#showConversation(found);
    }
  }

  /** @param {Conversation} conversation */
  #showConversation(conversation) {
    const view = new ConversationView(conversation, {
      onBack: () => this.#back(),
      onRead: () => this.#conversations.read(conversation.key),
      places: () => this.#conversations.all().reverse(),
      onDecided: () => void this.#decided(),
    });
    this.#show(view, conversation.key);
  }

  /**
   * @param {View} view
   * @param {string} place
   */
  #show(view, place) {
    this.#turnTo(view, place);
    this.#pane.replaceChildren(...view.parts);
    void view.start();
  }

  #back() {
    if (!goToList()) this.#showList();
  }

  #showList(text = "Choose a conversation") {
    this.#turnTo(null, "");
    this.#pane.replaceChildren(this.#welcome(text));
  }

  /**
   * @param {View | null} view null: only the list
   * @param {string} place
   */
  #turnTo(view, place) {
    this.#view?.stop?.();
    this.#view = view;
    this.#conversations.openKey = place;
    this.#body.dataset.open = view === null ? "list" : "pane";
    this.#sidebar.showPlace(place);
    this.#changed();
  }

  #welcome(text = "") {
    return welcome(this.#me, (place) => this.#go(place), text);
  }

  #away() {
    if (this.#client.status !== Connection.POLLING) this.#conversations.forgetPresence();
  }

  #signOut() {
    confirmSignOut(unsentOf(this.#me.id).length, this.#sidebar, () => this.#identity.signOut());
  }
}
