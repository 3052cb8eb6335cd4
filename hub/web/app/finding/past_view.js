/**
 * Old messages, around one of them: they are shown apart from the newest ones, and new messages do not
 * move them.
 */

import { onConnected } from "../conversation/connected.js";
import { h } from "../dom/elements.js";
import { attempt } from "../dom/feedback.js";
import { Drawing } from "../conversation/messages/drawing.js";

/**
 * @import { Message } from "../../sdk/parlour.js"
 * @import { Conversation } from "../conversation/conversation.js"
 */

const PAGE_SIZE = 50;

export class PastView {
  /** @readonly */
  element;
  #conversation;
  #wanted;
  #onNewest;
  #drawing;
  /** @type {readonly Message[]} */
  #messages = [];
  #problem = h("p.problem", { role: "alert" });
  /** @type {(() => Promise<void>) | null} */
  #failed = null; // what could not be loaded
  #earlier;
  #later;
  #shown = h("div.shown");
  #scroll;

  /**
   * @param {Conversation} conversation
   * @param {Message} wanted
   * @param {() => void} onNewest shows the newest messages
   */
  constructor(conversation, wanted, onNewest) {
    this.#conversation = conversation;
    this.#wanted = wanted;
    this.#onNewest = onNewest;
    this.#drawing = new Drawing(conversation, {
      onQuote: (message) => this.#drawing.bubbleOf(message)?.scrollIntoView({ block: "center" }),
      onReaction: (message, emoji, isMine) => void this.#react(message, emoji, isMine),
    });
    this.#earlier = this.#button("Earlier messages", () => this.#loadEarlier());
    this.#later = this.#button("Later messages", () => this.#loadLater());
    const label = `Earlier messages with ${conversation.name}`;
    this.#scroll = h(
      `div.scroll${conversation.isChannel ? ".channel" : ""}`,
      { role: "region", "aria-label": label, tabindex: 0 },
      this.#earlier,
      this.#shown,
      this.#later,
      this.#problem,
    );
    const back = h("button.button", { type: "button", onclick: onNewest }, "To the newest");
    const bar = h("div.past", {}, h("span", {}, "You are viewing earlier messages."), back);
    this.element = h("div.log.apart", {}, bar, this.#scroll);
  }

  /**
   * @param {string} word
   * @param {() => Promise<void>} act
   */
  #button(word, act) {
    const onclick = () => void this.#try(act);
    return h("button.button.further", { type: "button", hidden: true, onclick }, word);
  }

  /** @param {AbortSignal} signal ends what begins by itself */
  async start(signal) {
    const again = () => this.#failed !== null && void this.#try(this.#failed);
    onConnected(this.#conversation.client, again, signal);
    await this.#try(() => this.#begin());
  }

  /** @param {() => Promise<void>} act */
  async #try(act) {
    await attempt(this.#problem, async () => {
      this.#failed = act;
      await act();
      this.#failed = null;
    });
  }

  async #begin() {
    await this.#load();
    const message = this.#messages.find(({ id }) => id === this.#wanted.id);
    sought(message ? this.#drawing.bubbleOf(message) : null);
  }

  async #load() {
    const { client, id } = this.#conversation;
    const around = this.#wanted.id ?? 0;
    this.#draw(await client.history(id, { around, limit: PAGE_SIZE }));
    this.#later.hidden = false;
  }

  async #loadEarlier() {
    const { client, id } = this.#conversation;
    const [first] = this.#messages;
    if (first === undefined) return;
    const found = await client.history(id, { before: first, limit: PAGE_SIZE });
    const fromEnd = this.#scroll.scrollHeight - this.#scroll.scrollTop;
    this.#draw([...found, ...this.#messages]);
    this.#scroll.scrollTop = this.#scroll.scrollHeight - fromEnd; // what is in view stays there
    this.#earlier.hidden ||= found.length === 0;
  }

  async #loadLater() {
    const { client, id } = this.#conversation;
    const last = this.#messages[this.#messages.length - 1];
    if (last === undefined) return;
    const found = await client.history(id, { after: last });
    if (found.length === 0) this.#onNewest();
    else this.#draw([...this.#messages, ...found]);
  }

  /** @param {readonly Message[]} messages */
  #draw(messages) {
    this.#messages = messages;
    this.#shown.replaceChildren(...this.#drawing.draw(messages, messages));
    this.#earlier.hidden = (messages[0]?.seq ?? 1) === 1;
  }

  /**
   * @param {Message} message
   * @param {string} emoji
   * @param {boolean} isMine
   */
  async #react(message, emoji, isMine) {
    const { client } = this.#conversation;
    await attempt(this.#problem, async () => {
      await (isMine ? client.unreact(message, emoji) : client.react(message, emoji));
      await this.#load();
    });
  }
}

/**
 * Bring a requested message into view, and highlight it.
 * @param {HTMLElement | null} bubble
 */
export function sought(bubble) {
  if (bubble === null) return;
  bubble.scrollIntoView({ block: "center" });
  bubble.classList.add("sought");
  bubble.focus({ preventScroll: true });
}
