/**
 * What was begun and not sent, by conversation: it is there again after a look elsewhere, or a
 * reload.
 */

/** @import { Conversation } from "./conversation.js" */

const PREFIX = "parlour.draft.";

/**
 * The text that was begun; empty when there is none.
 * @param {Conversation} conversation
 */
export function draftOf(conversation) {
  try {
    return localStorage.getItem(itemName(conversation)) ?? "";
  } catch {
    return ""; // a page may be denied its storage
  }
}

/**
 * Keep what was begun; empty text is forgotten.
 * @param {Conversation} conversation
 * @param {string} text
 */
export function keepDraft(conversation, text) {
  try {
    if (text.trim() === "") localStorage.removeItem(itemName(conversation));
    else localStorage.setItem(itemName(conversation), text);
  } catch {
    // it is kept in the field, as long as that is there
  }
}

/** @param {Conversation} conversation */
function itemName({ client, key }) {
  return `${PREFIX}${client.me?.id}.${key}`;
}
