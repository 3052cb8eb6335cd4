/** One conversation in the list. It is the same element as long as the conversation is there. */

import { shortly } from "../../dom/dates.js";
import { mutedWords } from "../../conversation/muting.js";
import { channelFace, face, h, icon } from "../../dom/elements.js";

/** @import { Conversation } from "../../conversation/conversation.js" */

const MAX_LAST = 120; // characters

export class ConversationRow {
  /** @readonly */
  element;
  /** @readonly */
  button;
  #face;
  #title = h("span");
  #online = h("span.unseen");
  #muted = h("span.muted", { role: "img" }, icon("mute"));
  #last = h("span.last.cut");
  #when = h("span.when");
  #badge = h("span.badge");
  #mentions = h("span.badge.mentions", { role: "img" });
  #badges = h("span.badges");
  #look = "";

  /**
   * @param {Conversation} conversation
   * @param {() => void} onclick
   */
  constructor({ id, title, isChannel }, onclick) {
    this.#face = isChannel ? channelFace() : face(title, id);
    this.button = h(
      "button.item",
      { "data-conversation": id, onclick, tabindex: -1 },
      this.#face,
      h("span.title.cut", {}, this.#title, this.#online, this.#muted),
      this.#when,
      this.#last,
    );
    this.element = h("li", {}, this.button);
  }

  /**
   * @param {Conversation} conversation
   * @param {boolean} isOpen
   */
  update(conversation, isOpen) {
    const { title, mentions, last, lastAt, isOnline, isMuted } = conversation;
    const { count } = mentions;
    const unread = isMuted ? 0 : conversation.unread; // the page does not show what is unread in a muted one
    const muted = mutedWords(conversation);
    const when = lastAt && shortly(lastAt);
    const shown = last.slice(0, MAX_LAST) || "No messages yet";
    const look = JSON.stringify([title, unread, count, shown, when, isOnline, isOpen, muted]);
    if (look === this.#look) return;
    this.#look = look;
    this.button.setAttribute("aria-current", String(isOpen));
    this.button.classList.toggle("unread", unread > 0);
    this.button.classList.toggle("quiet", isMuted);
    this.#muted.hidden = !isMuted;
    this.#muted.title = muted;
    this.#muted.setAttribute("aria-label", muted);
    this.#face.classList.toggle("online", isOnline);
    this.#title.textContent = title;
    this.#online.textContent = isOnline ? " (online)" : "";
    this.#last.textContent = shown;
    this.#when.textContent = when;
    this.#badge.textContent = String(unread);
    this.#badge.setAttribute("aria-label", `${unread} unread`);
    this.#mentions.textContent = `@${count}`;
    this.#mentions.setAttribute("aria-label", `${count} ${count === 1 ? "mention" : "mentions"}`);
    this.#badges.replaceChildren(
      ...(count > 0 ? [this.#mentions] : []),
      ...(unread > 0 ? [this.#badge] : []),
    );
    if (unread + count > 0) this.button.append(this.#badges);
    else this.#badges.remove();
  }
}
