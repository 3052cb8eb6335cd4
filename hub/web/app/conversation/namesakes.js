/** Finds people with the same name, so that the list can tell them apart. */

import { searchable } from "../dom/text.js";

/** @import { Conversation } from "./conversation.js" */

export class Namesakes {
  /** @type {Map<string, Conversation>} the latest with a person of each name */
  #byName = new Map();

  /** @param {Conversation} conversation with a person, whose name another one may have */
  tellApart(conversation) {
    const name = searchable(conversation.title);
    const namesake = this.#byName.get(name);
    this.#byName.set(name, conversation);
    if (namesake === undefined) return;
    namesake.isNamesake = true;
    conversation.isNamesake = true;
  }
}
