import { shortly } from "../../dom/dates.js";
import { plain } from "../../dom/text.js";
import { textOf } from "./bubble.js";

/**
 * @import { Message } from "../../../sdk/parlour.js"
 * @import { Conversation } from "../conversation.js"
 */

/**
 * Messages as a text of their own: a line for each, with its time and its author.
 * @param {(Message | undefined)[]} messages
 * @param {Conversation} conversation
 */
export function transcript(messages, { title }) {
  const lines = messages.map((message) => {
    if (message === undefined) return ""; // one that cannot be shown
    const author = message.isMine ? "Me" : (message.authorName ?? title);
    return `[${shortly(message.at)}] ${plain(author)}: ${textOf(message)}`;
  });
  return lines.join("\n");
}
