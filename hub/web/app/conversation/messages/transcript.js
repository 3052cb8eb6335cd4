import { shortly } from "../../dom/dates.js";
import { plain } from "../../dom/text.js";
import { textOf } from "./bubble.js";

/**
 * @import { Message } from "../../../sdk/parlour.js"
 * @import { Conversation } from "../conversation.js"
 * @import { Drawing } from "./drawing.js"
 */

/**
 * Messages as a text of their own: a line for each, with its time and its author.
 * @param {(Message | undefined)[]} messages
 * @param {Conversation} conversation
 */
function transcript(messages, { title }) {
  const lines = messages.map((message) => {
    if (message === undefined) return ""; // one that cannot be shown
    const author = message.isMine ? "Me" : (message.authorName ?? title);
    return `[${shortly(message.at)}] ${plain(author)}: ${textOf(message)}`;
  });
  return lines.join("\n");
}

/**
 * Several messages are copied with the names of their authors.
 * @param {ClipboardEvent} event
 * @param {HTMLElement[]} bubbles
 * @param {Drawing} drawing
 * @param {Conversation} conversation
 */
export function copied(event, bubbles, drawing, conversation) {
  const selection = getSelection();
  const selected = bubbles.filter((each) => selection?.containsNode(each, true));
  if (selected.length < 2 || event.clipboardData === null) return;
  const chosen = selected.map((each) => drawing.messageOf(each));
  event.clipboardData.setData("text/plain", transcript(chosen, conversation));
  event.preventDefault();
}
