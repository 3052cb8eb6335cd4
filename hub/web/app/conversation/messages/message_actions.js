/**
 * What can be done with a message: beside it while the pointer or the focus is there, and after a long
 * press at the bottom of the screen. One set of buttons goes from message to message.
 */

import { Kind } from "../../../sdk/parlour.js";
import { copyText } from "../../dom/clipboard.js";
import { clock } from "../../dom/dates.js";
import { h, icon } from "../../dom/elements.js";

/**
 * @import { Message } from "../../../sdk/parlour.js"
 *
 * @typedef {object} Handlers
 * @property {(bubble: Element) => Message | undefined} messageOf
 * @property {(message: Message) => void} onReply
 */

const LONG_PRESS_MS = 450; // before the browser's own menu

export class MessageActions {
  #list;
  #handlers;
  #time = h("span.time");
  #reply = this.#button("reply", "Reply", (message) => this.#handlers.onReply(message));
  #copy = this.#button("copy", "Copy", (message) => void copyText(message.content));
  #element = h("div.actions", { role: "group", "aria-label": "Actions", "aria-live": "off" });
  /** @type {Message | null} */
  #message = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pressing;
  #isPressedBeside = false; // the finger of a long press is lifted there, too, but began elsewhere

  /**
   * @param {HTMLElement} list of bubbles
   * @param {Handlers} handlers
   */
  constructor(list, handlers) {
    this.#list = list;
    this.#handlers = handlers;
    this.#element.append(this.#time, this.#reply, this.#copy);
    this.#element.addEventListener("pointerdown", ({ target }) => {
      this.#isPressedBeside = target === this.#element;
    });
    this.#element.addEventListener("click", ({ target }) => {
      if (this.#isPressedBeside && target === this.#element) this.#close();
    });
    this.#element.addEventListener("keydown", ({ key }) => {
      if (this.#isOpen && key === "Escape") this.#close();
    });
    list.addEventListener("pointerover", ({ pointerType, target }) => {
      if (pointerType !== "touch") this.#goTo(target);
    });
    list.addEventListener("pointerleave", () => this.#goTo(document.activeElement));
    list.addEventListener("focusin", ({ target }) => this.#goTo(target));
    list.addEventListener("pointerdown", (event) => this.#pressed(event));
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

  /** @param {EventTarget | null} target something in a bubble, or not */
  #goTo(target) {
    if (this.#isOpen) return;
    const bubble = target instanceof Element && this.#list.contains(target) && bubbleOf(target);
    const message = (bubble && this.#handlers.messageOf(bubble)) || null;
    this.#message = message;
    if (!bubble || message === null) {
      this.#element.remove();
      return;
    }
    if (this.#element.parentElement === bubble) return;
    this.#time.textContent = clock(message.at);
    this.#reply.hidden = message.id === null;
    this.#copy.hidden = message.kind !== Kind.TEXT;
    bubble.append(this.#element);
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
    const first = this.#element.querySelector("button:not([hidden])");
    if (this.#message === null || first === null) return;
    this.#element.classList.add("open");
    first.focus();
  }

  #close() {
    this.#isPressedBeside = false;
    this.#element.classList.remove("open");
    this.#element.remove();
    this.#message = null;
  }

  /**
   * @param {"reply" | "copy"} name
   * @param {string} word
   * @param {(message: Message) => void} act
   */
  #button(name, word, act) {
    const onclick = () => {
      const message = this.#message;
      if (this.#isOpen) this.#close();
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
