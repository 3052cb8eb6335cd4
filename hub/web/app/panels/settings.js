/** The user's own profile, who may write to them, and notifications. */

import { copyText } from "../dom/clipboard.js";
import { face, h, paneHeader } from "../dom/elements.js";
import { attempt } from "../dom/feedback.js";
import { notificationState, switchNotifications } from "../dom/notifications.js";
import { plain } from "../dom/text.js";
import { invitation } from "./welcome.js";

/** @import { ParlourClient, User } from "../../sdk/parlour.js" */

export class SettingsPanel {
  /** @readonly */
  parts;
  #client;
  #problem = h("p.problem", { role: "alert" });
  #rows = h("div");

  /**
   * @param {ParlourClient} client
   * @param {() => void} onBack
   */
  constructor(client, onBack) {
    this.#client = client;
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
    const state = notificationState();
    const canNotify = state === "on" || state === "off";
    this.#rows.replaceChildren(
      h("h3", {}, "Profile"),
      row(
        plain(me.name),
        `@${me.username}`,
        copy("Copy username", me.username),
        face(me.name, me.id),
      ),
      row(
        "Invite link",
        "It opens a conversation with you, for whoever has an account here.",
        copy("Copy invite link", invitation(me)),
      ),
      h("h3", {}, "Privacy"),
      row(
        "Public profile",
        me.is_public
          ? "Everybody may write to you."
          : "Private: only who follows you, or whom you follow, may write to you.",
        this.#switch("Public profile", me.is_public, (isOn) =>
          this.#client.call("PUT", "/api/users/me/profile", { is_public: isOn }),
        ),
      ),
      h("h3", {}, "Notifications"),
      row(
        "New messages",
        canNotify ? "While you do not look at the page." : state,
        canNotify && this.#switch("Notify me of new messages", state === "on", switchNotifications),
      ),
    );
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
  return h("div.person", {}, picture, name, control);
}
