/** DOM without HTML: text is always text, so nothing a person wrote can become markup. */

/**
 * An element.
 * @param {string} tag may carry classes: "button.primary"
 * @param {object} props attributes; functions under `onclick` and the like become listeners
 * @param {...(Node | string | null | undefined | false)} children
 */
export function h(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child || child === 0));
  return element;
}

const LINK = /https?:\/\/[^\s<>"']+/g;
const TRAILING = /[.,;:!?)\]}]+$/;

/** Text with its http(s) links as links. */
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

function link(address) {
  if (!URL.canParse(address)) return address;
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address);
}

/** A round picture made of initials; `online` shows the dot. */
export function face(name, isOnline = false) {
  const initials = [...name.trim()].slice(0, 1).join("").toUpperCase() || "?";
  return h(`span.face${isOnline ? ".online" : ""}`, { "aria-hidden": "true" }, initials);
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export const clock = (at) => TIME.format(new Date(at));

export function day(at) {
  const date = new Date(at);
  const today = new Date();
  if (date.toDateString() === today.toDateString()) return "Today";
  today.setDate(today.getDate() - 1);
  return date.toDateString() === today.toDateString() ? "Yesterday" : DAY.format(date);
}

export function shortly(at) {
  const date = new Date(at);
  return date.toDateString() === new Date().toDateString() ? TIME.format(date) : DATE.format(date);
}

/** Told to screen readers. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** Do something; why it failed is said in the element `problem`. */
export async function attempt(problem, act) {
  problem.textContent = "";
  try {
    await act();
  } catch (error) {
    problem.textContent = textOf(error);
  }
}

/** What a failure is called in front of people. */
export function textOf(error) {
  return error.status === 0 ? "The server cannot be reached." : error.message;
}
