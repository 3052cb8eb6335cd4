/** Points in time, in the words of the reader's language. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/**
 * The time of day.
 * @param {string} at ISO 8601
 */
export function clock(at) {
  return TIME.format(new Date(at));
}

/**
 * The day, as a heading.
 * @param {string} at ISO 8601
 */
export function day(at) {
  const date = new Date(at);
  const today = new Date();
  if (date.toDateString() === today.toDateString()) return "Today";
  today.setDate(today.getDate() - 1);
  return date.toDateString() === today.toDateString() ? "Yesterday" : DAY.format(date);
}

/**
 * The time of today, the date of any other day.
 * @param {string} at ISO 8601
 */
export function shortly(at) {
  const date = new Date(at);
  return date.toDateString() === new Date().toDateString() ? TIME.format(date) : DATE.format(date);
}
