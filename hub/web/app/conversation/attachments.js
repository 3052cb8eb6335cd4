/**
 * Files to be sent: each waits until the user sends the message, is stored, then sent; a file that fails
 * stays until it is retried or removed. The list outlives the view of its conversation.
 */

import { CallFailed, Kind } from "../../sdk/parlour.js";
import { h, iconButton } from "../dom/elements.js";
import { textOf } from "../dom/feedback.js";
import { plain } from "../dom/text.js";
import { HUB } from "../shell/hub_facts.js";

/**
 * @import { Conversation } from "./conversation.js"
 *
 * @typedef {object} Item a file and its row
 * @property {File} file
 * @property {HTMLElement} row
 * @property {boolean} isWaiting whether it can be sent
 * @property {AbortController} removal
 */

const MAX_FILES = 30; // at a time
const PREVIEW_PX = 40;

export class Attachments {
  /** @readonly */
  element = h("ul.attachments", { "aria-label": "Files to send" });
  /**
   * Called after each change.
   * @type {() => void}
   */
  onChange = () => undefined;
  /**
   * Called after each file that was sent.
   * @type {() => void}
   */
  onSent = () => undefined;
  #conversation;
  /** @type {Set<Item>} */
  #items = new Set();
  /** @type {Promise<void>} */
  #uploading = Promise.resolve(); // one after the other, so that they arrive in order

  /** @param {Conversation} conversation */
  constructor(conversation) {
    this.#conversation = conversation;
  }

  /** Whether there is a file that can be sent. */
  get isWaiting() {
    return [...this.#items].some((item) => item.isWaiting);
  }

  /**
   * @param {Iterable<File>} files
   * @returns {string} what is wrong with them; empty: nothing
   */
  add(files) {
    const given = [...files];
    const taken = given.slice(0, MAX_FILES - this.#items.size);
    for (const file of taken) this.#stage(file);
    this.onChange();
    const left = given.length - taken.length;
    if (left === 0) return "";
    return `At most ${MAX_FILES} files at a time: ${left} of them ${left === 1 ? "was" : "were"} not added.`;
  }

  /**
   * @param {number | null} parentId the message that the first of them replies to
   * @param {number | null} rootId the thread that the others belong to
   */
  send(parentId, rootId = null) {
    let parent = parentId;
    for (const item of this.#items) {
      if (!item.isWaiting) continue;
      this.#try(item, parent);
      parent = rootId;
    }
  }

  /** @param {File} file */
  #stage(file) {
    const item = { file, row: h("li"), isWaiting: true, removal: new AbortController() };
    this.#items.add(item);
    this.element.append(item.row);
    if (file.size > HUB.maxUploadBytes) {
      item.isWaiting = false;
      const limit = Math.floor(HUB.maxUploadBytes / 1024);
      this.#failed(item, new Error(`This file is larger than ${limit.toLocaleString()} KB.`));
      return;
    }
    this.#draw(item, h("small", {}, `${Math.ceil(file.size / 1024).toLocaleString()} KB`));
    void preview(item);
  }

  /**
   * @param {Item} item
   * @param {number | null} parentId
   */
  #try(item, parentId) {
    item.isWaiting = false;
    const bar = h("progress", { "aria-label": `Sending ${plain(item.file.name)}` });
    this.#draw(item, bar);
    this.#uploading = this.#uploading.then(() => this.#upload(item, parentId, bar));
  }

  /**
   * @param {Item} item
   * @param {number | null} parentId
   * @param {HTMLProgressElement} bar
   */
  async #upload(item, parentId, bar) {
    const { client, id } = this.#conversation;
    const { signal } = item.removal;
    const onProgress = (/** @type {number} */ sent, /** @type {number} */ total) => {
      bar.value = sent / total;
    };
    try {
      const { url, name, mimeType } = await client.upload(item.file, undefined, {
        signal,
        onProgress,
      });
      signal.throwIfAborted();
      const kind = mimeType.startsWith("image/") ? Kind.IMAGE : Kind.FILE;
      client.send(id, name, { kind, fileUrl: url, parentId });
      this.#remove(item);
      this.onSent();
    } catch (error) {
      if (!signal.aborted) this.#failed(item, error);
    }
  }

  /**
   * @param {Item} item
   * @param {unknown} error
   */
  #failed(item, error) {
    const again = { type: "button", onclick: () => this.#try(item, null) };
    this.#draw(
      item,
      h("span.problem", { role: "alert" }, textOf(error)),
      isTemporary(error) && h("button.button.quiet", again, "Try again"),
    );
  }

  /**
   * @param {Item} item
   * @param {...(Node | false)} state
   */
  #draw(item, ...state) {
    const name = plain(item.file.name);
    const remove = iconButton("close", `Remove ${name}`, () => this.#remove(item));
    item.row.replaceChildren(h("span.name.cut", {}, name), ...state.filter(isNode), remove);
    this.onChange();
  }

  /** @param {Item} item */
  #remove(item) {
    item.removal.abort();
    item.row.remove();
    this.#items.delete(item);
    this.onChange();
  }
}

/**
 * Show a picture before it is sent. (Drawn, because the page's policy allows images of the hub only.)
 * @param {Item} item
 */
async function preview({ file, row }) {
  if (!file.type.startsWith("image/")) return;
  try {
    const bitmap = await createImageBitmap(file, { resizeHeight: PREVIEW_PX });
    const canvas = h("canvas", { "aria-hidden": "true" });
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    row.prepend(canvas);
  } catch {
    // without a preview its name is shown; the hub checks whether it is an image
  }
}

/** @param {unknown} error */
function isTemporary(error) {
  if (!(error instanceof CallFailed)) return false;
  return error.status === 0 || error.status >= 500 || error.status === 429;
}

/**
 * @param {Node | false} child
 * @returns {child is Node}
 */
function isNode(child) {
  return child !== false;
}
