/** Finding people, follows and blocks, and one's own profile. */

import { face, h, paneHeader } from "../dom/elements.js";
import { attempt } from "../dom/feedback.js";
import { plain } from "../dom/text.js";
import { notificationState, switchNotifications } from "../dom/notifications.js";

/**
 * @import { ParlourClient, User } from "../../sdk/parlour.js"
 *
 * @typedef {{ user: User, status: "pending" | "accepted" }} Follow
 * @typedef {[word: string, act: () => void]} Action
 */

export class PeoplePanel {
  /** @readonly */
  parts;
  #client;
  #openConversation;
  #found = h("div", { "aria-live": "polite" });
  #lists = h("div");
  #problem = h("p.problem", { role: "alert" });
  #profile = h("div");

  /**
   * @param {ParlourClient} client
   * @param {(user: User) => void} openConversation
   * @param {() => void} onBack
   */
  constructor(client, openConversation, onBack) {
    this.#client = client;
    this.#openConversation = openConversation;
    this.parts = [
      paneHeader(onBack, h("div.who", {}, h("h2", {}, "People"))),
      h("div.sheet", {}, this.#search(), this.#problem, this.#found, this.#lists, this.#profile),
    ];
  }

  async start() {
    await attempt(this.#problem, () => this.#load());
  }

  #search() {
    const username = h("input.input", { name: "username", required: true, autocomplete: "off" });
    const label = h("span", {}, "Find somebody by username");
    return h(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          void attempt(this.#problem, () => this.#find(username.value.trim()));
        },
      },
      h("label.field", {}, label, username),
      h("button.button.primary", {}, "Find"),
    );
  }

  /** @param {string} username */
  async #find(username) {
    const path = `/api/users?username=${encodeURIComponent(username)}`;
    const users = /** @type {User[]} */ (await this.#client.call("GET", path));
    const rows = users.map((user) =>
      person(
        user,
        this.#write(user),
        this.#action("Follow", "POST", `/api/users/${user.id}/follow`),
        this.#action("Block", "POST", `/api/users/${user.id}/block`),
      ),
    );
    const nobody = h("p.empty", {}, `There is nobody called “${username}”.`);
    this.#found.replaceChildren(...(rows.length > 0 ? rows : [nobody]));
  }

  async #load() {
    const [followers, following, blocked, online, me] = await Promise.all([
      /** @type {Promise<Follow[]>} */ (this.#client.call("GET", "/api/followers")),
      /** @type {Promise<Follow[]>} */ (this.#client.call("GET", "/api/following")),
      /** @type {Promise<User[]>} */ (this.#client.call("GET", "/api/blocks")),
      this.#client.online(),
      /** @type {Promise<User>} */ (this.#client.call("GET", "/api/auth/session")),
    ]);
    const asked = followers.filter(({ status }) => status === "pending");
    this.#lists.replaceChildren(
      ...section("Asked to follow you", asked, ({ user }) =>
        person(
          user,
          this.#action("Accept", "POST", `/api/followers/${user.id}/accept`),
          this.#action("Refuse", "DELETE", `/api/followers/${user.id}`),
        ),
      ),
      ...section("Online", online, (user) => person(user, this.#write(user))),
      ...section("You follow", following, ({ user, status }) => {
        const word = status === "pending" ? "Withdraw" : "Unfollow";
        const end = this.#action(word, "DELETE", `/api/users/${user.id}/follow`);
        return person(user, this.#write(user), end);
      }),
      ...section("Blocked", blocked, (user) =>
        person(user, this.#action("Unblock", "DELETE", `/api/users/${user.id}/block`)),
      ),
    );
    this.#profile.replaceChildren(...this.#aboutMe(me));
  }

  /** @param {User} me */
  #aboutMe(me) {
    const word = me.is_public ? "Make private" : "Make public";
    const change = { is_public: !me.is_public };
    const text = me.is_public
      ? "Public: everybody may write to you."
      : "Private: only who follows you, or whom you follow, may write to you.";
    return [
      h("h3", {}, "Your profile"),
      person(me, this.#action(word, "PUT", "/api/users/me/profile", change)),
      h("p", {}, text),
      this.#notifications(),
    ];
  }

  #notifications() {
    const state = notificationState();
    if (state !== "on" && state !== "off") return h("p", {}, state);
    const onclick = async () => {
      await switchNotifications(state === "off");
      await this.start();
    };
    const word = state === "on" ? "Switch off" : "Switch on";
    return h(
      "div.person",
      {},
      h("span.name", {}, "Notify me of new messages"),
      h("button.button", { type: "button", onclick }, word),
    );
  }

  /**
   * @param {User} user
   * @returns {Action}
   */
  #write(user) {
    return ["Write", () => this.#openConversation(user)];
  }

  /**
   * A call over REST, after which everything is loaded again.
   * @param {string} word
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Action}
   */
  #action(word, method, path, body) {
    const act = async () => {
      await this.#client.call(method, path, body);
      await this.#load();
    };
    return [word, () => void attempt(this.#problem, act)];
  }
}

/**
 * @template Entry
 * @param {string} title
 * @param {Entry[]} entries
 * @param {(entry: Entry) => HTMLElement} draw
 */
function section(title, entries, draw) {
  return entries.length > 0 ? [h("h3", {}, title), ...entries.map(draw)] : [];
}

/**
 * @param {User} user
 * @param {...Action} actions
 */
function person(user, ...actions) {
  return h(
    "div.person",
    {},
    face(user.name),
    h("span.name", {}, plain(user.name), h("small", {}, ` @${user.username}`)),
    ...actions.map(([word, onclick]) => h("button.button", { type: "button", onclick }, word)),
  );
}
