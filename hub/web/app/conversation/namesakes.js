/** People who are called alike: the list says which of them each is. */

import { searchable } from "../dom/text.js";

/** @import { Conversation } from "./conversation.js" */

export class Namesakes {
  /** @type {Map<string, Conversation>} the latest with a person of each name */
  #byName = new Map();

  /** @param {Conversation} conversation with a person, who may be called like another one */
  tellApart(conversation) {
    const name = searchable(conversation.title);
    const namesake = this.#byName.get(name);
    this.#byName.set(name, conversation);
    if (namesake === undefined) return;
    namesake.isNamesake = true;
    conversation.isNamesake = true;
  }
}
