/**
 * Desktop notifications: only after the user has switched them on, and only while the user does not look
 * at the page.
 */

import { isLooking } from "./attention.js";
import { keep, kept } from "./storage.js";

const CHOICE = "parlour.notify"; // the storage item

/** "off", "on", or why they are not available. */
export function notificationState() {
  if (!("Notification" in globalThis)) return "This browser does not support notifications.";
  if (Notification.permission === "denied")
    return "The browser blocks notifications from this page.";
  return Notification.permission === "granted" && isChosen() ? "on" : "off";
}

/**
 * Switch them on, for which the browser may ask the user, or off.
 * @param {boolean} isOn
 */
export async function switchNotifications(isOn) {
  if (isOn) await Notification.requestPermission();
  keep(CHOICE, isOn ? "on" : "off");
}

/**
 * Notify of a message.
 * @param {string} tag of its conversation, whose notifications replace each other, in all tabs
 * @param {string} title
 * @param {string} body
 * @param {() => void} open called when the user clicks on it
 */
export function notify(tag, title, body, open) {
  if (isLooking() || notificationState() !== "on") return;
  const notification = new Notification(title, { body: body.slice(0, 200), tag });
  notification.onclick = () => {
    globalThis.focus();
    open();
  };
}

function isChosen() {
  return kept(CHOICE) !== "off";
}
