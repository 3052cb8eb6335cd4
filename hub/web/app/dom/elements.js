/** DOM without HTML: text is always text, so nothing a person wrote can become markup. */

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
 *   dir?: "auto",
 *   disabled?: boolean,
 *   download?: "",
 *   hidden?: boolean,
 *   href?: string,
 *   loading?: "lazy",
 *   maxlength?: number,
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
 *   ondragover?: (event: DragEvent) => void,
 *   ondrop?: (event: DragEvent) => void,
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

const LINK = /https?:\/\/[^\s<>"']+/g;
const TRAILING = /[.,;:!?)\]}]+$/;

/**
 * Text with its http(s) links as links.
 * @param {string} text
 */
export function linked(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(TRAILING, "");
    parts.push(text.slice(at, match.index), link(address));
    at = match.index + address.length;
  }
  parts.push(text.slice(at));
  return parts;
}

/** @param {string} address */
function link(address) {
  if (!URL.canParse(address)) return address;
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address);
}

/**
 * A round picture made of an initial.
 * @param {string} name
 * @param {boolean} isOnline shows a dot
 */
export function face(name, isOnline = false) {
  const [first = "?"] = name.trim();
  return h(`span.face${isOnline ? ".online" : ""}`, { "aria-hidden": "true" }, first.toUpperCase());
}

/** A channel's picture, where a person has a face. */
export function channelFace() {
  return h("span.face.channel", { "aria-hidden": "true" }, "#");
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
