/** The focus among the messages: keys move it from one to the next, and it stays when they are drawn again. */

/**
 * @import { Message } from "../../../../sdk/parlour.js"
 * @import { Drawing } from "../drawing.js"
 * @import { MessageActions } from "../message_actions.js"
 *
 * @typedef {object} Focus
 * @property {Element | null} element that has it
 * @property {Message | undefined} message of which it is a part
 */

export class BubbleFocus {
  #scroll;
  #drawing;
  #actions;
  #onReply;

  /**
   * @param {HTMLElement} scroll what the messages are in
   * @param {Drawing} drawing
   * @param {MessageActions} actions
   * @param {(message: Message) => void} onReply
   */
  constructor(scroll, drawing, actions, onReply) {
    this.#scroll = scroll;
    this.#drawing = drawing;
    this.#actions = actions;
    this.#onReply = onReply;
  }

  /**
   * The element with the focus, and the message that it is a part of.
   * @returns {Focus}
   */
  now() {
    const { activeElement: element } = document;
    const bubble = element?.closest(".bubble") ?? null;
    return { element, message: bubble === null ? undefined : this.#drawing.messageOf(bubble) };
  }

  /**
   * The focus stays at a message that is drawn again, on the same button if there is one; if the
   * message is gone, the focus moves to its neighbour.
   * @param {Focus} before
   */
  keep({ element, message }) {
    if (!(element instanceof HTMLElement) || element.isConnected || message === undefined) return;
    const bubble = this.#drawing.bubbleOf(message);
    if (bubble === null) {
      this.#drawing.neighbourOf(message)?.focus({ preventScroll: true });
      return;
    }
    if (element.closest(".actions") !== null) this.#actions.moveTo(bubble);
    const { emoji } = element.dataset;
    const chips = [...bubble.querySelectorAll("button")];
    const chip =
      emoji === undefined ? undefined : chips.find((each) => each.dataset.emoji === emoji);
    (chip ?? (bubble.contains(element) ? element : bubble)).focus({ preventScroll: true });
  }

  /**
   * The arrows go from message to message, Enter replies.
   * @param {KeyboardEvent} event
   */
  pressed(event) {
    const bubbles = this.bubbles();
    const at = bubbles.findIndex((each) => each.matches(":focus"));
    if (at === -1 && event.target !== this.#scroll) return; // a link or a button of a message
    const message = bubbles[at] && this.#drawing.messageOf(bubbles[at]);
    if (event.key === "Enter" && message && message.id !== null && !message.isDeleted) {
      event.preventDefault(); // or the field that gets the focus would receive the key
      this.#onReply(message);
    }
    const from = at === -1 ? bubbles.length : at;
    const places = new Map(Object.entries({ ArrowUp: from - 1, ArrowDown: from + 1 }));
    const next = bubbles[places.get(event.key) ?? -1];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  }

  bubbles() {
    /** @type {NodeListOf<HTMLElement>} */
    const found = this.#scroll.querySelectorAll(":scope > .bubble");
    return [...found];
  }
}
