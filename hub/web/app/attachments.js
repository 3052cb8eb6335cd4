/** Files on their way up: each is stored, then sent; one that fails stays until it is tried again or dropped. */

import { Kind } from "../sdk/parlour.js";
import { h, textOf } from "./dom.js";

export class Attachments {
  element;
  #room;
  #sent;
  #uploading = Promise.resolve(); // one after the other, so that they arrive in order

  /**
   * @param {Room} room where they go
   * @param {() => void} sent called after each one
   */
  constructor(room, sent) {
    this.#room = room;
    this.#sent = sent;
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

  #try(file, row) {
    row.replaceChildren(h("span.name", {}, file.name), h("span", { role: "status" }, "Sending…"));
    this.#uploading = this.#uploading.then(() => this.#send(file, row));
  }

  async #send(file, row) {
    const { client, place } = this.#room;
    try {
      const { url, name, mimeType } = await client.upload(file);
      const kind = mimeType.startsWith("image/") ? Kind.IMAGE : Kind.FILE;
      row.remove();
      client.send(place, name, { kind, fileUrl: url });
      this.#sent();
    } catch (error) {
      this.#failed(file, row, error);
    }
  }

  #failed(file, row, error) {
    const isTemporary = error.status === 0 || error.status >= 500 || error.status === 429;
    const again = { type: "button", onclick: () => this.#try(file, row) };
    row.replaceChildren(
      h("span.name", {}, file.name),
      h("span.problem", { role: "alert" }, textOf(error)),
      ...(isTemporary ? [h("button.button.quiet", again, "Try again")] : []),
      h("button.button.quiet", { type: "button", onclick: () => row.remove() }, "Drop"),
    );
  }
}
