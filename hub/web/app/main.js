/** The page: a form to sign in with, or the shell with the conversations. */

import { ChannelsClient, Connection, ParlourClient } from "../sdk/parlour.js";
import { h } from "./dom/elements.js";
import { textOf } from "./dom/feedback.js";
import { AppShell } from "./shell/app_shell.js";
import { signInForm } from "./shell/sign_in.js";

const client = new ParlourClient();
const channels = new ChannelsClient();
/** @type {AppShell | null} */
let shell = null;

/** `#enter=<name>:<password>` signs a guest of the demo in, once, unless somebody is here already. */
function takeGuest() {
  const [, login, password] = /^#enter=([^:]+):(.+)$/.exec(location.hash) ?? [];
  if (login === undefined || password === undefined) return null;
  history.replaceState(null, "", location.pathname);
  return { login: decodeURIComponent(login), password: decodeURIComponent(password) };
}

/** @param {HTMLElement} element */
function show(element) {
  const root = document.getElementById("root");
  root?.replaceChildren(element);
  root?.removeAttribute("aria-busy");
}

function showSignIn(note = "") {
  shell?.stop();
  shell = null;
  document.title = "Parlour";
  show(signInForm(client, signIn, note));
}

/**
 * Sign in to both: private messages and channels are two dialects with a session each.
 * @param {string} login
 * @param {string} password
 */
async function signIn(login, password) {
  await client.signIn(login, password);
  await channels.signIn(login, password).catch(() => undefined); // then there are no channels
  await connect();
}

async function connect() {
  await Promise.all([client.connect(), channels.connect()]);
}

client.addEventListener("status", ({ detail: { status } }) => {
  if (status === Connection.SIGNED_OUT) {
    channels.close();
    showSignIn(shell === null ? "" : "You were signed out.");
  } else if (client.me === null) {
    const isAway = status === Connection.WAITING;
    show(h("p.empty", {}, isAway ? "The server cannot be reached. Trying again…" : "Loading…"));
  } else if (shell === null) {
    shell = new AppShell(client, channels, client.me);
    show(shell.element);
    shell.start();
  }
});

const guest = takeGuest();
await connect();
if (client.status === Connection.SIGNED_OUT && guest !== null) {
  try {
    await signIn(guest.login, guest.password);
  } catch (error) {
    showSignIn(textOf(error));
  }
}
