/** The page: a door to sign in at, or the house with its conversations. */

import { ChannelsClient, Connection, ParlourClient } from "../sdk/parlour.js";
import { h } from "./dom.js";
import { door } from "./door.js";
import { House } from "./house.js";

const root = document.getElementById("root");
const client = new ParlourClient();
const channels = new ChannelsClient();
let house = null;

/** `#enter=<name>:<password>` signs a guest of the demo in, once, unless somebody is here already. */
function takeGuest() {
  const match = /^#enter=([^:]+):(.+)$/.exec(location.hash);
  if (match === null) return null;
  history.replaceState(null, "", location.pathname);
  return { login: decodeURIComponent(match[1]), password: decodeURIComponent(match[2]) };
}

function show(element) {
  root.replaceChildren(element);
  root.removeAttribute("aria-busy");
}

function showDoor(note = "") {
  house?.leave();
  house = null;
  document.title = "Parlour";
  show(door(client, enter, note));
}

/** Sign in to both: private messages and channels are two dialects with a session each. */
async function enter(login, password) {
  await client.signIn(login, password);
  await channels.signIn(login, password).catch(() => {}); // then there are no channels to see
  await connect();
}

async function connect() {
  await Promise.all([client.connect(), channels.connect()]);
}

client.addEventListener("status", ({ detail: { status } }) => {
  if (status === Connection.SIGNED_OUT) {
    channels.close();
    showDoor(house === null ? "" : "You were signed out.");
  } else if (client.me === null) {
    const isAway = status === Connection.WAITING;
    show(h("p.empty", {}, isAway ? "The server cannot be reached. Trying again…" : "Loading…"));
  } else if (house === null) {
    house = new House(client, channels);
    show(house.element);
    house.begin();
  }
});

const guest = takeGuest();
await connect();
if (client.status === Connection.SIGNED_OUT && guest !== null) {
  try {
    await enter(guest.login, guest.password);
  } catch (error) {
    showDoor(error.message);
  }
}
