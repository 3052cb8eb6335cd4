/** One message as it looks. */

import { Kind, Status } from "../sdk/parlour.js";
import { clock, h, linked } from "./dom.js";

const MARKS = {
  [Status.SENDING]: ["◷", "sending"],
  [Status.SENT]: ["✓", "sent"],
  [Status.DELIVERED]: ["✓✓", "delivered"],
  [Status.READ]: ["✓✓", "read"],
  [Status.FAILED]: ["!", "not sent"],
};

/** Two messages with the same look need not be drawn again. */
export function lookOf(message, quoted, hasName) {
  return [message.status, message.failure, quoted?.id, hasName].join(" ");
}

/**
 * @param {object} message
 * @param {object} props
 * @param {object | null} props.quoted the message that it answers, if that is known
 * @param {boolean} props.hasName whether it says who wrote it
 * @param {(fileUrl: string) => string} props.address where a file is
 * @param {() => void} props.onReply
 * @param {() => void} props.onRetry
 * @param {() => void} props.onDiscard
 * @param {() => void} props.onQuote the quoted message is wanted
 */
export function bubble(
  message,
  { quoted, hasName, address, onReply, onRetry, onDiscard, onQuote },
) {
  const [mark, word] = MARKS[message.status];
  const isFailed = message.status === Status.FAILED;
  return h(
    `div.bubble.${message.isMine ? "mine" : "theirs"}${isFailed ? ".failed" : ""}`,
    { "data-status": message.isMine ? message.status : null },
    hasName && h("div.author", {}, message.authorName),
    message.parentId !== null && quote(quoted, onQuote),
    content(message, address),
    h(
      "div.meta",
      {},
      message.id !== null &&
        h("button.reply", { type: "button", onclick: onReply, "aria-label": "Reply" }, "Reply"),
      clock(message.at),
      message.isMine &&
        h(`span.mark.${message.status}`, { "aria-label": word, role: "img" }, ` ${mark}`),
      isFailed && ` ${message.failure}`,
      isFailed && h("button", { type: "button", onclick: onRetry }, "Send again"),
      isFailed && h("button", { type: "button", onclick: onDiscard }, "Discard"),
    ),
  );
}

function content(message, address) {
  const isOurs = message.fileUrl?.startsWith("/uploads/");
  if (!isOurs)
    return h("p.words", { dir: "auto" }, ...linked(message.content), ...foreign(message));
  const href = address(message.fileUrl);
  if (message.kind !== Kind.IMAGE) {
    return h("p.words", { dir: "auto" }, h("a.file", { href, download: "" }, message.content));
  }
  const image = h("img", { src: href, alt: message.content, loading: "lazy" });
  return h("a.picture", { href, target: "_blank", rel: "noopener" }, image);
}

/** The file of another site is not loaded, only named: to look at it is to be seen there. */
function foreign({ fileUrl }) {
  return fileUrl === null ? [] : ["\n", ...linked(fileUrl)];
}

/** A few words of a message that is answered. */
export function quote(quoted, onclick) {
  const text = quoted === null ? "An earlier message" : quoted.content.slice(0, 140);
  return h("button.quote", { type: "button", onclick, disabled: quoted === null }, text);
}
