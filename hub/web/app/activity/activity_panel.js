/** The activity panel: unread messages that mention the user, and the threads that they follow. */

import { onConnected } from "../conversation/connected.js";
import { shortly } from "../dom/dates.js";
import { h, paneHeader } from "../dom/elements.js";
import { EntryList } from "./entry_list.js";
import { Paced } from "./paced.js";

/**
 * @import { Message } from "../../sdk/parlour.js"
 * @import { AnyClient } from "../conversation/conversation.js"
 * @import { Activity, Entry } from "./activity.js"
 *
 * @typedef {object} Handlers
 * @property {(key: string, message: Message) => void} onMessage shows a message in its conversation
 * @property {(key: string, message: Message) => void} onThread opens the thread with this root
 * @property {() => void} onBack
 */

const MAX_TEXT = 240; // characters
const PAUSE_MS = 1_000; // between two reloads of the lists
const CHANGES = /** @type {const} */ (["mention", "thread", "noted", "hidden", "channels"]);

export class ActivityPanel {
  /** @readonly */
  parts;
  #clients;
  #mentions;
  #threads;
  #earlier;
  #paced = new Paced(() => this.#load(), PAUSE_MS);
  #listening = new AbortController();

  /**
   * @param {Activity} activity
   * @param {AnyClient[]} clients
   * @param {Handlers} handlers
   */
  constructor(activity, clients, { onMessage, onThread, onBack }) {
    this.#clients = clients;
    this.#mentions = new EntryList({
      title: "Mentions",
      empty: "No unread mentions.",
      read: () => activity.mentions(),
      row: (entry) => mentionRow(entry, () => onMessage(entry.conversation.key, entry.message)),
    });
    this.#mentions.unread = () => activity.unreadMentions;
    this.#threads = new EntryList({
      title: "Threads that you follow",
      empty: "You follow no threads. Threads that you start or reply in appear here.",
      read: () => activity.threads(),
      row: (entry) => threadRow(entry, () => onThread(entry.conversation.key, entry.message)),
    });
    const onclick = () => this.#showEarlier();
    this.#earlier = h("button.button", { type: "button", onclick }, "Show read mentions, too");
    this.#mentions.element.append(this.#earlier);
    this.parts = [
      paneHeader(onBack, h("div.who", {}, h("h2", {}, "Mentions and threads"))),
      h("div.sheet.finding.activity", {}, this.#mentions.element, this.#threads.element),
    ];
  }

  async start() {
    const { signal } = this.#listening;
    const changed = () => this.#paced.changed();
    for (const client of this.#clients) {
      onConnected(client, changed, signal);
      for (const name of CHANGES) client.addEventListener(name, changed, { signal });
      client.addEventListener("read", ({ detail }) => detail.isMine && changed(), { signal });
    }
    await this.#load();
  }

  stop() {
    this.#listening.abort();
  }

  async #load() {
    await Promise.all([this.#mentions.load(), this.#threads.load()]);
  }

  #showEarlier() {
    this.#mentions.unread = null;
    this.#earlier.remove();
    void this.#mentions.loadMore();
  }
}

/**
 * @param {Entry} entry
 * @param {() => void} onclick
 */
function mentionRow({ conversation, message, unread }, onclick) {
  const about = `${conversation.authorOf(message)} · ${shortly(message.at)}`;
  const mark = unread > 0 && h("span.badge.dot", { role: "img", "aria-label": "unread" });
  return row(conversation.name, about, message.content, mark, onclick);
}

/**
 * @param {Entry} entry
 * @param {() => void} onclick
 */
function threadRow({ conversation, message, unread }, onclick) {
  const { replyCount: count, lastReply } = message;
  const last = lastReply === null ? "" : `, last ${shortly(lastReply.at)}`;
  const about = `${count} ${count === 1 ? "reply" : "replies"}${last}`;
  const words = { role: "img", "aria-label": `${unread} unread` };
  const mark = unread > 0 && h("span.badge", words, String(unread));
  const text = `${conversation.authorOf(message)}: ${message.content}`;
  return row(conversation.name, about, text, mark, onclick);
}

/**
 * @param {string} where
 * @param {string} about
 * @param {string} text
 * @param {HTMLElement | false} mark shown if it is unread
 * @param {() => void} onclick
 */
function row(where, about, text, mark, onclick) {
  const head = h("span.about", {}, h("strong.cut", {}, where), h("small", {}, about), mark);
  const words = h("span.snippet", { dir: "auto" }, text.slice(0, MAX_TEXT));
  const unread = mark === false ? "" : ".unread";
  return h(`button.result${unread}`, { type: "button", onclick }, head, words);
}
