/** What was begun and not sent, by place: it is there again after a look elsewhere, or a reload. */

const PREFIX = "parlour.draft.";

/** The text that was begun in a room; empty when there is none. */
export function draftOf(room) {
  try {
    return localStorage.getItem(nameOf(room)) ?? "";
  } catch {
    return ""; // a page may be denied its storage
  }
}

/** Keep what was begun; empty text is forgotten. */
export function keepDraft(room, text) {
  try {
    if (text.trim() === "") localStorage.removeItem(nameOf(room));
    else localStorage.setItem(nameOf(room), text);
  } catch {
    // it is kept in the field, as long as that is there
  }
}

function nameOf({ client, place, isChannel }) {
  return `${PREFIX}${client.me.id}.${isChannel ? "channel" : "person"}.${place}`;
}
