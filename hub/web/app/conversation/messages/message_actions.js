/**
 * The actions for a message: beside it while the pointer or the focus is there, and after a long press at
 * the bottom of the screen. One set of buttons is moved from message to message.
 */

import { Kind } from "../../../sdk/parlour.js";
import { copyText } from "../../dom/clipboard.js";
import { clock } from "../../dom/dates.js";
import { h, icon } from "../../dom/elements.js";
import { emojiRow } from "./emoji_row.js";
import { whoReacted } from "./reactions.js";

/**
 * @import { Message } from "../../../sdk/parlour.js"
 * @import { NameOf } from "./reactions.js"
 *
 * @typedef {object} Handlers
 * @property {(bubble: Element) => Message | undefined} messageOf
 * @property {(message: Message) => void} onReply
 * @property {(message: Message) => void} [onThread] opens its thread; absent: it is open
 * @property {(message: Message) => void} onUnread
 * @property {(message: Message) => void} onHide
 * @property {(message: Message) => void} onForward
 * @property {(message: Message) => void} onEdit
 * @property {(message: Message) => void} onDelete
 * @property {(message: Message, emoji: string) => void} onReact
 * @property {() => boolean} mayPin
 * @property {(message: Message) => void} onPin pins it, or unpins it
 * @property {NameOf} nameOf
 */

const ROW_PX = 52; // that a row of emoji needs above a message
const LIST_PX = 160; // that the list of other actions needs below it
const LONG_PRESS_MS = 450; // before the browser's own menu

export class MessageActions {
  #log;
  #handlers;
  #time = h("span.time");
  #who = h("p.who");
  #react = this.#button("react", "React", () => this.#choose());
  #reply = this.#button("reply", "Reply", (message) => this.#handlers.onReply(message));
  #thread = this.#button("thread", "Reply in thread", (message) =>
    this.#handlers.onThread?.(message),
  );
  #forward = this.#button("forward", "Forward…", (message) => this.#handlers.onForward(message));
  #copy = this.#button("copy", "Copy", (message) => void copyText(message.content));
  #unread = this.#button("unread", "Mark unread from here", (message) =>
    this.#handlers.onUnread(message),
  );
  #hide = this.#button("hide", "Hide for me", (message) => this.#handlers.onHide(message));
  #rare = h("div.rare", {}, this.#forward, this.#copy, this.#unread, this.#hide);
  #more = h(
    "button.button.quiet.others",
    {
      type: "button",
      title: "Other actions",
      "aria-expanded": "false",
      onclick: () => this.#list(),
    },
    icon("more"),
  );
  #pin = this.#button("pin", "Pin", (message) => this.#handlers.onPin(message));
  #edit = this.#button("edit", "Edit", (message) => this.#handlers.onEdit(message));
  #delete = this.#button("delete", "Delete", (message) => this.#handlers.onDelete(message));
  #emoji = emojiRow((emoji) => this.#chosen(emoji));
  #element = h("div.actions", { role: "group", "aria-label": "Actions", "aria-live": "off" });
  /** @type {Message | null} */
  #message = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pressing;
  #isPressedHere = false; // since they opened: the finger that opened them may be lifted on a button, which is no press
  #isPressedBeside = false; // likewise: a long press may end beside them, but began elsewhere
  #pointer = { screenX: -1, screenY: -1 }; // where it moved to last

  /**
   * @param {HTMLElement} list of bubbles
   * @param {Handlers} handlers
   */
  constructor(list, handlers) {
    this.#log = list;
    this.#handlers = handlers;
    const buttons = [this.#react, this.#reply, this.#thread, this.#pin];
    const own = [this.#edit, this.#delete];
    this.#element.append(this.#time, this.#emoji, this.#who, ...buttons, ...own);
    this.#element.append(this.#more, this.#rare);
    this.#element.addEventListener("pointerdown", ({ target }) => {
      this.#isPressedHere = true;
      this.#isPressedBeside = target === this.#element;
    });
    const ignoreLifted = (/** @type {MouseEvent} */ event) => {
      const isByKey = event.detail === 0;
      if (this.#isOpen && !this.#isPressedHere && !isByKey) event.stopPropagation();
    };
    this.#element.addEventListener("click", ignoreLifted, true);
    this.#element.addEventListener("click", ({ target }) => {
      if (this.#isPressedBeside && target === this.#element) this.#close();
    });
    this.#element.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") return;
      if (this.#isOpen) this.#close();
      else if (this.#isChoosing) this.#chooseNot();
    });
    this.#element.addEventListener("focusout", ({ relatedTarget: to }) => {
      if (this.#isChoosing && to instanceof Element && !this.#element.contains(to))
        this.#chooseNot();
    });
    list.addEventListener("pointermove", ({ screenX, screenY }) => {
      this.#pointer = { screenX, screenY };
    });
    list.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "touch" && !this.#isByKey(event)) this.#goTo(event.target);
    });
    list.addEventListener("pointerleave", () => this.#goTo(document.activeElement));
    for (const name of ["focusin", "keydown"]) {
      list.addEventListener(name, () => this.#goTo(document.activeElement));
    }
    list.addEventListener("pointerdown", (event) => {
      const { target } = event;
      const isOutside = target instanceof Node && !this.#element.contains(target);
      if (this.#isChoosing && isOutside) this.#chooseNot();
      this.#pressed(event);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      list.addEventListener(name, () => clearTimeout(this.#pressing));
    }
    list.addEventListener("contextmenu", (event) => {
      if (this.#isOpen) event.preventDefault();
    });
  }

  stop() {
    clearTimeout(this.#pressing);
    this.#close();
  }

  get #isOpen() {
    return this.#element.classList.contains("open");
  }

  get #isChoosing() {
    const { classList } = this.#element;
    return classList.contains("choosing") || classList.contains("listing");
  }

  /**
   * The message that has the actions is drawn as another bubble now.
   * @param {Element} bubble
   */
  moveTo(bubble) {
    const message = this.#handlers.messageOf(bubble);
    if (message === undefined) return;
    this.#show(message);
    bubble.append(this.#element);
  }

  /**
   * Whether the user navigates by keys: the pointer has not moved, but the list beneath it.
   * @param {PointerEvent} event
   */
  #isByKey({ screenX, screenY }) {
    if (this.#element.querySelector(":focus-visible") !== null) return true;
    const isAtRest = screenX === this.#pointer.screenX && screenY === this.#pointer.screenY;
    return isAtRest && this.#log.querySelector(":focus-visible") !== null;
  }

  /** @param {EventTarget | null} target something in a bubble, or not */
  #goTo(target) {
    if (this.#isOpen || this.#isChoosing) return;
    const bubble = target instanceof Element && this.#log.contains(target) && bubbleOf(target);
    const message = (bubble && this.#handlers.messageOf(bubble)) || null;
    if (!bubble || message === null) {
      this.#message = null;
      this.#leave();
      this.#element.remove();
      return;
    }
    if (this.#element.parentElement === bubble) {
      this.#message = message;
      return;
    }
    this.#leave();
    this.#show(message);
    bubble.append(this.#element);
  }

  /** @param {Message} message which may have no actions */
  #show(message) {
    const { at, id, kind, isMine, isDeleted, isForwarded, fileUrl, reactions } = message;
    const isStored = id !== null && !isDeleted;
    const isText = kind === Kind.TEXT && !isDeleted;
    this.#message = message;
    this.#time.textContent = clock(at);
    this.#react.hidden = !isStored;
    this.#emoji.hidden = !isStored;
    this.#reply.hidden = !isStored;
    this.#thread.hidden = !isStored || this.#handlers.onThread === undefined;
    this.#forward.hidden = !isStored;
    this.#copy.hidden = !isText;
    this.#unread.hidden = !isStored;
    this.#hide.hidden = !isStored;
    this.#more.hidden = !(isStored || isText);
    this.#pin.hidden = !(isStored && this.#handlers.mayPin());
    this.#pin.title = message.isPinned ? "Unpin" : "Pin";
    this.#pin.querySelector(".word")?.replaceChildren(this.#pin.title);
    this.#edit.hidden = !(isStored && isMine && isText && !isForwarded && fileUrl === null);
    this.#delete.hidden = !(isStored && isMine);
    const who = reactions.map((each) => `${each.emoji} ${whoReacted(each, this.#handlers.nameOf)}`);
    this.#who.textContent = who.join("\n");
  }

  /** A row of emoji opens, where there is room for it. */
  #choose() {
    const bubble = this.#element.parentElement;
    if (bubble === null) return;
    const room = bubble.getBoundingClientRect().top - this.#log.getBoundingClientRect().top;
    this.#element.classList.toggle("below", room < ROW_PX);
    this.#element.classList.add("choosing");
    this.#emoji.querySelector("button")?.focus({ preventScroll: true });
  }

  /** Show or hide the list of actions that are seldom used. */
  #list() {
    if (this.#isChoosing) {
      this.#chooseNot();
      return;
    }
    const bottom = this.#more.getBoundingClientRect().bottom;
    const room = this.#log.getBoundingClientRect().bottom - bottom;
    this.#element.classList.toggle("above", room < LIST_PX);
    this.#element.classList.add("listing");
    this.#more.setAttribute("aria-expanded", "true");
    /** @type {HTMLElement | null} */
    const first = this.#rare.querySelector(".button:not([hidden])");
    first?.focus({ preventScroll: true });
  }

  #chooseNot() {
    const { activeElement } = document;
    this.#element.classList.remove("choosing", "listing");
    this.#more.setAttribute("aria-expanded", "false");
    if (this.#emoji.contains(activeElement)) this.#react.focus({ preventScroll: true });
    if (this.#rare.contains(activeElement)) this.#more.focus({ preventScroll: true });
  }

  /** @param {string} emoji */
  #chosen(emoji) {
    const message = this.#message;
    if (this.#isOpen) this.#close();
    else this.#chooseNot();
    if (message !== null) this.#handlers.onReact(message, emoji);
  }

  /** @param {PointerEvent} event */
  #pressed({ pointerType, target }) {
    clearTimeout(this.#pressing);
    if (pointerType !== "touch" || this.#isOpen || !(target instanceof Element)) return;
    if (target.closest("a, button") !== null) return; // which have menus of their own
    this.#pressing = setTimeout(() => this.#openFor(target), LONG_PRESS_MS);
  }

  /** @param {Element} target */
  #openFor(target) {
    this.#goTo(target);
    /** @type {HTMLElement | null} */
    const first = this.#element.querySelector(".button:not([hidden], [hidden] *)");
    if (this.#message === null || first === null) return;
    this.#isPressedHere = false;
    this.#element.classList.add("open");
    first.focus();
  }

  #close() {
    this.#isPressedBeside = false;
    this.#element.classList.remove("open", "choosing", "listing");
    this.#more.setAttribute("aria-expanded", "false");
    this.#leave();
    this.#element.remove();
    this.#message = null;
  }

  /** Remove the actions from a message; if one of them has the focus, the message gets it. */
  #leave() {
    if (!this.#element.contains(document.activeElement)) return;
    this.#element.parentElement?.focus({ preventScroll: true });
  }

  /**
   * @param {Parameters<typeof icon>[0]} name
   * @param {string} word
   * @param {(message: Message) => void} act
   */
  #button(name, word, act) {
    const onclick = () => {
      const message = this.#message;
      if (this.#isOpen) this.#close();
      else this.#chooseNot();
      if (message !== null) act(message);
    };
    return h(
      "button.button.quiet",
      { type: "button", title: word, onclick },
      icon(name),
      h("span.word", {}, word),
    );
  }
}

/** @param {Element} target */
function bubbleOf(target) {
  return target.closest(".bubble");
}
