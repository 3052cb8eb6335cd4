/** What is unread, what is in view, and what stays where it is while things come. */

import assert from "node:assert/strict";
import { acceptFirst, find, openFirst, stored, write } from "../page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "../run.mjs"
 */

const MANY = 120; // more than a page of history

/**
 * Send many messages, as another client of the same person.
 * @param {Page} page
 * @param {number} recipient
 * @param {number} count
 */
async function sendMany(page, recipient, count) {
  await page.evaluate(
    async ([id, total = 0]) => {
      for (let number = 0; number < total; number += 1) {
        await fetch(`/private_messages/api/messages/${id}`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ content: `number ${number}` }),
        });
      }
    },
    [recipient, count],
  );
}

/**
 * @param {Page} page
 * @param {boolean} hasFocus whether its window has the focus
 */
async function setFocus(page, hasFocus) {
  await page.evaluate((isFocused) => {
    document.hasFocus = () => isFocused;
    globalThis.dispatchEvent(new Event(isFocused ? "focus" : "blur"));
  }, hasFocus);
}

/** @param {Page} page */
function readCount(page) {
  return page.locator('.bubble[data-status="read"]').count();
}

/**
 * Where a message is in the view, in pixels from its top.
 * @param {Page} page
 * @param {string} text
 */
async function topOf(page, text) {
  const box = await page.locator(".bubble", { hasText: text }).first().boundingBox();
  return box?.y ?? Number.NaN;
}

/**
 * It opens where the unread begins; read is what is in view, in a window that has the focus.
 * @type {Flow}
 */
async function unread(visitors, { ann: annsCookie, ann_id: annsId, ben: bensCookie }) {
  const ben = await visitors.open(bensCookie);
  await sendMany(ben, annsId, MANY);
  await openFirst(ben);
  const ann = await visitors.open(annsCookie);
  await ann.locator(".item").first().click();
  await ann.locator(".day.new + .bubble .words", { hasText: /^number 0$/ }).waitFor();
  await ann.locator(".jump", { hasText: String(MANY) }).waitFor();
  const first = await ann.evaluate(() => {
    const divider = document.querySelector(".day.new");
    const next = divider?.nextElementSibling;
    const { top = -1, bottom = Number.MAX_VALUE } = divider?.getBoundingClientRect() ?? {};
    return { text: next?.querySelector(".words")?.textContent, isInView: top > 0 && bottom < 200 };
  });
  assert.deepEqual(first, { text: "number 0", isInView: true });
  await ann.locator(".badge", { hasText: String(MANY) }).waitFor();
  assert.equal(await readCount(ben), 0);
  await ann.getByRole("button", { name: `To the newest messages, ${MANY} unread` }).click();
  await ben.locator('.bubble[data-status="read"]').last().waitFor();
  await ann.locator(".badge").waitFor({ state: "hidden" });
  await setFocus(ann, false);
  await write(ben, "while she is away");
  await ann.locator(".badge", { hasText: "1" }).waitFor();
  const isBelow = ".day.new + .bubble.theirs";
  await ann.locator(isBelow, { hasText: "while she is away" }).waitFor();
  await ben.locator('.bubble[data-status="delivered"]').waitFor();
  await setFocus(ann, true);
  await ben.locator('.bubble[data-status="delivered"]').waitFor({ state: "detached" });
  await ann.locator(".badge").waitFor({ state: "hidden" });
  await ann.locator(".scroll").evaluate((scroll) => scroll.scrollTo(0, 600));
  await ann.locator(".jump").waitFor();
  await write(ben, "while she reads above");
  await ann.locator(".jump", { hasText: /^1$/ }).waitFor();
  await ben.locator('.bubble[data-status="delivered"]').waitFor();
  await ben.reload(); // and no more than the newest page is known
  await ben.locator(".bubble").first().waitFor();
  await staysInView(ben);
}

/**
 * Older messages come in late, and what is in view meanwhile stays there.
 * @param {Page} ben
 */
async function staysInView(ben) {
  /** @type {() => void} */
  let proceed = () => undefined;
  const held = new Promise((resolve) => {
    proceed = () => resolve(undefined);
  });
  await ben.route("**/api/messages/*before_seq=*", async (route) => {
    await held;
    await route.continue();
  });
  const scroll = ben.locator(".scroll");
  const asked = ben.waitForRequest(/before_seq=/);
  await scroll.evaluate((element) => element.scrollTo(0, 100));
  await asked;
  await scroll.evaluate((element) => element.scrollTo(0, 1_500));
  const seen = await scroll.evaluate((element) => {
    const { top } = element.getBoundingClientRect();
    const found = [...element.querySelectorAll(".bubble")].find(
      (each) => each.getBoundingClientRect().top > top,
    );
    return found?.querySelector(".words")?.textContent ?? "";
  });
  assert.match(seen, /^number \d+$/);
  const before = await topOf(ben, seen);
  proceed();
  await ben.getByText("number 0", { exact: true }).waitFor({ state: "attached" });
  assert.ok(Math.abs((await topOf(ben, seen)) - before) < 2, "it jumped");
  assert.equal(await ben.locator(".bubble").count(), MANY + 2);
}

/**
 * The list changes under the hand: the focus stays, and a click opens what was pressed.
 * @type {Flow}
 */
async function list(visitors, { ann: annsCookie, ben: bensCookie, ben_id: bensId, username }) {
  const ann = await visitors.open(annsCookie);
  const ben = await visitors.open(bensCookie);
  await find(ann, username);
  await write(ann, "to Ben");
  await stored(ann, 1);
  const cleo = await visitors.open(null);
  const cleosName = await register(cleo, "Cleo", `cleo${bensId}`);
  await find(ann, cleosName);
  await write(ann, "to Cleo");
  await stored(ann, 1);
  await cleo.reload();
  await acceptFirst(cleo);
  await ann.getByRole("button", { name: "People", exact: true }).click();
  const names = ann.locator(".item .title");
  assert.match((await names.first().textContent()) ?? "", /^Cleo/);
  await ann.getByRole("button", { name: "Channels" }).focus();
  await ann.keyboard.press("Control+k");
  for (const key of ["ArrowDown", "ArrowDown"]) await ann.keyboard.press(key);
  await openFirst(ben);
  await write(ben, "Ben goes to the top");
  await ann.locator(".badge").waitFor();
  assert.doesNotMatch((await names.first().textContent()) ?? "", /^Cleo/);
  const focused = () => ann.locator(".item:focus").textContent();
  assert.match((await focused()) ?? "", /Ben goes to the top/);
  await ann.keyboard.press("ArrowDown");
  assert.match((await focused()) ?? "", /Cleo/);
  const cleos = ann.locator(".item", { hasText: "Cleo" });
  const box = await cleos.boundingBox();
  assert.ok(box);
  await ann.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await ann.mouse.down();
  await write(cleo, "while she presses");
  await ann.waitForFunction(() => document.querySelector("#announcer")?.textContent !== "");
  await ann.mouse.up();
  await ann.locator(".bubble.theirs", { hasText: "while she presses" }).waitFor();
  const namesake = await register(cleo, "Cl\u00e9o", `cleo2${bensId}`);
  await find(ann, namesake);
  for (const username of [cleosName, namesake]) {
    await names.getByText(`(@${username})`).waitFor(); // of two with one name, one sees which is which
  }
}

/**
 * Make an account, and sign in as it.
 * @param {Page} page
 * @param {string} name
 * @param {string} username
 */
async function register(page, name, username) {
  await page.evaluate(
    async (given) => {
      const headers = { "Content-Type": "application/json" };
      const body = JSON.stringify(given);
      await fetch("/learning_platform/api/auth/register", { method: "POST", headers, body });
      await fetch("/private_messages/api/auth/login", { method: "POST", headers, body });
    },
    { name, username, email: `${username}@example.org`, password: "correct horse" },
  );
  return username;
}

/**
 * The last conversation of a list in pages is found, is reached by scrolling, and counts as unread.
 * @type {Flow}
 */
async function long(visitors, { ann: annsCookie, total }) {
  const ann = await visitors.open(annsCookie);
  await ann.waitForFunction((title) => document.title === title, `(${total}) Parlour`);
  const search = ann.getByRole("searchbox");
  await search.fill("p000");
  await ann.locator(".item .title", { hasText: "P000" }).waitFor();
  await search.fill("");
  const items = ann.locator(".list .item");
  for (let drawn = 0; drawn < total; drawn = await items.count()) {
    await ann.waitForFunction((before) => {
      const rows = document.querySelectorAll(".list .item");
      rows[rows.length - 1]?.scrollIntoView();
      return rows.length > before;
    }, drawn);
  }
  const titles = await items.locator(".title").allTextContents();
  assert.deepEqual(
    titles,
    [...Array(total).keys()].map((at) => `P${String(total - at - 1).padStart(3, "0")}`),
  );
  await items.last().click();
  await ann.locator(".bubble.theirs", { hasText: "hello" }).waitFor();
  await ann.waitForFunction((title) => document.title === title, `(${total - 1}) Parlour`);
}

export const READING = { unread, list, long };
