/** Announces a new message beside showing it: to screen readers, and by a notification if it is not read. */

import { isLooking } from "../dom/attention.js";
import { announce } from "../dom/feedback.js";
import { notify } from "../dom/notifications.js";
import { plain } from "../dom/text.js";

/**
 * @import { Message } from "../../sdk/parlour.js"
 * @import { Conversation } from "../conversation/conversation.js"
 */

const NOTIFY_MS = 1_000; // after which another tab or device would have marked it read

/**
 * @param {Conversation | null} unread its conversation, if the message is unread there; else null
 * @param {Message} message
 * @param {AbortSignal} signal aborted when nothing is to be shown any more
 * @param {(key: string) => void} onOpen gets the conversation's key
 */
export function announceMessage(unread, message, signal, onOpen) {
  if (unread === null || unread.isMuted) return;
  const author = plain(message.authorName ?? unread.title);
  const title = unread.isChannel ? `${author} in ${unread.name}` : author;
  announce(`${author}: ${message.content}`);
  notifyLater(unread, title, message.content, signal, onOpen);
}

/**
 * Notify of a mention of the user, also in a muted conversation.
 * @param {Conversation | null} unread its conversation, if the mention is new and unread; else null
 * @param {string} content
 * @param {AbortSignal} signal
 * @param {(key: string) => void} onOpen
 */
export function notifyMention(unread, content, signal, onOpen) {
  if (unread !== null) {
    notifyLater(unread, `You are mentioned: ${unread.name}`, content, signal, onOpen);
  }
}

/** @type {(unread: Conversation, title: string, content: string, signal: AbortSignal, onOpen: (key: string) => void) => void} */
function notifyLater(unread, title, content, signal, onOpen) {
  if (isLooking()) return;
  const { timesRead } = unread;
  setTimeout(() => {
    if (unread.timesRead > timesRead || signal.aborted) return; // read elsewhere
    notify(unread.key, title, content, () => onOpen(unread.key));
  }, NOTIFY_MS);
}
