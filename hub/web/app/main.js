/** The page: a door to sign in at, or the house with its conversations. */

import { Connection, ParlourClient } from "../sdk/parlour.js";
import { h } from "./dom.js";
import { door } from "./door.js";
import { House } from "./house.js";

const root = document.getElementById("root");
const client = new ParlourClient();
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

async function enter() {
  await client.connect();
  if (client.status === Connection.SIGNED_OUT) return false;
  return true;
}

client.addEventListener("status", ({ detail: { status } }) => {
  if (status === Connection.SIGNED_OUT) showDoor(house === null ? "" : "You were signed out.");
  else if (client.me === null) {
    const isAway = status === Connection.WAITING;
    show(h("p.empty", {}, isAway ? "The server cannot be reached. Trying again…" : "Loading…"));
  } else if (house === null) {
    house = new House(client);
    show(house.element);
    house.begin();
  }
});

const guest = takeGuest();
await enter();
if (client.status === Connection.SIGNED_OUT && guest !== null) {
  try {
    await client.signIn(guest.login, guest.password);
    await enter();
  } catch (error) {
    showDoor(error.message);
  }
}
