/** DOM without HTML: text is always text, so nothing a person wrote can become markup. */

import { parts, plain } from "./text.js";

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
 *   download?: "",
 *   enterkeyhint?: "enter" | "send" | "search",
 *   hidden?: boolean,
 *   href?: string,
 *   loading?: "lazy",
 *   maxlength?: number,
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
 * Text with its links as links. Each reads from left to right, whatever is written around it.
 * @param {string} text
 */
export function linked(text) {
  return parts(text).map(({ text: shown, address: href }) => {
    if (href === null) return shown;
    const rel = "noopener noreferrer nofollow";
    return h("a", { href, target: "_blank", rel, dir: "ltr" }, shown);
  });
}

/**
 * A round picture made of an initial.
 * @param {string} name
 * @param {boolean} isOnline shows a dot
 */
export function face(name, isOnline = false) {
  const [first = "?"] = plain(name).trim();
  return h(`span.face${isOnline ? ".online" : ""}`, { "aria-hidden": "true" }, first.toUpperCase());
}

/** A channel's picture, where a person has a face. */
export function channelFace() {
  return h("span.face.channel", { "aria-hidden": "true" }, "#");
}

/**
 * What else can be done, behind a button.
 * @param {[word: string, act: () => void][]} actions
 */
export function menu(actions) {
  const box = h("details.menu", {}, h("summary.button.quiet", { "aria-label": "More" }, "⋯"));
  const items = actions.map(([word, act]) => {
    const onclick = () => {
      box.open = false;
      act();
    };
    return h("button.button", { type: "button", onclick }, word);
  });
  box.append(h("div", {}, ...items));
  return box;
}

/**
 * The header of what is shown beside the list.
 * @param {() => void} onBack to the list, where there is no room for both
 * @param {...Child} children
 */
export function paneHeader(onBack, ...children) {
  const back = { onclick: onBack, "aria-label": "Back to the list" };
  return h("header", {}, h("button.button.quiet.back", back, "←"), ...children);
}
