/**
 * The pinned messages of a channel: a list behind one line above the messages, and the right to change it.
 */

import { ChannelsClient } from "../../sdk/parlour.js";
import { onConnected } from "../conversation/connected.js";
import { shortly } from "../dom/dates.js";
import { h, icon } from "../dom/elements.js";
import { confirmed, textOf } from "../dom/feedback.js";

/**
 * @import { Message } from "../../sdk/parlour.js"
 * @import { Conversation } from "../conversation/conversation.js"
 */

const MAX_TEXT = 140; // characters
const STAFF = new Set(["owner", "moderator"]);

export class Pins {
  /** @readonly */
  element;
  /** Whether the user may pin and unpin here, as far as it is known. */
  isAllowed = false;
  #conversation;
  #onShow;
  #count = h("span");
  #list = h("ul");

  /**
   * @param {Conversation} conversation
   * @param {(message: Message) => void} onShow shows a pinned message in the conversation
   */
  constructor(conversation, onShow) {
    this.#conversation = conversation;
    this.#onShow = onShow;
    const summary = h("summary", {}, icon("pin"), this.#count);
    this.element = h("details.pins", { hidden: true }, summary, this.#list);
  }

  /** @param {AbortSignal} signal ends it */
  async start(signal) {
    const { client, workspace, id } = this.#conversation;
    if (!(client instanceof ChannelsClient) || workspace === null) return;
    client.addEventListener(
      "pinned",
      ({ detail }) => detail.conversationId === id && void this.#load(client),
      { signal },
    );
    onConnected(client, () => void this.#load(client), signal);
    await Promise.all([this.#load(client), this.#learnRights(client, workspace.id)]);
  }

  /** @param {Message} message */
  change(message) {
    const { client } = this.#conversation;
    if (!(client instanceof ChannelsClient)) return;
    const done = message.isPinned ? client.unpin(message) : client.pin(message);
    done.catch((error) => confirmed(textOf(error)));
  }

  /** @param {ChannelsClient} client */
  async #load(client) {
    try {
      this.#draw(await client.pinned(this.#conversation.id));
    } catch {
      // the banner shows why; it is loaded again when there is a connection
    }
  }

  /**
   * @param {ChannelsClient} client
   * @param {number} workspaceId
   */
  async #learnRights(client, workspaceId) {
    try {
      const members = await client.members(workspaceId);
      const mine = members.find(({ id }) => id === client.me?.id);
      this.isAllowed = mine !== undefined && STAFF.has(mine.workspaceRole);
      await this.#load(client);
    } catch {
      // the hub checks the right when the user pins a message
    }
  }

  /** @param {readonly Message[]} pinned */
  #draw(pinned) {
    this.element.hidden = pinned.length === 0;
    this.#count.textContent = `${pinned.length} pinned`;
    this.#list.replaceChildren(...pinned.map((message) => this.#row(message)).reverse());
  }

  /** @param {Message} message */
  #row(message) {
    const about = `${this.#conversation.authorOf(message)} · ${shortly(message.at)}`;
    const text = h("span.cut", { dir: "auto" }, message.content.slice(0, MAX_TEXT));
    const show = () => {
      this.element.open = false;
      this.#onShow(message);
    };
    const unpin = { type: "button", onclick: () => this.change(message) };
    return h(
      "li",
      {},
      h("button.result", { type: "button", onclick: show }, h("small", {}, about), text),
      this.isAllowed && h("button.button.quiet", unpin, "Unpin"),
    );
  }
}
