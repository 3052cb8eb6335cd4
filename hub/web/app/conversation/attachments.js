/**
 * Files that are being uploaded: each is stored, then sent; one that fails stays until it is tried
 * again or dropped.
 */

import { CallFailed, Kind } from "../../sdk/parlour.js";
import { h } from "../dom/elements.js";
import { textOf } from "../dom/feedback.js";

/** @import { Conversation } from "./conversation.js" */

export class Attachments {
  /** @readonly */
  element;
  #conversation;
  #onSent;
  /** @type {Promise<void>} */
  #uploading = Promise.resolve(); // one after the other, so that they arrive in order

  /**
   * @param {Conversation} conversation
   * @param {() => void} onSent called after each one
   */
  constructor(conversation, onSent) {
    this.#conversation = conversation;
    this.#onSent = onSent;
    this.element = h("ul.attachments", { "aria-label": "Files that are being sent" });
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) {
      const row = h("li");
      this.element.append(row);
      this.#try(file, row);
    }
  }

  /**
   * @param {File} file
   * @param {HTMLElement} row
   */
  #try(file, row) {
    row.replaceChildren(h("span.name", {}, file.name), h("span", { role: "status" }, "Sending…"));
    this.#uploading = this.#uploading.then(() => this.#send(file, row));
  }

  /**
   * @param {File} file
   * @param {HTMLElement} row
   */
  async #send(file, row) {
    const { client, id } = this.#conversation;
    try {
      const { url, name, mimeType } = await client.upload(file);
      const kind = mimeType.startsWith("image/") ? Kind.IMAGE : Kind.FILE;
      row.remove();
      client.send(id, name, { kind, fileUrl: url });
      this.#onSent();
    } catch (error) {
      this.#failed(file, row, error);
    }
  }

  /**
   * @param {File} file
   * @param {HTMLElement} row
   * @param {unknown} error
   */
  #failed(file, row, error) {
    const again = { type: "button", onclick: () => this.#try(file, row) };
    const drop = { type: "button", onclick: () => row.remove() };
    row.replaceChildren(
      h("span.name", {}, file.name),
      h("span.problem", { role: "alert" }, textOf(error)),
      ...(isTemporary(error) ? [h("button.button.quiet", again, "Try again")] : []),
      h("button.button.quiet", drop, "Drop"),
    );
  }
}

/** @param {unknown} error */
function isTemporary(error) {
  if (!(error instanceof CallFailed)) return false;
  return error.status === 0 || error.status >= 500 || error.status === 429;
}
