/**
 * The user's notes on a conversation: messages that are unread again or hidden, and whether it is muted;
 * with the menu of the conversation, which can also block.
 */

import { icon, iconButton, h } from "../dom/elements.js";
import { confirmed, textOf } from "../dom/feedback.js";
import { menu } from "../dom/menu.js";
import { muteChoices, mutedWords } from "./muting.js";

/**
 * @import { Message } from "../../sdk/parlour.js"
 * @import { Conversation } from "./conversation.js"
 *
 * @typedef {object} Handlers
 * @property {(isBlocked: boolean) => void} onBlocked the other person was blocked or unblocked
 */

export class Notes {
  /** @readonly */
  menu = h("div");
  /**
   * Shows that the conversation is muted; a click unmutes it.
   * @readonly
   */
  sign = iconButton("mute", "Unmute", () => void this.#try(() => this.#unmute()));
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

  /** The notes may have changed; returns the text about a mute. */
  changed() {
    const { isChannel, isMuted } = this.#conversation;
    const muted = mutedWords(this.#conversation);
    const block = this.#isBlocked ? "Unblock" : "Block";
    const look = `${muted} ${block}`;
    if (look === this.#look) return muted;
    this.#look = look;
    const hadFocus = [this.menu, this.sign].some((each) => each.contains(document.activeElement));
    this.sign.hidden = !isMuted;
    const word = `Unmute (${muted})`;
    this.sign.title = word;
    this.sign.setAttribute("aria-label", word);
    const actions = isMuted ? [this.#action("Unmute", () => this.#unmute())] : this.#choices();
    if (!isChannel) actions.push(this.#action(block, () => this.#block(!this.#isBlocked)));
    this.menu.replaceChildren(menu("More", icon("more"), null, actions));
    if (hadFocus) this.menu.querySelector("summary")?.focus();
    return muted;
  }

  #choices() {
    return muteChoices(new Date()).map(([word], at) =>
      this.#action(word, async () => {
        const { client, id } = this.#conversation;
        await client.mute(id, muteChoices(new Date())[at]?.[1]); // from now on
      }),
    );
  }

  /**
   * @param {string} word
   * @param {() => Promise<void>} act
   * @returns {[string, () => void]}
   */
  #action(word, act) {
    return [word, () => void this.#try(act)];
  }

  /** @param {Message} message */
  markUnread(message) {
    void this.#try(async () => {
      await this.#conversation.client.markUnread(message);
      confirmed("Marked as unread from there.");
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

  async #unmute() {
    const { client, id } = this.#conversation;
    await client.unmute(id);
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
