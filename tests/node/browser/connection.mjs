/** Sessions begin and end; the server goes away and comes back. */

import assert from "node:assert/strict";
import {
  accessible,
  bubbles,
  find,
  fromMenu,
  openFirst,
  picture,
  send,
  signInAs,
  stored,
  textBox,
  write,
} from "./page.mjs";

/** @import { Flow } from "./run.mjs" */

const SCRIPTS = ["start_up.js", "page.js"]; // all that the page loads
const UNKNOWN_CERTIFICATE = { ignoreHTTPSErrors: true };
const PICTURE = Buffer.from("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=", "base64"); // 1 x 1

/**
 * What was written while the server was away is sent once, in order, also after a reload; what could
 * not be loaded is loaded when it is back.
 * @type {Flow}
 */
async function restart(visitors, { ann: annsCookie, ben: bensCookie, username }, questions) {
  const ann = await visitors.open(annsCookie);
  await ann.locator(".side").waitFor();
  await find(ann, username);
  await write(ann, "before");
  await stored(ann, 1);
  const ben = await visitors.open(bensCookie);
  const bensState = ann.locator("header .state");
  await bensState.and(ann.getByText("online")).waitFor();
  await questions.ask({ want: "stop" });
  await ann.getByText("No connection").waitFor();
  assert.equal(await bensState.textContent(), ""); // nobody knows who is online now
  const queued = ["one", "two", "three"];
  for (const text of queued) await write(ann, text);
  await ann.getByText("3 unsent messages").waitFor();
  await picture(ann, "offline");
  assert.equal(await ann.locator('.bubble[data-status="sending"]').count(), 3);
  await ben.getByRole("button", { name: "People", exact: true }).click();
  await ben.getByText("The server cannot be reached").waitFor();
  await ben.locator(".item").first().click();
  await ben.getByRole("button", { name: "Try again" }).waitFor();
  await accessible(ann);
  await questions.ask({ want: "start" });
  await stored(ann, 4);
  await ben.locator(".bubble").nth(3).waitFor();
  await ann.locator(".banner").waitFor({ state: "hidden" });
  await bensState.and(ann.getByText("online")).waitFor();
  assert.deepEqual(await bubbles(ben), ["before", ...queued]);
  assert.deepEqual(await bubbles(ann), ["before", ...queued]);
  await questions.ask({ want: "stop" });
  await ann.getByText("No connection").waitFor();
  await write(ann, "kept");
  await questions.ask({ want: "start" });
  await ann.reload();
  await openFirst(ann);
  await stored(ann, 5);
  await ben.locator(".bubble").nth(4).waitFor();
  assert.deepEqual(await bubbles(ben), ["before", ...queued, "kept"]);
}

/**
 * The log goes back, once beneath a hub that stands still and once while it is away. Afterwards the
 * pages show what the log has, what was unsent is there, and each page was loaded anew once.
 * @type {Flow}
 */
async function wentBack(visitors, { ann: annsCookie, ben: bensCookie, username }, questions) {
  const ann = await visitors.open(annsCookie);
  const ben = await visitors.open(bensCookie);
  let loads = 0;
  const count = () => {
    loads += 1;
  };
  for (const page of [ann, ben]) page.on("load", count);
  await ann.locator(".side").waitFor();
  await find(ann, username);
  const kept = ["one", "two", "three"];
  for (const text of [...kept, "lost", "lost too"]) await write(ann, text);
  await stored(ann, 5);
  const [annsLast, bensLast] = [ann, ben].map((page) => page.locator(".item .last"));
  const unread = ben.locator(".item .badge");
  await unread.getByText("5").waitFor();
  await questions.ask({ want: "restore beneath" });
  await write(ann, "unheard");
  await textBox(ann).fill("begun");
  const again = [ann, ben].map((page) => page.waitForEvent("load"));
  await questions.ask({ want: "go on" });
  await Promise.all(again);
  await stored(ann, 4);
  await ann.locator(".banner").waitFor({ state: "hidden" });
  assert.deepEqual(await bubbles(ann), [...kept, "unheard"]);
  assert.equal(await textBox(ann).inputValue(), "begun");
  await unread.getByText("4").waitFor();
  for (const last of [annsLast, bensLast]) await last?.getByText("unheard").waitFor();
  await questions.ask({ want: "stop" });
  await ann.getByText("No connection").waitFor();
  await write(ann, "unsent");
  await textBox(ann).fill("begun again");
  await questions.ask({ want: "restore and start" });
  await stored(ann, 3);
  await ann.locator(".banner").waitFor({ state: "hidden" });
  assert.deepEqual(await bubbles(ann), ["one", "two", "unsent"]);
  assert.equal(await textBox(ann).inputValue(), "begun again");
  await unread.getByText("3").waitFor();
  await openFirst(ben);
  await write(ben, "seen");
  await ann.getByText("seen").first().waitFor();
  await ben.locator(".bubble").nth(3).waitFor(); // history is loaded when it is opened
  assert.deepEqual(await bubbles(ben), ["one", "two", "unsent", "seen"]);
  assert.equal(loads, 4); // of two pages, each time once
}

/**
 * Signing up, in and out; a session that is ended elsewhere leads back to the form.
 * @type {Flow}
 */
async function signIn(visitors, { link }, questions) {
  const page = await visitors.open(null);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await picture(page, "sign-in");
  await accessible(page);
  await page.getByLabel("Email or username").fill("nobody@example.org");
  await page.getByLabel("Password").fill("wrong password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Invalid email or password").waitFor();
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByLabel("First name").fill("Cleo");
  await page.getByLabel("Last name").fill("Test");
  await page.getByLabel("Email").fill("cleo@example.org");
  await page.getByLabel("Date of birth").fill("2000-01-01");
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByText("No conversations yet").waitFor();
  const cookies = await page.context().cookies();
  const session = cookies.find(({ name }) => name === "session_token");
  assert.ok(session);
  await page.goto("about:blank");
  await page.goto(`${visitors.url}/#email=unknown`);
  await page
    .locator("#note")
    .getByText("This link was used, is too old, or somebody else's")
    .waitFor();
  assert.equal(new URL(page.url()).hash, "");
  await questions.ask({ want: "end", cookie: `session_token=${session.value}` });
  await page.getByText("You were signed out").waitFor();
  const guest = await visitors.open(null, {}, link);
  await guest.getByText("This link signs you in as “ann”").waitFor();
  await guest.getByRole("button", { name: "Sign in as ann" }).click();
  await guest.locator(".side .name", { hasText: /^Ann$/ }).waitFor({ state: "attached" });
  await guest.getByText("No conversations yet").waitFor();
  assert.equal(new URL(guest.url()).hash, "");
  await fromMenu(guest, "Sign out");
  await guest.getByRole("button", { name: "Sign in" }).waitFor();
  await guest.reload();
  await guest.getByRole("button", { name: "Sign in" }).waitFor();
  const late = await visitors.open(null, {}, link);
  await late.getByRole("button", { name: "Sign in as ann" }).click();
  await late.getByText("This link was already used").waitFor();
}

/**
 * Behind a proxy, below a path of its host: files come by paths that browsers keep, and no module that
 * was not announced; signing in, sockets, uploads and pictures work.
 * @type {Flow}
 */
async function below(visitors, { ann: annsCookie, username }) {
  const ann = await visitors.open(annsCookie, UNKNOWN_CERTIFICATE);
  await ann.locator(".side").waitFor();
  const scripts = await ann.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .map(({ name }) => name)
      .filter((name) => name.endsWith(".js")),
  );
  const kept = new RegExp(`^${visitors.url}web/[0-9a-f]{16}/app/`);
  assert.deepEqual(new Set(scripts.map((name) => name.replace(kept, ""))), new Set(SCRIPTS));
  const ben = await visitors.open(null, UNKNOWN_CERTIFICATE);
  await signInAs(ben, "ben@example.org");
  await ben.locator(".side").waitFor();
  const cookies = await ben.context().cookies();
  assert.deepEqual(new Set(cookies.map(({ path }) => path)), new Set(["/chat/"]));
  await find(ann, username);
  const file = { name: "dot.gif", mimeType: "image/gif", buffer: PICTURE };
  await ann.getByLabel("Send files").setInputFiles(file);
  await send(ann);
  await stored(ann, 1);
  await openFirst(ben);
  await ben.waitForFunction(() => {
    const image = document.querySelector(".bubble img");
    return image instanceof HTMLImageElement && image.naturalWidth === 1;
  });
}

/**
 * What the operator says stays until it is dismissed; after a kick the page waits to be asked.
 * @type {Flow}
 */
async function operated(visitors, { ann: annsCookie }, questions) {
  const ann = await visitors.open(annsCookie);
  await visitors.online(ann);
  await questions.ask({ want: "announce" });
  const said = ann.locator(".announcement");
  await said.getByText("Closed <b>at noon</b>").waitFor();
  await accessible(ann);
  await ann.getByRole("button", { name: "Dismiss" }).click();
  await said.waitFor({ state: "hidden" });
  await questions.ask({ want: "kick" });
  await ann.getByText("closed the connection").waitFor();
  await accessible(ann);
  await ann.getByRole("button", { name: "Connect again" }).click();
  await ann.locator(".banner").waitFor({ state: "hidden" });
  await questions.ask({ want: "deactivate" });
  await ann.getByRole("button", { name: "Sign in", exact: true }).waitFor();
}

export const CONNECTION = { below, operated, restart, signIn, wentBack };
