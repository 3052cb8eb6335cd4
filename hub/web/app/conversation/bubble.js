/** One message as it looks. */

import { Kind, Status } from "../../sdk/parlour.js";
import { clock } from "../dom/dates.js";
import { h, linked } from "../dom/elements.js";
import { report } from "../dom/feedback.js";
import { plain } from "../dom/text.js";

/**
 * @import { Message, MessageStatus } from "../../sdk/parlour.js"
 *
 * @typedef {object} Actions
 * @property {(fileUrl: string) => string} address where a file is
 * @property {() => void} onReply
 * @property {() => void} onRetry
 * @property {() => void} onDiscard
 * @property {() => void} onQuote the quoted message is wanted
 */

/** @type {Record<MessageStatus, [mark: string, word: string]>} */
const MARKS = {
  [Status.SENDING]: ["◷", "sending"],
  [Status.SENT]: ["✓", "sent"],
  [Status.DELIVERED]: ["✓✓", "delivered"],
  [Status.READ]: ["✓✓", "read"],
  [Status.FAILED]: ["!", "not sent"],
};

/**
 * Two messages with the same look need not be drawn again.
 * @param {Message} message
 * @param {Message | null} quoted
 * @param {boolean} hasName
 */
export function lookOf(message, quoted, hasName) {
  return [message.status, message.failure, quoted?.id, hasName].join(" ");
}

/**
 * One that cannot be shown says so, and the others are shown.
 * @param {Message} message
 * @param {Message | null} quoted the message that it replies to, if that is known
 * @param {boolean} hasName whether it says who wrote it
 * @param {Actions} actions
 */
export function bubble(message, quoted, hasName, actions) {
  try {
    return drawn(message, quoted, hasName, actions);
  } catch (error) {
    report(error);
    return h("div.bubble.theirs", {}, h("p.words", {}, "This message cannot be shown."));
  }
}

/**
 * @param {Message} message
 * @param {Message | null} quoted
 * @param {boolean} hasName
 * @param {Actions} actions
 */
function drawn(message, quoted, hasName, actions) {
  const { status, isMine } = message;
  const isFailed = status === Status.FAILED;
  return h(
    `div.bubble.${isMine ? "mine" : "theirs"}${isFailed ? ".failed" : ""}`,
    { "data-status": isMine ? status : null, tabindex: -1 },
    hasName && h("div.author", {}, plain(message.authorName ?? "")),
    message.parentId !== null && quote(quoted, actions.onQuote),
    content(message, actions.address),
    meta(message, actions),
  );
}

/**
 * @param {Message} message
 * @param {Actions} actions
 */
function meta(message, { onReply, onRetry, onDiscard }) {
  const [mark, word] = MARKS[message.status];
  const isFailed = message.status === Status.FAILED;
  const reply = { type: "button", onclick: onReply, "aria-label": "Reply", tabindex: -1 };
  const marked = { "aria-label": word, role: "img" };
  return h(
    "div.meta",
    {},
    message.id !== null && h("button.reply", reply, "Reply"),
    clock(message.at),
    message.isMine && h(`span.mark.${message.status}`, marked, ` ${mark}`),
    isFailed && ` ${message.failure}`,
    isFailed && h("button", { type: "button", onclick: onRetry }, "Send again"),
    isFailed && h("button", { type: "button", onclick: onDiscard }, "Discard"),
  );
}

/**
 * @param {Message} message
 * @param {(fileUrl: string) => string} address
 */
function content({ content: text, kind, fileUrl }, address) {
  if (!fileUrl?.startsWith("/uploads/")) {
    return h("p.words", { dir: "auto" }, ...linked(text), ...foreignFile(fileUrl));
  }
  const href = address(fileUrl);
  if (kind !== Kind.IMAGE) {
    return h("p.words", { dir: "auto" }, h("a.file", { href, download: "" }, plain(text)));
  }
  return picture(href, plain(text));
}

/**
 * There is room for it before it arrives; then it has its own size. One that does not is a link.
 * @param {string} href
 * @param {string} alt
 */
function picture(href, alt) {
  const image = h("img.arriving", { src: href, alt, loading: "lazy" });
  const link = h("a.picture", { href, target: "_blank", rel: "noopener" }, image);
  image.addEventListener("load", () => image.classList.remove("arriving"));
  image.addEventListener("error", () => link.replaceChildren(`${alt} (cannot be shown)`));
  return link;
}

/**
 * The file of another site is not loaded, only named: to look at it is to be seen there.
 * @param {string | null} fileUrl
 */
function foreignFile(fileUrl) {
  return fileUrl === null ? [] : ["\n", ...linked(fileUrl)];
}

/**
 * A few words of a message that is replied to.
 * @param {Message | null} quoted null: it is not known here
 * @param {() => void} onclick
 */
export function quote(quoted, onclick) {
  const text = quoted === null ? "An earlier message" : quoted.content.slice(0, 140);
  return h("button.quote", { type: "button", onclick, disabled: quoted === null }, text);
}
