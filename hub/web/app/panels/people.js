/** Finding people, follows and blocks. */

import { h, paneHeader } from "../dom/elements.js";
import { attempt } from "../dom/feedback.js";
import { redrawIn } from "../dom/redraw.js";
import { plain, searchable } from "../dom/text.js";
import { person } from "./person.js";

/**
 * @import { ParlourClient, User } from "../../sdk/parlour.js"
 * @import { Action } from "./person.js"
 *
 * @typedef {{ user: User, status: "pending" | "accepted" }} Follow
 *
 * @typedef {object} Relations
 * @property {Follow[]} followers
 * @property {Follow[]} following
 * @property {User[]} blocked
 * @property {User[]} online
 */

export class PeoplePanel {
  /** @readonly */
  parts;
  #client;
  #openConversation;
  #onChanged;
  /** @type {Relations} */
  #relations = { followers: [], following: [], blocked: [], online: [] };
  /** @type {{ text: string, users: User[] } | null} */
  #result = null; // of the last search
  #found = h("div", { "aria-live": "polite" });
  #lists = h("div");
  #problem = h("p.problem", { role: "alert" });

  /**
   * @param {ParlourClient} client
   * @param {(user: User) => void} openConversation
   * @param {() => void} onChanged the user's follows or blocks have changed
   * @param {() => void} onBack
   */
  constructor(client, openConversation, onChanged, onBack) {
    this.#client = client;
    this.#openConversation = openConversation;
    this.#onChanged = onChanged;
    this.parts = [
      paneHeader(onBack, h("div.who", {}, h("h2", {}, "People"))),
      h("div.sheet", {}, this.#search(), this.#problem, this.#found, this.#lists),
    ];
  }

  async start() {
    await attempt(this.#problem, () => this.#load());
  }

  #search() {
    const username = h("input.input", { name: "username", required: true, autocomplete: "off" });
    const label = h("span", {}, "Find people by username or name");
    return h(
      "form.inline",
      {
        onsubmit: (event) => {
          event.preventDefault();
          const text = username.value.trim().replace(/^@/, "");
          void attempt(this.#problem, () => this.#find(text));
        },
      },
      h("label.field", {}, label, username),
      h("button.button.primary", {}, "Find"),
    );
  }

  /** @param {string} text a username, or a part of a name; private people only by their username */
  async #find(text) {
    const name = encodeURIComponent(text);
    const calls = [`/api/users?username=${name}`, `/api/users/all?name=${name}`].map((path) =>
      this.#client.call("GET", path),
    );
    const found = /** @type {User[][]} */ (await Promise.all(calls)).flat();
    const isMeant = (/** @type {User} */ user) => searchable(user.name).includes(searchable(text));
    const known = this.#known().filter(isMeant);
    this.#result = { text, users: distinct([...found, ...known]) };
    this.#drawFound();
  }

  #drawFound() {
    if (this.#result === null) return;
    const { text, users } = this.#result;
    const rows = users.map((user) => person(user, ...this.#actions(user)));
    const nobody = h("p.empty", {}, `No user was found for “${plain(text)}”.`);
    redrawIn(this.#found, ...(rows.length > 0 ? rows : [nobody]));
  }

  /** Followers, followed and blocked users, and those online. */
  #known() {
    const { followers, following, blocked, online } = this.#relations;
    const users = [...followers, ...following].map(({ user }) => user);
    return distinct([...users, ...blocked, ...online]);
  }

  /**
   * The actions for a user, by the current relations.
   * @param {User} user
   * @returns {Action[]}
   */
  #actions(user) {
    const { following, blocked } = this.#relations;
    const path = `/api/users/${user.id}`;
    if (user.id === this.#client.me?.id) return [];
    if (blocked.some(({ id }) => id === user.id)) {
      return [this.#action("Unblock", "DELETE", `${path}/block`)];
    }
    const follow = following.find((each) => each.user.id === user.id);
    const word = follow?.status === "pending" ? "Withdraw" : "Unfollow";
    return [
      ["Write", () => this.#openConversation(user)],
      follow === undefined
        ? this.#action("Follow", "POST", `${path}/follow`)
        : this.#action(word, "DELETE", `${path}/follow`),
      this.#action("Block", "POST", `${path}/block`),
    ];
  }

  async #load() {
    const [followers, following, blocked, online] = await Promise.all([
      /** @type {Promise<Follow[]>} */ (this.#client.call("GET", "/api/followers")),
      /** @type {Promise<Follow[]>} */ (this.#client.call("GET", "/api/following")),
      /** @type {Promise<User[]>} */ (this.#client.call("GET", "/api/blocks")),
      this.#client.online(),
    ]);
    this.#relations = { followers, following, blocked, online };
    this.#drawFound();
    const asked = followers.filter(({ status }) => status === "pending");
    const withoutBlock = (/** @type {User} */ user) =>
      person(user, ...this.#actions(user).filter(([word]) => word !== "Block"));
    redrawIn(
      this.#lists,
      ...section("Asked to follow you", asked, ({ user }) =>
        person(
          user,
          this.#action("Accept", "POST", `/api/followers/${user.id}/accept`),
          this.#action("Refuse", "DELETE", `/api/followers/${user.id}`),
        ),
      ),
      ...section("Online", online, withoutBlock),
      ...section("You follow", following, ({ user }) => withoutBlock(user)),
      ...section("Blocked", blocked, withoutBlock),
    );
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
      this.#onChanged();
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
 * Each of them once.
 * @param {User[]} users
 */
function distinct(users) {
  return [...new Map(users.map((user) => [user.id, user])).values()];
}
