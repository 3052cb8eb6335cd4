/** Where one talks: with another person, or in a channel. What the list shows of each. */

export class Room {
  unread = 0;
  last = "";
  lastAt = "";
  order = 0; // the higher, the later somebody wrote
  isOnline = false;
  isNew = false; // nothing was said yet

  /**
   * @param {Client} client whose place it is
   * @param {number} place
   * @param {string} title
   * @param {{ user?: object, workspace?: object }} about whom it is with, or where it belongs
   */
  constructor(client, place, title, { user = null, workspace = null }) {
    this.client = client;
    this.place = place;
    this.title = title;
    this.user = user;
    this.workspace = workspace;
    this.key = keyOf(client, place);
  }

  get isChannel() {
    return this.workspace !== null;
  }

  /** What screen readers and the field to write in call it. */
  get name() {
    return this.isChannel ? `#${this.title}` : this.title;
  }
}

const NAMES = new Map();

/** A client's places are numbered by themselves: this tells a person from a channel. */
export function keyOf(client, place) {
  if (!NAMES.has(client)) NAMES.set(client, NAMES.size);
  return `${NAMES.get(client)} ${place}`;
}
