/** Points in time, in the words of the reader's language; empty where a text is no point in time. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const DATE_OF_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: "short" });

/**
 * The time of day.
 * @param {string} at ISO 8601
 */
export function clock(at) {
  const date = new Date(at);
  return isValid(date) ? TIME.format(date) : "";
}

/**
 * The day, as a heading; with its year, unless that is this one.
 * @param {string} at ISO 8601
 */
export function day(at) {
  const date = new Date(at);
  if (!isValid(date)) return "";
  const today = new Date();
  const isThisYear = date.getFullYear() === today.getFullYear();
  if (date.toDateString() === today.toDateString()) return "Today";
  today.setDate(today.getDate() - 1);
  if (date.toDateString() === today.toDateString()) return "Yesterday";
  return (isThisYear ? DAY : DAY_OF_YEAR).format(date);
}

/**
 * The time of today, the date of any other day.
 * @param {string} at ISO 8601
 */
export function shortly(at) {
  const date = new Date(at);
  if (!isValid(date)) return "";
  const today = new Date();
  if (date.toDateString() === today.toDateString()) return TIME.format(date);
  const isThisYear = date.getFullYear() === today.getFullYear();
  return (isThisYear ? DATE : DATE_OF_YEAR).format(date);
}

/** @param {Date} date */
function isValid(date) {
  return !Number.isNaN(date.getTime());
}
