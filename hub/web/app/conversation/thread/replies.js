/** What a message shows of its replies. */

import { shortly } from "../../dom/dates.js";
import { h, icon } from "../../dom/elements.js";

/** @import { Message } from "../../../sdk/parlour.js" */

/**
 * How many replies there are, and when the last one came; leads to the thread.
 * @param {Message} message
 * @param {() => void} onclick
 */
export function repliesButton({ replyCount, lastReply }, onclick) {
  const count = `${replyCount} ${replyCount === 1 ? "reply" : "replies"}`;
  const last = lastReply === null ? "" : `, last ${shortly(lastReply.at)}`;
  const words = h("span", {}, h("b", {}, count), last);
  return h("button.replies", { type: "button", onclick }, icon("thread"), words);
}
