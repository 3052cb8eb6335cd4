/** The page: a form to sign in with, or the shell with the conversations. */

import { h } from "./dom/elements.js";
import { confirmed, report, textOf } from "./dom/feedback.js";
import { AppShell } from "./shell/app_shell.js";
import { HUB } from "./shell/hub_facts.js";
import { Identity } from "./shell/identity.js";
import { signInForm } from "./shell/sign_in.js";

/** @import { ParlourClient } from "../sdk/parlour.js" */

/** @type {Record<string, string>} */
const PROBLEMS = {
  registration_closed: "You have no account here. Ask the operator of this server for one.",
  account_deactivated: "Your account was deactivated by the operator of this server.",
  sign_in_expired: "The sign-in took too long, or began in another window. Please try again.",
};

/** @type {AppShell | null} */
let shell = null;
let guest = takeGuest();
let problem = takeProblem();
let address = takeAddress();

const identity = new Identity({
  onWait: (isReachable) => {
    leaveShell();
    show(
      h("p.empty", {}, isReachable ? "Loading…" : "The server cannot be reached. Trying again…"),
    );
  },
  onNobody: (note) => {
    if (leaveShell()) history.replaceState(null, "", location.pathname); // the address is of the previous user
    const shown = document.querySelector(".sign-in .problem");
    if (shown === null) show(signInForm(identity, note || problem, guest));
    else shown.textContent = note; // what is being typed there stays
    guest = null;
    problem = "";
  },
  onPerson: ({ client, channels }, me) => {
    leaveShell();
    guest = null;
    try {
      shell = new AppShell(identity, client, channels, me);
      show(shell.element);
      shell.start();
      void confirmAddress(client);
    } catch (error) {
      report(error);
      show(failure());
    }
  },
  onChannels: (isSignedIn) => shell?.channelsChanged(isSignedIn),
});

await identity.start();

/**
 * `#enter=<name>:<ticket>` signs a guest of the demo in, once, after they confirm: the sender of a link might
 * want to read what they write in the sender's account. Elsewhere a link signs nobody in.
 */
function takeGuest() {
  const [, login, password] = /^#enter=([^:]+):(.+)$/.exec(location.hash) ?? [];
  if (login === undefined || password === undefined) return null;
  history.replaceState(null, "", location.pathname);
  if (!HUB.isDemo) return null;
  try {
    return { login: decodeURIComponent(login), password: decodeURIComponent(password) };
  } catch {
    return null; // the link is broken
  }
}

/** `#sign-in=<code>`: why the sign-in with the provider, which ended just now, failed. */
function takeProblem() {
  const [, code] = /^#sign-in=(\w+)$/.exec(location.hash) ?? [];
  if (code === undefined) return "";
  history.replaceState(null, "", location.pathname);
  return PROBLEMS[code] ?? `You could not be signed in (${code}). Please try again.`;
}

/** `#email=<ticket>`: a link that was sent to a new address of the user who is, or will be, signed in here. */
function takeAddress() {
  const [, ticket] = /^#email=([\w-]+)$/.exec(location.hash) ?? [];
  if (ticket !== undefined) history.replaceState(null, "", location.pathname);
  return ticket ?? null;
}

/** @param {ParlourClient} client */
async function confirmAddress(client) {
  const ticket = address;
  if (ticket === null) return;
  address = null;
  try {
    await client.call("POST", "/api/users/me/email/confirm", { ticket });
    confirmed("Your new email address is confirmed.");
  } catch (error) {
    confirmed(textOf(error));
  }
}

/** @returns {boolean} whether there was one */
function leaveShell() {
  const wasHere = shell !== null;
  shell?.stop();
  shell = null;
  document.title = "Parlour";
  return wasHere;
}

/** @param {HTMLElement} element */
function show(element) {
  const root = document.getElementById("root");
  root?.replaceChildren(element);
  root?.removeAttribute("aria-busy");
}

function failure() {
  const reload = { type: "button", onclick: () => location.reload() };
  const leave = { type: "button", onclick: () => void identity.signInAgain() };
  return h(
    "section.empty",
    { role: "alert" },
    h("p", {}, "Parlour could not show your conversations."),
    h("button.button.primary", reload, "Reload"),
    h("button.button", leave, "Sign in again"),
  );
}
