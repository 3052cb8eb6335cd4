/** The message requests: messages from people whom the user has not accepted. */

import { h, paneHeader } from "../dom/elements.js";
import { redrawIn } from "../dom/redraw.js";
import { row } from "./person.js";

/**
 * @import { Conversation } from "../conversation/conversation.js"
 * @import { Conversations } from "../conversation/conversations.js"
 */

const MAX_LAST = 120; // characters

export class RequestsPanel {
  /** @readonly */
  parts;
  #conversations;
  #open;
  #list = h("div", { "aria-live": "polite" });

  /**
   * @param {Conversations} conversations
   * @param {(conversation: Conversation) => void} open
   * @param {() => void} onBack
   */
  constructor(conversations, open, onBack) {
    this.#conversations = conversations;
    this.#open = open;
    const about =
      "Until you accept, the senders do not see that you received or read their messages.";
    this.parts = [
      paneHeader(onBack, h("div.who", {}, h("h2", {}, "Requests"))),
      h("div.sheet", {}, h("p", {}, about), this.#list),
    ];
  }

  async start() {
    this.stateChanged();
    await this.#conversations.loadPeople(); // there is no event for follows and blocks
  }

  stateChanged() {
    const rows = this.#conversations
      .requests()
      .map((each) =>
        row({ id: each.id, name: each.title }, each.last.slice(0, MAX_LAST), [
          ["Open", () => this.#open(each)],
        ]),
      );
    redrawIn(this.#list, ...(rows.length > 0 ? rows : [h("p.empty", {}, "No requests.")]));
  }
}
