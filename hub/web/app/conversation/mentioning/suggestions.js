/**
 * Suggests users to mention, below the composer's field, while a name behind `@` is typed there.
 *
 * The focus stays in the field: the arrow keys choose, Enter or Tab takes, Escape leaves it as it is.
 */

import { face, h } from "../../dom/elements.js";
import { announce } from "../../dom/feedback.js";
import { plain, searchable } from "../../dom/text.js";
import { ChannelsClient } from "../../../sdk/parlour.js";

/**
 * @import { Member } from "../../../sdk/parlour.js"
 * @import { Conversation } from "../conversation.js"
 *
 * @typedef {object} Suggestion
 * @property {string} name behind the `@`
 * @property {string} title
 * @property {number} id
 */

const MOST = 6;
const BEGUN = /(?:^|[^\w.+\-@/&=%#~])@([^\s@"]{0,50})$/;
const MAY_MENTION_ALL = ["owner", "moderator"];
let lists = 0;

export class Suggestions {
  /** @readonly */
  element;
  #conversation;
  #field;
  #onTaken;
  /** @type {Promise<Suggestion[]> | null} */
  #people = null;
  /** @type {Suggestion[]} */
  #shown = [];
  #chosen = 0;
  #id;
  #asked = 0;

  /**
   * @param {Conversation} conversation
   * @param {HTMLTextAreaElement} field
   * @param {() => void} onTaken a name was put into the field
   */
  constructor(conversation, field, onTaken) {
    lists += 1;
    this.#id = `suggestions-${lists}`;
    this.#conversation = conversation;
    this.#field = field;
    this.#onTaken = onTaken;
    const props = { role: "listbox", "aria-label": "Mention suggestions", hidden: true };
    this.element = h("ul.suggestions", props);
    this.element.id = this.#id;
    if (!conversation.isChannel) return;
    field.setAttribute("aria-autocomplete", "list");
    for (const kind of ["input", "click"]) field.addEventListener(kind, () => void this.#look());
    field.addEventListener("blur", () => this.#close());
  }

  /**
   * Handle a key, if the list is open.
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the list has handled it
   */
  pressed(event) {
    if (this.element.hidden || event.isComposing) return false;
    switch (event.key) {
      case "ArrowDown":
        this.#choose(this.#chosen + 1);
        break;
      case "ArrowUp":
        this.#choose(this.#chosen - 1);
        break;
      case "Enter":
      case "Tab":
        if (event.shiftKey) return false;
        this.#take(this.#chosen);
        break;
      case "Escape":
        this.#close();
        break;
      default:
        return false;
    }
    event.preventDefault();
    return true;
  }

  #begun() {
    const { value, selectionStart, selectionEnd } = this.#field;
    if (selectionStart !== selectionEnd) return null;
    return BEGUN.exec(value.slice(0, selectionStart))?.[1] ?? null;
  }

  async #look() {
    this.#asked += 1;
    const asked = this.#asked;
    if (this.#begun() === null) {
      this.#close();
      return;
    }
    this.#people ??= this.#load();
    const people = await this.#people;
    const begun = this.#begun();
    if (asked !== this.#asked || begun === null) return; // something else was written meanwhile
    const wanted = searchable(begun);
    const fits = people.filter(({ name, title }) =>
      [name, ...title.split(" ")].some((word) => searchable(word).startsWith(wanted)),
    );
    this.#show(fits.slice(0, MOST));
  }

  async #load() {
    const { client, workspace } = this.#conversation;
    if (!(client instanceof ChannelsClient) || workspace === null) return [];
    try {
      const members = await client.members(workspace.id);
      const others = members.filter(({ id }) => id !== client.me?.id);
      const me = members.find(({ id }) => id === client.me?.id);
      const all = { name: "channel", title: "Everybody here", id: 0 };
      const mayAll = me !== undefined && MAY_MENTION_ALL.includes(me.workspaceRole);
      return [...others.map(suggestion), ...(mayAll ? [all] : [])];
    } catch {
      this.#people = null; // it is tried again with the next letter
      return [];
    }
  }

  /** @param {Suggestion[]} people */
  #show(people) {
    if (people.length === 0) {
      this.#close();
      return;
    }
    const isNew = this.element.hidden;
    this.#shown = people;
    const options = people.map(({ name, title, id }, at) => {
      const onmousedown = (/** @type {MouseEvent} */ event) => {
        event.preventDefault(); // the field keeps the focus
        this.#take(at);
      };
      const props = { role: "option", onmousedown };
      const handle = h("span.handle", {}, `@${name}`);
      const option = h("li", props, face(title, id), h("span.cut", {}, title), handle);
      option.id = `${this.#id}-${at}`;
      return option;
    });
    this.element.replaceChildren(...options);
    this.element.hidden = false;
    this.#field.setAttribute("aria-controls", this.#id);
    this.#choose(0);
    const words = people.length === 1 ? "1 suggestion" : `${people.length} suggestions`;
    if (isNew) announce(`${words}. Arrow keys to choose, Enter to insert.`);
  }

  /** @param {number} at */
  #choose(at) {
    const options = [...this.element.children];
    this.#chosen = (at + options.length) % options.length;
    for (const [index, option] of options.entries()) {
      option.setAttribute("aria-selected", String(index === this.#chosen));
    }
    const option = options[this.#chosen];
    option?.scrollIntoView({ block: "nearest" });
    this.#field.setAttribute("aria-activedescendant", option?.id ?? "");
  }

  /** @param {number} at */
  #take(at) {
    const person = this.#shown[at];
    const begun = this.#begun();
    this.#close();
    if (person === undefined || begun === null) return;
    const { value, selectionStart: end } = this.#field;
    const start = end - begun.length;
    const name = /^[^\s@"]+$/.test(person.name) ? person.name : `"${person.name}"`;
    const isSpaced = value.startsWith(" ", end);
    this.#field.setRangeText(isSpaced ? name : `${name} `, start, end, "end");
    this.#onTaken();
  }

  #close() {
    this.#asked += 1;
    this.element.hidden = true;
    this.element.replaceChildren();
    this.#shown = [];
    this.#field.removeAttribute("aria-controls");
    this.#field.removeAttribute("aria-activedescendant");
  }
}

/**
 * @param {Member} member
 * @returns {Suggestion}
 */
function suggestion({ id, name, username }) {
  return { id, name: username, title: plain(name) };
}
