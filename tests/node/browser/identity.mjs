/** Who is signed in, here and in other tabs; and pages that cannot do everything. */

import assert from "node:assert/strict";
import { bubbles, find, fromMenu, openFirst, signInAs, stored, textBox, write } from "./page.mjs";

/**
 * @import { Page, Request, Route } from "playwright-core"
 * @import { Flow } from "./run.mjs"
 */

/** @param {Page} page */
function nameOf(page) {
  return page.locator(".side .name");
}

/** @param {Page} page */
function keptTexts(page) {
  return page.evaluate(() =>
    Object.keys(localStorage).filter((name) => /^parlour\.(draft|outbox)/.test(name)),
  );
}

/**
 * Every tab shows the one who is signed in now, and nothing of who was here before stays.
 * @type {Flow}
 */
async function tabs(visitors, { ann: annsCookie, username, name }) {
  const one = await visitors.open(annsCookie);
  await one.locator(".side").waitFor();
  const annsName = (await nameOf(one).textContent()) ?? "";
  await find(one, username);
  await write(one, "for Ben");
  await stored(one, 1);
  await textBox(one).fill("not sent");
  const two = await visitors.openTab(one);
  await openFirst(two);
  await fromMenu(one, "Sign out");
  await one.getByText("deletes your unsent messages and drafts (1)").waitFor();
  await one.getByRole("button", { name: "Sign out anyway" }).click();
  for (const page of [one, two]) await page.getByRole("button", { name: "Sign in" }).waitFor();
  assert.deepEqual(await keptTexts(one), []);
  assert.equal(new URL(one.url()).hash, ""); // what was open was Ann's
  await signInAs(one, username);
  for (const page of [one, two]) {
    await nameOf(page)
      .and(page.getByText(name, { exact: true }))
      .waitFor({ state: "attached" });
    await openFirst(page);
    assert.deepEqual(await bubbles(page), ["for Ben"]);
    assert.equal(await textBox(page).inputValue(), "");
    assert.equal(await page.getByText("not sent").count(), 0);
    assert.equal(await page.locator(".item .title", { hasText: annsName }).count(), 1);
  }
  await two.close();
  await signOutAway(one);
}

/**
 * Whoever signs out is signed out here at once, and of the server as soon as it can be reached.
 * @param {Page} page
 */
async function signOutAway(page) {
  const cookies = await page.context().cookies();
  await page.route("**/api/auth/logout", (route) => route.abort());
  await fromMenu(page, "Sign out");
  await page.getByText("You are signed out here. The server cannot be reached").waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await page.unroute("**/api/auth/logout");
  await page.evaluate(() => globalThis.dispatchEvent(new Event("online")));
  await page.waitForFunction(() => localStorage.getItem("parlour.sign-out") === null);
  await page.context().addCookies(cookies); // a copy of the session is worth nothing
  await page.reload();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
}

/**
 * Channels have a session of their own, and nobody notices: it is renewed when it ends, and when
 * somebody else's is there.
 * @type {Flow}
 */
async function channelSession(visitors, { ann: annsCookie, ben: bensCookie }) {
  const ann = await visitors.open(annsCookie);
  await ann.getByRole("button", { name: "Channels" }).click();
  await ann.getByLabel("New workspace").fill("Attic");
  await ann.getByRole("button", { name: "Create" }).click();
  const general = ann.locator(".item", { hasText: "general" });
  await general.waitFor();
  await asksOnce(ann);
  await ann.context().clearCookies({ name: "connect.sid" });
  await ann.reload();
  await general.click();
  assert.equal(await textBox(ann).getAttribute("placeholder"), "Message"); // here @AI is nobody
  /** @type {string[]} */
  const requests = [];
  ann.on("request", (request) => {
    const path = new URL(request.url()).pathname;
    if (!/\/(pinned|threads)$/.test(path)) requests.push(path); // of what was opened before
  });
  await Promise.all([
    ann.waitForResponse(/channels$/),
    ann.waitForResponse(/auth\/session/),
    ann.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))),
  ]);
  assert.equal(requests.length, 3, `who is here, the workspaces, the channels: ${requests}`);
  const cookies = await ann.context().cookies();
  await ann.context().clearCookies({ name: "session_token" });
  await visitors.signIn(ann, bensCookie);
  assert.ok(cookies.some(({ name }) => name === "connect.sid"));
  const signIn = "**/learning_platform/api/auth/session";
  /** @type {Promise<Route>} */
  const held = new Promise((resolve) => void ann.route(signIn, resolve, { times: 1 }));
  await ann.reload();
  await ann.getByText("No conversations yet").waitFor();
  await ann.getByRole("button", { name: "Channels" }).click();
  const signingIn = await held; // the session of channels is Ann's still
  await ann.locator(".sheet").getByText("Loading…").waitFor();
  await ann.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await signingIn.continue();
  await ann.locator(".sheet").getByText("Loading…").waitFor({ state: "detached" });
  assert.equal(await ann.getByText("Attic").count(), 0);
  await ann.route("**/learning_platform/api/auth/session", (route) =>
    route.fulfill({ status: 403, body: "{}" }),
  );
  await ann.context().clearCookies({ name: "connect.sid" });
  await ann.reload();
  await ann.getByText("Your channels are not shown").waitFor();
}

/**
 * Until a page shows the list it asks for everything once, and as little as possible after another.
 * @param {Page} page with a channel
 */
async function asksOnce(page) {
  const list = new URL("/", page.url()).href;
  /** @type {string[]} */
  const asked = [];
  const listen = (/** @type {Request} */ request) => {
    const path = new URL(request.url()).pathname;
    if (path.includes("/api/")) asked.push(path.replace(/^.*\/api/, ""));
  };
  await page.goto("about:blank");
  page.on("request", listen);
  await page.goto(list);
  await page.locator(".item", { hasText: "general" }).waitFor();
  page.off("request", listen);
  const together = ["/auth/session", "/messages/conversations", "/users/me", "/users/me/channels"];
  assert.deepEqual(new Set(asked.slice(0, 4)), new Set(together));
  const later = new Set(asked.slice(4));
  later.delete("/threads"); // the list is known then, and perhaps not drawn yet
  assert.deepEqual(later, new Set(["/workspaces", "/users/me/invitations"]));
}

/**
 * The door says what this hub is like, and what is wrong before somebody tries a second time.
 * @type {Flow}
 */
async function door(visitors, { ann: annsCookie, username }) {
  const page = await visitors.open(null);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByText("At least 8 characters.").waitFor();
  await page.route(visitors.url, async (route) => {
    const answer = await route.fetch();
    const body = (await answer.text()).replace(
      "isRegistrationOpen&quot;: true",
      "isRegistrationOpen&quot;: false",
    );
    await route.fulfill({ response: answer, body });
  });
  await page.route("**/api/auth/login", (route) => route.fulfill({ json: {} })); // with no cookie
  await page.reload();
  await page.getByText("For a new account or a new password, ask the operator").waitFor();
  assert.equal(await page.getByText("Create account").count(), 0);
  await signInAs(page, username);
  await page.getByText("This browser did not keep the session").waitFor();
  await page.unrouteAll();
  await visitors.signIn(page, annsCookie);
  await page.route("**/api/messages/conversations", (route) => route.fulfill({ body: "<html>" }));
  await page.reload();
  await page.getByText("The server cannot be reached. Trying again").waitFor();
  await page.unrouteAll();
  await page.getByText("No conversations yet").waitFor();
}

/**
 * A provider signs in whom it knows, and the page says why it does not.
 * @type {Flow}
 */
async function provider(visitors, { name }, questions) {
  const page = await visitors.open(null);
  const button = page.getByRole("button", { name: "Sign in with our school" });
  await button.click();
  await page.getByText("You have no account here").waitFor();
  assert.equal(new URL(page.url()).hash, "");
  await questions.ask({ want: "an account" });
  await button.click();
  await nameOf(page)
    .and(page.getByText(name, { exact: true }))
    .waitFor({ state: "attached" });
  assert.equal(page.url(), visitors.url);
  await fromMenu(page, "Sign out");
  await button.waitFor();
  await page.reload();
  await button.waitFor(); // the session here has ended
}

/**
 * In a browser of five years ago everything works; what is broken stays where it is, and says so.
 * @type {Flow}
 */
async function broken(visitors, { ann: annsCookie, ben: bensCookie, username }) {
  const ben = await visitors.open(bensCookie);
  const old = await visitors.open(null);
  await old.addInitScript(forgetNews);
  await visitors.signIn(old, annsCookie);
  await old.reload();
  await find(old, username);
  for (const text of ["see https://example.org/", "BROKEN", "and on"]) await write(old, text);
  await stored(old, 3);
  await ben.evaluate(() => {
    const { matchAll } = String.prototype;
    String.prototype.matchAll = function planted(pattern) {
      if (this.includes("BROKEN")) throw new Error("planted");
      return matchAll.call(this, pattern);
    };
  });
  const seen = visitors.expectFault(ben, /planted/);
  await openFirst(ben);
  const shown = ["see https://example.org/", "This message cannot be shown.", "and on"];
  await ben.locator(".bubble").nth(2).waitFor();
  assert.deepEqual(await bubbles(ben), shown);
  await seen;
  const strange = await visitors.open(null, {}, `${visitors.url}/#enter=a:%zz`);
  await strange.getByRole("button", { name: "Sign in" }).waitFor();
  await strange.route("**/page.js", (route) => route.abort());
  await strange.reload();
  await strange.getByText("Parlour could not start").waitFor();
}

/** In the page: what browsers have learned since 2021. */
function forgetNews() {
  const news = {
    Array: ["at", "findLast", "findLastIndex", "toReversed", "toSorted", "toSpliced", "with"],
    String: ["at", "isWellFormed", "toWellFormed"],
  };
  for (const [type, names] of Object.entries(news)) {
    const { prototype } = Reflect.get(globalThis, type);
    for (const name of names) Reflect.deleteProperty(prototype, name);
  }
  const gone = { Object: "hasOwn", URL: "canParse", Promise: "withResolvers", Array: "fromAsync" };
  for (const [type, name] of Object.entries(gone)) {
    Reflect.deleteProperty(Reflect.get(globalThis, type), name);
  }
  for (const name of ["structuredClone", "BroadcastChannel", "reportError"]) {
    Reflect.deleteProperty(globalThis, name);
  }
  Reflect.deleteProperty(Crypto.prototype, "randomUUID");
}

export const IDENTITY = { tabs, channelSession, door, provider, broken };
