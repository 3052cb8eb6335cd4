/** A message's text, with its links and the mentions that the hub found. */

import { h, linked } from "../../dom/elements.js";
import { partsByName } from "./names.js";

/** @import { Message, UserId } from "../../../sdk/parlour.js" */

const CHANNEL = "channel"; // the name that stands for everybody

/**
 * A message's text; a mention of the reader is highlighted more strongly.
 * @param {Pick<Message, "content" | "mentions" | "mentionsChannel" | "isMine">} message
 * @param {UserId | null} me
 * @returns {(HTMLElement | string)[]}
 */
export function withMentions({ content, mentions, mentionsChannel, isMine }, me) {
  const own = new Map(mentions.map(({ user, username }) => [username, user === me]));
  if (mentionsChannel) own.set(CHANNEL, !isMine);
  if (own.size === 0) return linked(content);
  return partsByName(content, [...own.keys()]).flatMap(({ text, name }) => {
    if (name === null) return linked(text);
    return own.get(name) ? h("strong.mention.own", {}, text) : h("span.mention", {}, text);
  });
}
