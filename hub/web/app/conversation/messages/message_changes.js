/**
 * What the user does to messages that are stored: editing and deleting one's own, reacting, forwarding.
 */

import { confirmed, textOf } from "../../dom/feedback.js";
import { isSamePerson } from "../conversation.js";
import { deleting, editing } from "./change_form.js";
import { chooseWhere } from "./forward_dialog.js";

/**
 * @import { Message } from "../../../sdk/parlour.js"
 * @import { Conversation } from "../conversation.js"
 * @import { Drawing } from "./drawing.js"
 * @import { Handlers } from "./change_form.js"
 *
 * @typedef {{ element: HTMLElement, start: () => void }} Changing what stands in a message's place
 *
 * @typedef {object} List
 * @property {() => void} draw
 * @property {() => void} drawSoon
 */

export class MessageChanges {
  #conversation;
  #drawing;
  #list;

  /**
   * @param {Conversation} conversation
   * @param {Drawing} drawing
   * @param {List} list
   */
  constructor(conversation, drawing, list) {
    this.#conversation = conversation;
    this.#drawing = drawing;
    this.#list = list;
  }

  /** @param {Message} message of one's own */
  edit(message) {
    const conversation = this.#conversation;
    const save = (/** @type {string} */ content) => conversation.client.edit(message, content);
    this.#change(message, (handlers) => editing(conversation, message.content, save, handlers));
  }

  /** @param {Message} message of one's own */
  remove(message) {
    const { client } = this.#conversation;
    this.#change(message, (handlers) => deleting(() => client.remove(message), handlers));
  }

  /**
   * @param {Message} message
   * @param {string} emoji
   * @param {boolean} isWanted whether to add or remove it
   */
  react(message, emoji, isWanted) {
    const { client } = this.#conversation;
    const done = isWanted ? client.react(message, emoji) : client.unreact(message, emoji);
    done.catch((error) => confirmed(textOf(error)));
  }

  /**
   * @param {Message} message
   * @param {readonly Conversation[]} places of the list, the latest first
   */
  forward(message, places) {
    const own = places.filter(({ client }) => isSamePerson(client, this.#conversation.client));
    const to = (/** @type {Conversation} */ { client, id }) => client.forward(message, id);
    chooseWhere(own, to, () => this.#drawing.bubbleOf(message)?.focus({ preventScroll: true }));
  }

  /**
   * Load the names of users who have reacted, and draw again if there are new ones.
   * @param {readonly Message[]} messages
   */
  meet(messages) {
    const ids = messages.flatMap(({ reactions }) => reactions.flatMap(({ users }) => users));
    const met = this.#conversation.meet(ids).then((isMore) => isMore && this.#list.drawSoon());
    met.catch(() => undefined); // they stay without a name until the conversation is loaded again
  }

  /**
   * @param {Message} message
   * @param {(handlers: Handlers) => Changing} make
   */
  #change(message, make) {
    const onClosed = () => {
      this.#drawing.changed();
      this.#list.draw();
      this.#drawing.bubbleOf(message)?.focus({ preventScroll: true });
    };
    const { element, start } = make({ onClosed, onResized: () => this.#list.drawSoon() });
    this.#drawing.change(message, element);
    this.#list.draw();
    start();
    element.scrollIntoView({ block: "nearest" });
  }
}
