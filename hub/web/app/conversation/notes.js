/**
 * What the user notes for themself in a conversation: messages that are unread again or hidden, and
 * whether it is muted; with the menu of the conversation, which blocks, too.
 */

import { icon, h } from "../dom/elements.js";
import { confirmed, textOf } from "../dom/feedback.js";
import { menu } from "../dom/menu.js";

/**
 * @import { Message } from "../../sdk/parlour.js"
 * @import { Conversation } from "./conversation.js"
 *
 * @typedef {object} Handlers
 * @property {(isBlocked: boolean) => void} onBlocked the other person was blocked, or is no more
 */

export class Notes {
  /** @readonly */
  menu = h("div");
  #conversation;
  #onBlocked;
  #isBlocked = false; // by the user, as long as this is open
  #look = "";

  /**
   * @param {Conversation} conversation
   * @param {Handlers} handlers
   */
  constructor(conversation, { onBlocked }) {
    this.#conversation = conversation;
    this.#onBlocked = onBlocked;
    this.changed();
  }

  /** What is noted may have changed; returns whether the conversation is muted. */
  changed() {
    const { isChannel, isMuted } = this.#conversation;
    const words = [isMuted ? "Unmute" : "Mute", this.#isBlocked ? "Unblock" : "Block"];
    const look = words.join(" ");
    if (look === this.#look) return isMuted;
    this.#look = look;
    const hadFocus = this.menu.contains(document.activeElement);
    const [mute = "", block = ""] = words;
    /** @type {[string, () => void][]} */
    const actions = [[mute, () => void this.#try(() => this.#mute(!isMuted))]];
    if (!isChannel)
      actions.push([block, () => void this.#try(() => this.#block(!this.#isBlocked))]);
    this.menu.replaceChildren(menu("More", icon("more"), null, actions));
    if (hadFocus) this.menu.querySelector("summary")?.focus();
    return isMuted;
  }

  /** @param {Message} message */
  markUnread(message) {
    void this.#try(async () => {
      await this.#conversation.client.markUnread(message);
      confirmed("Unread from there.");
    });
  }

  /** @param {Message} message */
  hide(message) {
    const { client } = this.#conversation;
    const show = () => void this.#try(() => client.unhide(message));
    void this.#try(async () => {
      await client.hide(message);
      confirmed("Hidden for you.", ["Undo", show]);
    });
  }

  /** @param {boolean} isMuted */
  async #mute(isMuted) {
    const { client, id } = this.#conversation;
    await (isMuted ? client.mute(id) : client.unmute(id));
  }

  /** @param {boolean} isBlocked */
  async #block(isBlocked) {
    const { client, id } = this.#conversation;
    await client.call(isBlocked ? "POST" : "DELETE", `/api/users/${id}/block`);
    this.#isBlocked = isBlocked;
    this.#onBlocked(isBlocked);
    this.changed();
    this.menu.querySelector("summary")?.focus();
  }

  /** @param {() => Promise<void>} act */
  async #try(act) {
    try {
      await act();
    } catch (error) {
      confirmed(textOf(error));
    }
  }
}
