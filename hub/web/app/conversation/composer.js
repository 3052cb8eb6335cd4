/**
 * The composer: text, files, and the message that is replied to.
 *
 * What it promises: a text leaves the field only when the outbox has it.
 */

import { h, icon, iconButton } from "../dom/elements.js";
import { report, textOf } from "../dom/feedback.js";
import { HUB } from "../shell/hub_facts.js";
import { Attachments } from "./attachments.js";
import { quote } from "./messages/bubble.js";
import { Draft } from "./drafts.js";
import { Suggestions } from "./mentioning/suggestions.js";

/**
 * @import { Message } from "../../sdk/parlour.js"
 * @import { Conversation } from "./conversation.js"
 *
 * @typedef {object} Handlers
 * @property {() => void} onFileSent
 * @property {(message: Message) => void} onQuote shows a quoted message
 *
 * @typedef {object} Thread the thread of all messages that are written
 * @property {number | null} rootId the id of its first message
 * @property {Attachments} attachments
 */

const COMPOSING = 229; // the key code while letters are being chosen; Safari has no other sign of it

export class Composer {
  /** @readonly */
  element;
  #conversation;
  #onQuote;
  #attachments;
  /** @type {Message | null} */
  #parent = null; // the message that is replied to
  #rootId; // of the thread that all messages belong to; null: none
  #quoted = h("div.replying", { hidden: true });
  #text;
  #draft;
  #suggestions;
  #count = h("span.count", { role: "status" });
  #problem = h("p.problem", { role: "alert", hidden: true });
  #send = h(
    "button.button.primary.square",
    { disabled: true, "aria-label": "Send", title: "Send" },
    icon("send"),
  );
  #isClosed = false;
  #isByTouch = matchMedia("(pointer: coarse)").matches; // its keyboard covers half of the view

  /**
   * @param {Conversation} conversation
   * @param {Handlers} handlers
   * @param {Thread | null} thread
   */
  constructor(conversation, { onFileSent, onQuote }, thread = null) {
    this.#conversation = conversation;
    this.#onQuote = onQuote;
    this.#rootId = thread?.rootId ?? null;
    if (thread === null) conversation.attachments ??= new Attachments(conversation);
    this.#attachments =
      thread?.attachments ?? conversation.attachments ?? new Attachments(conversation);
    this.#attachments.onChange = () => this.#measure();
    this.#attachments.onSent = onFileSent;
    const hasAssistant = conversation.isChannel && HUB.hasAssistant;
    const placeholder = hasAssistant ? "Message, or @AI and a question" : "Message";
    this.#text = h("textarea", {
      rows: 1,
      placeholder: thread === null ? placeholder : "Reply in thread",
      "aria-label": thread === null ? `Message to ${conversation.name}` : "Reply in thread",
      enterkeyhint: this.#isByTouch ? "enter" : "send",
      oninput: () => this.#edited(),
      onkeydown: (event) => this.#pressed(event),
      onpaste: (event) => this.#pasted(event),
    });
    this.#send.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the field keeps the focus, and its keyboard
    });
    this.#draft = new Draft(conversation, () => this.#text.value, this.#rootId);
    this.#suggestions = new Suggestions(conversation, this.#text, () => this.#edited());
    this.element = this.#form();
  }

  /** Restore the draft, and focus the field. */
  start() {
    this.#text.value = this.#draft.text;
    this.#measure();
    if (!this.#isByTouch) this.#text.focus({ preventScroll: true });
  }

  stop() {
    this.#draft.stop();
  }

  /** @param {boolean} isClosed whether nothing can be sent here */
  close(isClosed) {
    this.#isClosed = isClosed;
    this.#text.disabled = isClosed;
    this.#measure();
  }

  /** @param {Message | null} message null: to none */
  replyTo(message) {
    this.#parent = message;
    this.#quoted.hidden = message === null;
    this.#quoted.replaceChildren(...(message === null ? [] : this.#quote(message)));
    this.#text.focus();
  }

  /** @param {Iterable<File>} files to be sent with the next message */
  attach(files) {
    if (!this.#isClosed) this.#say(this.#attachments.add(files));
  }

  /** @param {Message} message */
  #quote(message) {
    const drop = iconButton("close", "Do not reply", () => this.replyTo(null));
    const author = this.#conversation.authorOf(message);
    return [quote(message, author, () => this.#onQuote(message)), drop];
  }

  #form() {
    const input = h("input.unseen", {
      type: "file",
      multiple: true,
      "aria-label": "Send files",
      tabindex: -1,
      onchange: () => {
        this.attach(input.files ?? []);
        input.value = "";
      },
    });
    return h(
      "form.compose",
      {
        onsubmit: (event) => {
          event.preventDefault();
          this.#submit();
        },
      },
      this.#problem,
      this.#suggestions.element,
      h(
        "div.box",
        {},
        this.#quoted,
        this.#attachments.element,
        h(
          "div.row",
          {},
          iconButton("attach", "Attach files", () => input.click()),
          input,
          this.#text,
          this.#send,
        ),
        this.#count,
      ),
    );
  }

  /**
   * Text is preferred: what is copied from a table or a document is on the clipboard as a picture, too.
   * @param {ClipboardEvent} event
   */
  #pasted(event) {
    const { clipboardData: pasted } = event;
    if (pasted === null || pasted.files.length === 0 || pasted.getData("text/plain") !== "") return;
    event.preventDefault();
    this.attach(pasted.files);
  }

  #edited() {
    this.#measure();
    this.#draft.keep();
    if (this.#text.value.trim() !== "") this.#conversation.client.typing(this.#conversation.id);
  }

  #measure() {
    const { value } = this.#text;
    const over = [...value].length - HUB.maxContentChars;
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
    this.#count.textContent = over > 0 ? `${over.toLocaleString()} characters too long` : "";
    const isEmpty = value.trim() === "" && !this.#attachments.isWaiting;
    this.#send.disabled = this.#isClosed || isEmpty || over > 0;
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (this.#suggestions.pressed(event)) return;
    const { key, shiftKey, ctrlKey, metaKey, isComposing, keyCode } = event;
    if (key === "Escape" && this.#parent !== null) {
      event.preventDefault();
      this.replyTo(null);
    }
    if (key !== "Enter" || isComposing || keyCode === COMPOSING) return;
    const isNewLine = shiftKey || (this.#isByTouch && !ctrlKey && !metaKey);
    if (isNewLine) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    this.#measure();
    if (this.#send.disabled) return;
    const { client, id } = this.#conversation;
    const content = this.#text.value;
    const parentId = this.#parent?.id ?? this.#rootId;
    const hasText = content.trim() !== "";
    try {
      if (hasText) client.send(id, content, { parentId });
    } catch (error) {
      this.#say(`The message could not be sent. ${textOf(error)}`);
      report(error);
      return;
    }
    this.#say("");
    this.#text.value = "";
    this.#draft.keep();
    this.#attachments.send(hasText ? this.#rootId : parentId, this.#rootId);
    this.#measure();
    if (this.#parent !== null) this.replyTo(null);
  }

  /** @param {string} problem */
  #say(problem) {
    this.#problem.textContent = problem;
    this.#problem.hidden = problem === "";
  }
}
