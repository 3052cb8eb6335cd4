/** Draws one message. */

import { Kind, Status } from "../../../sdk/parlour.js";
import { clock, shortly } from "../../dom/dates.js";
import { face, h, icon, linked, tinted } from "../../dom/elements.js";
import { report } from "../../dom/feedback.js";
import { plain } from "../../dom/text.js";
import { withMentions } from "../mentioning/with_mentions.js";
import { repliesButton } from "../thread/replies.js";
import { reactionRow, whoReacted } from "./reactions.js";

/**
 * @import { Message, MessageStatus, UserId } from "../../../sdk/parlour.js"
 *
 * @typedef {object} Actions
 * @property {(fileUrl: string) => string} address where a file is
 * @property {() => void} onRetry
 * @property {() => void} onDiscard
 * @property {(emoji: string, isMine: boolean) => void} onReaction a shown reaction was pressed
 * @property {() => void} onQuote shows the quoted message
 * @property {() => void} onThread shows its replies
 *
 * @typedef {object} Surroundings
 * @property {Message | null} quoted the message that it replies to, if that is known
 * @property {string | null} quotedAuthor who wrote that
 * @property {string | null} author who wrote it, if it is the first of several by them
 * @property {UserId | null} me
 * @property {(id: UserId) => string} nameOf
 * @property {boolean} isAmongMany whether more than two people write there
 * @property {boolean} hasThreads whether threads can be opened from there
 * @property {boolean} hasQuote whether what it replies to is shown
 */

const DELETED = "This message was deleted";

/**
 * A message's text, or that the message was deleted.
 * @param {Message} message
 */
export function textOf({ content: text, isDeleted }) {
  return isDeleted ? DELETED : text;
}

/** @type {Record<MessageStatus, [mark: string, word: string]>} */
const MARKS = {
  [Status.SENDING]: ["◷", "sending"],
  [Status.SENT]: ["✓", "sent"],
  [Status.DELIVERED]: ["✓✓", "delivered"],
  [Status.READ]: ["✓✓", "read"],
  [Status.FAILED]: ["!", "not sent"],
};

/**
 * A key of a message's appearance: while it stays the same, the message is not drawn again.
 * @param {Message} message
 * @param {Surroundings} surroundings
 */
export function lookOf(message, { quoted, author, nameOf }) {
  const { status, failure, rev, isDeleted, reactions } = message;
  const reacted = reactions.map((each) => whoReacted(each, nameOf)); // whose names may come later
  return [
    status,
    failure,
    rev,
    isDeleted,
    ...reacted,
    quoted?.id,
    quoted && textOf(quoted),
    author,
    message.replyCount,
    message.lastReply?.at,
  ].join(" ");
}

/**
 * A message that cannot be shown is replaced by a notice, so that the others are shown.
 * @param {Message} message
 * @param {Surroundings} surroundings
 * @param {Actions} actions
 */
export function bubble(message, surroundings, actions) {
  try {
    return drawn(message, surroundings, actions);
  } catch (error) {
    report(error);
    return h("div.bubble.theirs", {}, h("p.words", {}, "This message cannot be shown."));
  }
}

/**
 * @param {Message} message
 * @param {Surroundings} surroundings
 * @param {Actions} actions
 */
function drawn(message, surroundings, actions) {
  const { quoted, quotedAuthor, author, isAmongMany, me, nameOf } = surroundings;
  const { status, isMine, isDeleted, editedAt, reactions } = message;
  const isAnswered = surroundings.hasThreads && message.replyCount > 0 && !isDeleted;
  const isFailed = status === Status.FAILED;
  return h(
    `div.bubble.${isMine ? "mine" : "theirs"}${isFailed ? ".failed" : ""}${editedAt !== null ? ".edited" : ""}`,
    { "data-status": isMine ? status : null, tabindex: -1 },
    ...(author === null ? [] : named(message, author, isAmongMany && !isMine)),
    message.isForwarded && !isDeleted && h("div.forwarded", {}, "Forwarded"),
    surroundings.hasQuote && !isDeleted && quote(quoted, quotedAuthor, actions.onQuote),
    h("div.body", { dir: "auto" }, content(message, actions.address, me), meta(message, actions)),
    reactions.length > 0 && reactionRow(reactions, me, nameOf, actions.onReaction),
    isAnswered && repliesButton(message, actions.onThread),
  );
}

/**
 * The author's name, which is visible where more than two people write.
 * @param {Message} message
 * @param {string} author
 * @param {boolean} isInSight
 */
function named({ author: id }, author, isInSight) {
  if (!isInSight) return [h("div.unseen", {}, `${author}: `)];
  const small = face(author, id ?? 0);
  small.classList.add("small");
  return [small, tinted(h("div.author", {}, author), id ?? 0)];
}

/**
 * @param {Message} message
 * @param {Actions} actions
 */
function meta(message, { onRetry, onDiscard }) {
  const [mark, word] = MARKS[message.status];
  const isFailed = message.status === Status.FAILED;
  const marked = { "aria-label": word, role: "img" };
  return h(
    "div.meta",
    {},
    clock(message.at),
    message.isPinned &&
      h("span.pin", { role: "img", "aria-label": "pinned", title: "Pinned" }, " ", icon("pin")),
    message.editedAt !== null && h("span", {}, ` · edited ${shortly(message.editedAt)}`),
    message.isMine && h(`span.mark.${message.status}`, marked, ` ${mark}`),
    isFailed && ` ${message.failure}`,
    isFailed &&
      h(
        "div.choice",
        {},
        h("button.button", { type: "button", onclick: onRetry }, "Send again"),
        h("button.button.quiet", { type: "button", onclick: onDiscard }, "Discard"),
      ),
  );
}

/**
 * @param {Message} message
 * @param {(fileUrl: string) => string} address
 * @param {UserId | null} me
 */
function content(message, address, me) {
  const { content: text, kind, fileUrl, isDeleted } = message;
  if (isDeleted) return h("p.words.gone", {}, DELETED);
  if (!fileUrl?.startsWith("/uploads/")) {
    return h("p.words", {}, ...withMentions(message, me), ...foreignFile(fileUrl));
  }
  const href = address(fileUrl);
  if (kind === Kind.IMAGE) return picture(href, plain(text));
  const name = fileName(plain(text), fileUrl);
  return h("p.words", {}, h("a.file", { href, download: name }, icon("attach"), name));
}

/**
 * The author's name for a file, if it fits the stored file's type; otherwise the stored name.
 * @param {string} text
 * @param {string} fileUrl
 */
function fileName(text, fileUrl) {
  const stored = (fileUrl.split("/").pop() ?? "").replace(/^[\da-f]+_/, "");
  const ending = /\.[^.]*$/.exec(stored)?.[0] ?? "";
  return text.toLowerCase().endsWith(ending.toLowerCase()) && !/[/\\]/.test(text) ? text : stored;
}

/**
 * A preview in a box of fixed size, so that nothing moves when the picture arrives; a click opens the
 * picture. If it cannot be shown, there is a link.
 * @param {string} href
 * @param {string} alt
 */
function picture(href, alt) {
  const image = h("img", { src: `${href}?size=thumb`, alt, loading: "lazy" });
  const link = h("a.picture", { href, target: "_blank", rel: "noopener" }, image);
  image.addEventListener("error", () => link.replaceChildren(`${alt} (cannot be shown)`));
  return link;
}

/**
 * A file of another site is not loaded, only named: loading it would reveal the reader to that site.
 * @param {string | null} fileUrl
 */
function foreignFile(fileUrl) {
  return fileUrl === null ? [] : ["\n", ...linked(fileUrl)];
}

/**
 * A few words of a message that is replied to.
 * @param {Message | null} quoted null: it is not known here
 * @param {string | null} author
 * @param {() => void} onclick
 */
export function quote(quoted, author, onclick) {
  const text = quoted === null ? "An earlier message" : textOf(quoted).slice(0, 140);
  const name = author !== null && h("strong", {}, author);
  return h("button.quote", { type: "button", onclick, disabled: quoted === null }, name, text);
}
