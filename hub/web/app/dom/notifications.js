/**
 * Desktop notifications: only after somebody asked for them, and only while the page is not looked
 * at.
 */

const CHOICE = "parlour.notify"; // the storage item

/** "off", "on", or why they cannot be had. */
export function notificationState() {
  if (!("Notification" in globalThis)) return "This browser has no notifications.";
  if (Notification.permission === "denied") return "The browser blocks notifications of this page.";
  return Notification.permission === "granted" && isChosen() ? "on" : "off";
}

/**
 * Switch them on, for which the browser may ask, or off.
 * @param {boolean} isOn
 */
export async function switchNotifications(isOn) {
  if (isOn) await Notification.requestPermission();
  try {
    localStorage.setItem(CHOICE, isOn ? "on" : "off");
  } catch {
    // a page may be denied its storage: the browser remembers what it was asked
  }
}

/**
 * Notify of a message.
 * @param {string} title
 * @param {string} body
 * @param {() => void} open called when somebody clicks on it
 */
export function notify(title, body, open) {
  if (!document.hidden || notificationState() !== "on") return;
  const notification = new Notification(title, { body: body.slice(0, 200), tag: title });
  notification.onclick = () => {
    globalThis.focus();
    open();
  };
}

function isChosen() {
  try {
    return localStorage.getItem(CHOICE) !== "off";
  } catch {
    return true;
  }
}
