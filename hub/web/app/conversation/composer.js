/** Where one writes: text, files, and the message that is replied to. */

import { h } from "../dom/elements.js";
import { Attachments } from "./attachments.js";
import { quote } from "./bubble.js";
import { draftOf, keepDraft } from "./drafts.js";

/**
 * @import { Message } from "../../sdk/parlour.js"
 * @import { Conversation } from "./conversation.js"
 *
 * @typedef {object} Handlers
 * @property {() => void} onFileSent
 * @property {(message: Message) => void} onQuote a quoted message is wanted
 */

const MAX_CHARS = 10_000;

export class Composer {
  /** @readonly */
  element;
  #conversation;
  #onQuote;
  #attachments;
  /** @type {Message | null} */
  #parent = null; // the message that is replied to
  #quoted = h("div.replying", { hidden: true });
  #text;
  #count = h("span.count", { role: "status" });
  #send = h("button.button.primary", { disabled: true }, "Send");

  /**
   * @param {Conversation} conversation
   * @param {Handlers} handlers
   */
  constructor(conversation, { onFileSent, onQuote }) {
    this.#conversation = conversation;
    this.#onQuote = onQuote;
    this.#attachments = new Attachments(conversation, onFileSent);
    this.#text = h("textarea", {
      rows: 1,
      placeholder: conversation.isChannel ? "Message, or @AI and a question" : "Message",
      "aria-label": `Message to ${conversation.name}`,
      oninput: () => this.#edited(),
      onkeydown: (event) => this.#pressed(event),
      onpaste: (event) => this.#take(event, event.clipboardData?.files),
    });
    this.element = this.#form();
  }

  /** Bring back what was begun, and write on. */
  start() {
    this.#text.value = draftOf(this.#conversation);
    this.#measure();
    this.#text.focus({ preventScroll: true });
  }

  /** Nothing can be sent here any more. */
  disable() {
    this.#text.disabled = true;
    this.#send.disabled = true;
  }

  /** @param {Message | null} message null: to none */
  replyTo(message) {
    this.#parent = message;
    this.#quoted.hidden = message === null;
    this.#quoted.replaceChildren(...(message === null ? [] : this.#quote(message)));
    this.#text.focus();
  }

  /** @param {Message} message */
  #quote(message) {
    const drop = {
      type: "button",
      "aria-label": "Do not reply",
      onclick: () => this.replyTo(null),
    };
    return [quote(message, () => this.#onQuote(message)), h("button.button.quiet", drop, "✕")];
  }

  #form() {
    const input = h("input.unseen", {
      type: "file",
      multiple: true,
      "aria-label": "Send files",
      tabindex: -1,
      onchange: () => {
        this.#attachments.add(input.files ?? []);
        input.value = "";
      },
    });
    const attach = { type: "button", "aria-label": "Attach files", onclick: () => input.click() };
    return h(
      "form.compose",
      {
        onsubmit: (event) => {
          event.preventDefault();
          this.#submit();
        },
        ondragover: (event) => event.preventDefault(),
        ondrop: (event) => this.#take(event, event.dataTransfer?.files),
      },
      this.#attachments.element,
      this.#quoted,
      h(
        "div.row",
        {},
        h("button.button.quiet", attach, h("span.clip")),
        input,
        this.#text,
        this.#count,
        this.#send,
      ),
    );
  }

  /**
   * Files that were pasted or dropped.
   * @param {Event} event
   * @param {FileList | undefined} files
   */
  #take(event, files) {
    if (!files?.length) return;
    event.preventDefault();
    this.#attachments.add(files);
  }

  #edited() {
    this.#measure();
    keepDraft(this.#conversation, this.#text.value);
    if (!this.#send.disabled) this.#conversation.client.typing(this.#conversation.id);
  }

  #measure() {
    const size = [...this.#text.value].length;
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight + 2}px`;
    this.#count.textContent = size > MAX_CHARS ? `${size - MAX_CHARS} characters too long` : "";
    this.#send.disabled = this.#text.value.trim() === "" || size > MAX_CHARS;
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key === "Escape") this.replyTo(null);
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    this.#measure();
    if (this.#send.disabled) return;
    const content = this.#text.value;
    const parentId = this.#parent?.id ?? null;
    this.#text.value = "";
    this.#edited();
    if (this.#parent !== null) this.replyTo(null);
    this.#conversation.client.send(this.#conversation.id, content, { parentId });
  }
}
