/** The actions for a message request, below it, in place of the composer. */

import { h } from "../dom/elements.js";
import { attempt } from "../dom/feedback.js";

/**
 * @import { ParlourClient } from "../../sdk/parlour.js"
 * @import { Conversation } from "./conversation.js"
 */

export class RequestBar {
  /** @readonly */
  element;
  #onDecided;
  #problem = h("p.problem", { role: "alert" });

  /**
   * @param {Conversation} conversation
   * @param {() => void} onDecided
   */
  constructor({ client, id, title }, onDecided) {
    const people = /** @type {ParlourClient} */ (client);
    this.#onDecided = onDecided;
    this.element = h(
      "div.request",
      { role: "group", "aria-label": "Message request", hidden: true },
      h(
        "p",
        {},
        `Let ${title} write to you? Until you accept, they do not see that you read this.`,
      ),
      this.#problem,
      h(
        "div.choices",
        {},
        this.#button("Accept", () => people.acceptRequest(id)),
        this.#button("Decline", () => people.declineRequest(id)),
        this.#button("Block", () => client.call("POST", `/api/users/${id}/block`)),
      ),
    );
  }

  /**
   * @param {string} word
   * @param {() => Promise<unknown>} decide
   */
  #button(word, decide) {
    const act = async () => {
      await decide();
      this.#onDecided();
    };
    const onclick = () => void attempt(this.#problem, act);
    return h(
      `button.button${word === "Accept" ? ".primary" : ""}`,
      { type: "button", onclick },
      word,
    );
  }
}
