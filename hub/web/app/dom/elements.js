/** DOM without HTML: text is always text, so nothing a person wrote can become markup. */

import { parts, plain } from "./text.js";

const GOLDEN_ANGLE = 137.508; // degrees

/** Where each is in style/icons.svg, from the left. */
const ICONS = {
  attach: 0,
  send: 1,
  reply: 2,
  copy: 3,
  people: 4,
  channel: 5,
  back: 6,
  close: 7,
  more: 8,
  down: 9,
  request: 10,
  react: 11,
  edit: 12,
  delete: 13,
  pin: 14,
  forward: 15,
  thread: 16,
  unread: 17,
  hide: 18,
  mute: 19,
  mention: 20,
};

/**
 * @template {string} Tag
 * @typedef {(
 *   Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag]
 *     : Tag extends `${infer Name}.${string}` ? ElementOf<Name> : HTMLElement
 * )} ElementOf
 */

/**
 * @typedef {string | number | boolean | null | undefined} Attribute
 *   true: present without a value; false, null, undefined: absent
 *
 * @typedef {{
 *   [name: `aria-${string}`]: Attribute,
 *   [name: `data-${string}`]: Attribute,
 *   alt?: string,
 *   autocomplete?: string,
 *   dir?: "auto" | "ltr",
 *   disabled?: boolean,
 *   download?: string,
 *   enterkeyhint?: "enter" | "send" | "search",
 *   hidden?: boolean,
 *   href?: string,
 *   loading?: "lazy",
 *   maxlength?: number,
 *   value?: string,
 *   minlength?: number,
 *   multiple?: boolean,
 *   name?: string,
 *   placeholder?: string,
 *   rel?: string,
 *   required?: boolean,
 *   role?: string,
 *   rows?: number,
 *   src?: string,
 *   tabindex?: number,
 *   target?: "_blank",
 *   title?: string,
 *   type?: string,
 * }} Attributes
 *
 * @typedef {{
 *   onchange?: (event: Event) => void,
 *   onclick?: (event: MouseEvent) => void,
 *   oncopy?: (event: ClipboardEvent) => void,
 *   oninput?: (event: Event) => void,
 *   onkeydown?: (event: KeyboardEvent) => void,
 *   onpaste?: (event: ClipboardEvent) => void,
 *   onscroll?: (event: Event) => void,
 *   onsubmit?: (event: SubmitEvent) => void,
 * }} Listeners
 *
 * @typedef {Node | string | null | undefined | false} Child
 */

/**
 * An element.
 * @template {string} Tag
 * @param {Tag} tag may carry classes: "button.primary"
 * @param {Attributes & Listeners} props
 * @param {...Child} children
 */
export function h(tag, props = {}, ...children) {
  const [name = "", ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    if (typeof value === "function")
      element.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(key, String(value));
    }
  }
  for (const child of children) if (child) element.append(child);
  return /** @type {ElementOf<Tag>} */ (element);
}

/**
 * Text with its links as links. Each is shown from left to right, whatever text is around it, and names
 * its real host if its text suggests another one: letters may look like others, and a name before an @
 * is no host.
 * @param {string} text
 * @returns {(HTMLElement | string)[]}
 */
export function linked(text) {
  return parts(text).flatMap(({ text: shown, address: href, host }) => {
    const rel = "noopener noreferrer nofollow";
    const link = href === null ? shown : h("a", { href, target: "_blank", rel, dir: "ltr" }, shown);
    return host === undefined ? link : [link, h("small", {}, ` (${host})`)];
  });
}

/**
 * The colour of a person or a channel: neighbours by number are far apart on the circle of hues.
 * @template {HTMLElement} Tinted
 * @param {Tinted} element whose style sheet says what is coloured
 * @param {number} id
 */
export function tinted(element, id) {
  element.style.setProperty("--hue", String(Math.round(id * GOLDEN_ANGLE) % 360));
  return element;
}

/**
 * A round picture made of initials.
 * @param {string} name
 * @param {number} id of the person
 */
export function face(name, id) {
  const words = plain(name).split(/\s+/).filter(Boolean);
  const initials = [words[0], words.slice(1).pop()].map((word = "") => [...word][0] ?? "");
  const shown = initials.join("").toUpperCase() || "?";
  return tinted(h("span.face", { "aria-hidden": "true" }, shown), id);
}

/** A channel's picture, where a person has a face. */
export function channelFace() {
  return h("span.face.channel", { "aria-hidden": "true" }, icon("channel"));
}

/** @param {keyof typeof ICONS} name */
export function icon(name) {
  const element = h("span.icon", { "aria-hidden": "true" });
  element.style.setProperty("--at", String(ICONS[name]));
  return element;
}

/**
 * A button that shows an icon only.
 * @param {keyof typeof ICONS} name
 * @param {string} word what it does
 * @param {() => void} onclick
 */
export function iconButton(name, word, onclick) {
  const button = { type: "button", "aria-label": word, title: word, onclick };
  return h("button.button.quiet.square", button, icon(name));
}

/**
 * The header of what is shown beside the list.
 * @param {() => void} onBack to the list, where there is no room for both
 * @param {...Child} children
 */
export function paneHeader(onBack, ...children) {
  const back = iconButton("back", "Back to the list", onBack);
  back.classList.add("back");
  return h("header", {}, back, ...children);
}

/**
 * A field of a form, which must be filled.
 * @param {string} label
 * @param {Attributes} props
 * @param {string} [hint]
 */
export function field(label, props, hint = "") {
  const input = h("input.input", { required: true, ...props });
  return h("label.field", {}, h("span", {}, label), input, hint !== "" && h("small", {}, hint));
}
