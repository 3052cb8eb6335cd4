/** The user's own profile and password, who may write to them, and notifications. */

import { copyText } from "../dom/clipboard.js";
import { face, field, h, paneHeader } from "../dom/elements.js";
import { attempt, confirmed } from "../dom/feedback.js";
import { notificationState, switchNotifications } from "../dom/notifications.js";
import { redrawIn } from "../dom/redraw.js";
import { plain } from "../dom/text.js";
import { MIN_PASSWORD } from "../shell/hub_facts.js";
import { invitation } from "./welcome.js";

/** @import { ParlourClient, User } from "../../sdk/parlour.js" */

export class SettingsPanel {
  /** @readonly */
  parts;
  #client;
  #onProfile;
  #problem = h("p.problem", { role: "alert" });
  #rows = h("div");
  /** @type {HTMLElement | null} */
  #name = null; // the form, made once: what is typed in it stays
  #password;

  /**
   * @param {ParlourClient} client
   * @param {(me: User) => void} onProfile the user's name has changed
   * @param {() => void} onBack
   */
  constructor(client, onProfile, onBack) {
    this.#client = client;
    this.#onProfile = onProfile;
    this.#password = this.#passwordForm();
    this.parts = [
      paneHeader(onBack, h("div.who", {}, h("h2", {}, "Settings"))),
      h("div.sheet", {}, this.#problem, this.#rows),
    ];
  }

  async start() {
    await attempt(this.#problem, () => this.#load());
  }

  async #load() {
    const me = /** @type {User} */ (await this.#client.call("GET", "/api/auth/session"));
    const copy = (/** @type {string} */ word, /** @type {string} */ text) => {
      const onclick = () => void copyText(text);
      return h("button.button", { type: "button", "aria-label": word, onclick }, "Copy");
    };
    this.#name ??= this.#nameForm(me);
    const state = notificationState();
    const canNotify = state === "on" || state === "off";
    redrawIn(
      this.#rows,
      h("h3", {}, "Profile"),
      row(
        plain(me.name),
        `@${me.username}`,
        copy("Copy username", me.username),
        face(me.name, me.id),
      ),
      row(
        "Invite link",
        "It opens a conversation with you, for people who have an account here.",
        copy("Copy invite link", invitation(me)),
      ),
      this.#name,
      h("h3", {}, "Privacy"),
      row(
        "Public profile",
        me.is_public
          ? "Everybody may write to you."
          : "Private: only people who follow you, or whom you follow, may write to you.",
        this.#switch("Public profile", me.is_public, (isOn) =>
          this.#client.call("PUT", "/api/users/me/profile", { is_public: isOn }),
        ),
      ),
      h("h3", {}, "Notifications"),
      row(
        "New messages",
        canNotify ? "Only while you are not looking at this page." : state,
        canNotify && this.#switch("Notify me of new messages", state === "on", switchNotifications),
      ),
      h("h3", {}, "Password"),
      this.#password,
    );
  }

  /** @param {User} me */
  #nameForm({ first_name, last_name }) {
    return form(
      "Save name",
      [
        field("First name", { name: "first_name", value: first_name, maxlength: 100 }),
        field("Last name", { name: "last_name", value: last_name, maxlength: 100 }),
      ],
      async (names) => {
        const path = "/api/users/me/profile";
        this.#onProfile(/** @type {User} */ (await this.#client.call("PUT", path, names)));
        await this.#load();
        confirmed("Your name is changed.");
      },
    );
  }

  #passwordForm() {
    const now = { name: "current_password", type: "password", autocomplete: "current-password" };
    const next = { name: "new_password", type: "password", autocomplete: "new-password" };
    const hint = `At least ${MIN_PASSWORD} characters. Your other devices are signed out.`;
    const box = form(
      "Change password",
      [
        field("Current password", now),
        field("New password", { ...next, minlength: MIN_PASSWORD }, hint),
      ],
      async (passwords) => {
        await this.#client.call("PUT", "/api/users/change-password", passwords);
        box.reset();
        confirmed("Your password is changed.");
      },
    );
    return box;
  }

  /**
   * @param {string} label
   * @param {boolean} isOn
   * @param {(isOn: boolean) => Promise<unknown>} act
   */
  #switch(label, isOn, act) {
    const change = async () => {
      await act(!isOn);
      await this.#load();
    };
    const onclick = () => void attempt(this.#problem, change);
    const state = { "aria-label": label, "aria-checked": String(isOn) };
    return h("button.switch", { type: "button", role: "switch", ...state, onclick }, h("i"));
  }
}

/**
 * @param {string} title
 * @param {string} about
 * @param {HTMLElement | false} control
 * @param {HTMLElement | null} [picture]
 */
function row(title, about, control, picture = null) {
  const name = h("span.name", {}, title, h("small", {}, about));
  return h("div.person", { "data-row": title }, picture, name, control);
}

/**
 * @param {string} word on the button
 * @param {HTMLElement[]} fields
 * @param {(given: Record<string, string>) => Promise<void>} act
 */
function form(word, fields, act) {
  const problem = h("p.problem", { role: "alert" });
  const box = h("form.change", {}, ...fields, problem, h("button.button", {}, word));
  box.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = [...new FormData(box)].map(([key, text]) => [key, `${text}`]);
    void attempt(problem, () => act(Object.fromEntries(given)));
  });
  return box;
}
