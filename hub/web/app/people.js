/** Finding people, follows and blocks, and one's own profile. */

import { attempt, face, h } from "./dom.js";
import { notifying, setNotifying } from "./notifying.js";

export class People {
  parts;
  #client;
  #openThread;
  #found;
  #lists;
  #problem;
  #profile;

  constructor(client, openThread, onBack) {
    this.#client = client;
    this.#openThread = openThread;
    this.#found = h("div", { "aria-live": "polite" });
    this.#lists = h("div");
    this.#profile = h("div");
    this.#problem = h("p.problem", { role: "alert" });
    const find = (event) => {
      event.preventDefault();
      this.#find(new FormData(event.currentTarget).get("username").trim());
    };
    this.parts = [
      h(
        "header",
        {},
        h("button.button.quiet.back", { onclick: onBack, "aria-label": "Back to the list" }, "←"),
        h("div.who", {}, h("h2", {}, "People")),
      ),
      h(
        "div.sheet",
        {},
        h(
          "form",
          { onsubmit: find },
          h(
            "label.field",
            {},
            h("span", {}, "Find somebody by username"),
            h("input.input", { name: "username", required: true, autocomplete: "off" }),
          ),
          h("button.button.primary", {}, "Find"),
        ),
        this.#problem,
        this.#found,
        this.#lists,
        this.#profile,
      ),
    ];
  }

  begin() {
    this.#load();
  }

  async #find(username) {
    await attempt(this.#problem, async () => {
      const path = `/api/users?username=${encodeURIComponent(username)}`;
      const users = await this.#client.call("GET", path);
      this.#found.replaceChildren(
        ...(users.length
          ? users.map((user) =>
              this.#person(
                user,
                ["Write", () => this.#openThread(user)],
                this.#follow(user),
                this.#block(user),
              ),
            )
          : [h("p.empty", {}, `There is nobody called “${username}”.`)]),
      );
    });
  }

  async #load() {
    await attempt(this.#problem, async () => {
      const [followers, following, blocked, online, me] = await Promise.all(
        [
          "/api/followers",
          "/api/following",
          "/api/blocks",
          "/api/users/online",
          "/api/auth/session",
        ].map((path) => this.#client.call("GET", path)),
      );
      const asked = followers.filter(({ status }) => status === "pending");
      this.#lists.replaceChildren(
        ...this.#section("Asked to follow you", asked, ({ user }) =>
          this.#person(
            user,
            ["Accept", () => this.#do("POST", `/api/followers/${user.id}/accept`)],
            ["Refuse", () => this.#do("DELETE", `/api/followers/${user.id}`)],
          ),
        ),
        ...this.#section("Online", online, (user) =>
          this.#person(user, ["Write", () => this.#openThread(user)]),
        ),
        ...this.#section("You follow", following, ({ user, status }) =>
          this.#person(
            user,
            ["Write", () => this.#openThread(user)],
            [
              status === "pending" ? "Withdraw" : "Unfollow",
              () => this.#do("DELETE", `/api/users/${user.id}/follow`),
            ],
          ),
        ),
        ...this.#section("Blocked", blocked, (user) =>
          this.#person(user, ["Unblock", () => this.#do("DELETE", `/api/users/${user.id}/block`)]),
        ),
      );
      this.#profile.replaceChildren(
        h("h3", {}, "Your profile"),
        this.#person(me, [
          me.is_public ? "Make private" : "Make public",
          () => this.#do("PUT", "/api/users/me/profile", { is_public: !me.is_public }),
        ]),
        h(
          "p",
          {},
          me.is_public
            ? "Public: everybody may write to you."
            : "Private: only who follows you, or whom you follow, may write to you.",
        ),
        this.#notifications(),
      );
    });
  }

  #notifications() {
    const state = notifying();
    const change = async () => {
      await setNotifying(state === "off");
      await this.#load();
    };
    if (state !== "on" && state !== "off") return h("p", {}, state);
    return h(
      "div.person",
      {},
      h("span.name", {}, "Notify me of new messages"),
      h(
        "button.button",
        { type: "button", onclick: change },
        state === "on" ? "Switch off" : "Switch on",
      ),
    );
  }

  #section(title, entries, draw) {
    return entries.length ? [h("h3", {}, title), ...entries.map(draw)] : [];
  }

  #person(user, ...actions) {
    return h(
      "div.person",
      {},
      face(user.name),
      h("span.name", {}, user.name, h("small", {}, ` @${user.username}`)),
      ...actions.map(([word, act]) => h("button.button", { type: "button", onclick: act }, word)),
    );
  }

  #follow(user) {
    return ["Follow", () => this.#do("POST", `/api/users/${user.id}/follow`)];
  }

  #block(user) {
    return ["Block", () => this.#do("POST", `/api/users/${user.id}/block`)];
  }

  async #do(method, path, body) {
    await attempt(this.#problem, async () => {
      await this.#client.call(method, path, body);
      await this.#load();
    });
  }
}
