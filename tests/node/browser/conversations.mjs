/** Two people write to each other. */

import assert from "node:assert/strict";
import {
  accessible,
  bubbles,
  find,
  fromMenu,
  mute,
  openFirst,
  picture,
  stored,
  textBox,
  write,
} from "./page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "./run.mjs"
 */

/**
 * Typing, presence, unread and read marks come and go; all is accessible.
 * @type {Flow}
 */
async function talk(visitors, { ann: annsCookie, ben: bensCookie, username, name }) {
  const ann = await visitors.open(annsCookie);
  const phone = {
    viewport: { width: 360, height: 740 },
    colorScheme: /** @type {const} */ ("dark"),
  };
  const ben = await visitors.open(bensCookie, phone);
  await ann.locator(".side").waitFor();
  await ben.locator(".side").waitFor();
  await find(ann, username);
  await write(ann, "Are you there?");
  await ann.locator('.bubble[data-status="delivered"]').waitFor();
  await ben.locator(".badge").waitFor();
  assert.equal(await ben.locator(".badge").textContent(), "1");
  assert.equal(await ben.title(), "(1) Parlour");
  await picture(ben, "phone-list-dark");
  await accessible(ben);
  await openFirst(ben);
  await ben.getByText("New messages").waitFor();
  await ann.locator('.bubble[data-status="read"]').waitFor();
  assert.equal(await ben.title(), "Parlour");
  await textBox(ben).pressSequentially("Yes, here", { delay: 60 });
  await ann.getByText(`${name} is typing…`).waitFor();
  await textBox(ben).press("Enter");
  await ann.locator(".bubble.theirs").waitFor();
  await ann.getByText(`${name} is typing…`).waitFor({ state: "detached" });
  await textBox(ben).pressSequentially("and then nothing", { delay: 30 });
  await ann.getByText(`${name} is typing…`).waitFor();
  await ann.getByText(`${name} is typing…`).waitFor({ state: "detached" });
  await ann.locator("header .state", { hasText: "online" }).waitFor();
  await write(ann, "Look at https://example.org/path?q=1, when you have time.\nSecond line.");
  const link = ben.locator(".bubble a");
  await link.waitFor();
  assert.equal(await link.getAttribute("href"), "https://example.org/path?q=1");
  await copied(ann);
  await ann.emulateMedia({ forcedColors: "active" });
  assert.deepEqual(await shapes(ann), { bubble: "solid", isIconSeen: true });
  await ann.emulateMedia({ forcedColors: "none" });
  await picture(ann, "conversation");
  await picture(ben, "phone-conversation-dark");
  await accessible(ann);
  await accessible(ben);
  await ben.context().close();
  await ann.locator("header .state", { hasText: /^$/ }).waitFor({ state: "attached" });
  await ann.getByRole("button", { name: "People", exact: true }).click();
  await picture(ann, "people");
  await accessible(ann);
  await fromMenu(ann, "Settings");
  await ann.getByText("Public profile").waitFor();
  await accessible(ann);
}

/**
 * Several messages are copied with their authors; the arrows go through them, and Enter replies.
 * @param {Page} page
 */
async function copied(page) {
  const text = await page.evaluate(() => {
    const log = document.querySelector(".scroll");
    if (log === null) throw new Error("nothing is open");
    getSelection()?.selectAllChildren(log);
    const clipboardData = new DataTransfer();
    log.dispatchEvent(new ClipboardEvent("copy", { clipboardData, bubbles: true }));
    getSelection()?.removeAllRanges();
    return clipboardData.getData("text/plain");
  });
  assert.match(text, /^\[.+\] Me: Are you there\?\n\[.+\] ben.* Test: Yes, here\n/);
  await page.locator(".scroll").focus();
  for (const key of ["ArrowUp", "ArrowUp", "Enter"]) await page.keyboard.press(key);
  await page.locator(".replying", { hasText: "Yes, here" }).waitFor();
  await textBox(page).press("Escape");
  assert.equal(await textBox(page).inputValue(), "");
}

/**
 * What is left where the reader's own colours take the place of the page's.
 * @param {Page} page
 */
function shapes(page) {
  return page.evaluate(() => {
    const styleOf = (/** @type {string} */ selector) => {
      const element = document.querySelector(selector);
      if (element === null) throw new Error(`there is no ${selector}`);
      return getComputedStyle(element);
    };
    return {
      bubble: styleOf(".bubble").borderTopStyle,
      isIconSeen: styleOf(".compose .icon").backgroundColor !== styleOf("body").backgroundColor,
    };
  });
}

/**
 * What people write stays text, whatever it is; what is too long is not sent and not lost.
 * @type {Flow}
 */
async function text(visitors, { ann: annsCookie, ben: bensCookie, username }) {
  const ann = await visitors.open(annsCookie);
  const ben = await visitors.open(bensCookie);
  await ann.locator(".side").waitFor();
  await find(ann, username);
  const texts = [
    "<img src=x onerror=\"document.title='owned'\">",
    "<script>document.title='owned'</script>",
    "javascript:alert(1) http://<b>x</b> https://[broken",
    "👩‍👩‍👧‍👦 e\u0301\u0327 \u202eright to left\u202c مرحبا",
    "a  b\n\n   c",
    "https://good.example/\u202emoc.live",
  ];
  for (const each of texts) await write(ann, each);
  await stored(ann, texts.length);
  await openFirst(ben);
  await ben
    .locator(".bubble")
    .nth(texts.length - 1)
    .waitFor();
  assert.deepEqual(await bubbles(ben), texts);
  assert.equal(await ben.locator(".bubble :is(img, script, b)").count(), 0);
  const link = ben
    .locator(".bubble")
    .nth(texts.length - 1)
    .locator("a");
  assert.equal(await link.textContent(), "https://good.example/");
  assert.deepEqual(await bubbles(ann), texts);
  assert.equal(await ann.locator(".bubble :is(img, script, b)").count(), 0);
  const long = "x".repeat(100_000);
  await textBox(ann).fill(long);
  await ann.getByText("96,000 characters too long").waitFor();
  await textBox(ann).press("Enter");
  assert.equal(await textBox(ann).inputValue(), long);
  await ann.getByRole("button", { name: "People", exact: true }).click(); // what was begun is there again
  await openFirst(ann);
  assert.equal(await textBox(ann).inputValue(), long);
  await ann.reload();
  await openFirst(ann);
  assert.equal(await textBox(ann).inputValue(), long);
  await ann.getByText("96,000 characters too long").waitFor();
  const second = await visitors.openTab(ann);
  await openFirst(second);
  await write(second, "from the other tab");
  await ann.getByText("from the other tab").first().waitFor();
  await stored(second, texts.length + 1);
  assert.deepEqual(await bubbles(second), [...texts, "from the other tab"]);
  await write(ann, "https://good.example@evil.example/");
  await ben.getByText("https://good.example@evil.example/ (evil.example)").first().waitFor();
  assert.doesNotMatch(await ben.title(), /owned/);
}

/**
 * A clock that is an hour off changes neither the order nor what is unread.
 * @type {Flow}
 */
async function clock(visitors, { ann: annsCookie, ben: bensCookie, username }) {
  const ann = await visitors.open(annsCookie);
  const ben = await visitors.open(null);
  await ben.clock.install({ time: Date.now() - 3_600_000 });
  await visitors.signIn(ben, bensCookie);
  await ben.reload();
  await ann.locator(".side").waitFor();
  await find(ann, username);
  await write(ann, "one");
  await stored(ann, 1);
  await openFirst(ben);
  await write(ben, "two");
  await stored(ben, 1);
  await write(ann, "three");
  await ben.locator(".bubble").nth(2).waitFor();
  for (const page of [ann, ben]) assert.deepEqual(await bubbles(page), ["one", "two", "three"]);
  await ben.getByRole("button", { name: "People", exact: true }).click();
  await write(ann, "four");
  await ben.locator(".badge", { hasText: "1" }).waitFor();
  assert.equal(await ben.locator(".item .last").first().textContent(), "four");
}

/**
 * A message comes while its conversation is muted.
 * @param {Page} ann
 * @param {Page} ben
 */
async function muted(ann, ben) {
  await openFirst(ben);
  await mute(ben, "Mute indefinitely");
  await ben.locator(".item.quiet").waitFor();
  await write(ann, "muted");
  await ben.locator(".bubble", { hasText: "muted" }).waitFor();
  await mute(ben, "Unmute");
  await ben.locator(".item:not(.quiet)").waitFor();
}

/**
 * Whoever asked for notifications gets one while the page is not looked at, and only then.
 * @type {Flow}
 */
async function notifications(visitors, { ann: annsCookie, ben: bensCookie, username }) {
  const ann = await visitors.open(annsCookie);
  const ben = await visitors.open(bensCookie, { permissions: ["notifications"] });
  await ben.evaluate(() => {
    /** @type {[string, string][]} */
    const shown = [];
    class FakeNotification {
      static permission = "granted";
      static requestPermission = async () => "granted";
      /**
       * @param {string} title
       * @param {{ body: string }} options
       */
      constructor(title, { body }) {
        shown.push([title, body]);
      }
    }
    Object.assign(globalThis, { shown, Notification: FakeNotification });
  });
  await fromMenu(ben, "Settings");
  const notify = (/** @type {boolean} */ checked) => ben.getByRole("switch", { checked }).nth(-1);
  for (const isOn of [true, false]) await notify(isOn).click();
  await notify(true).waitFor();
  await find(ann, username);
  for (const [before, text] of ["begins the conversation", "seen"].entries()) {
    await write(ann, text);
    await ben.locator(".badge", { hasText: String(before + 1) }).waitFor();
  }
  await ben.evaluate(() =>
    Object.defineProperty(document, "hidden", { value: true, configurable: true }),
  );
  await write(ann, "not seen");
  await ben.locator(".badge", { hasText: "3" }).waitFor();
  await muted(ann, ben);
  await write(ann, "nobody looks");
  await ann.locator(".bubble").nth(4).and(ann.locator('[data-status="delivered"]')).waitFor();
  assert.equal(await ann.locator('.bubble[data-status="read"]').count(), 0);
  const annsName = await ann.locator(".side .name").textContent();
  await ben.waitForFunction(() => Reflect.get(globalThis, "shown").length === 2);
  const shown = await ben.evaluate(() => Reflect.get(globalThis, "shown"));
  assert.deepEqual(
    shown,
    ["not seen", "nobody looks"].map((body) => [annsName, body]),
  );
  await ben.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: false, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await ann.locator(".bubble").nth(4).and(ann.locator('[data-status="read"]')).waitFor();
  const second = await visitors.openTab(ben);
  await openFirst(second);
  await ben.evaluate(() => Object.defineProperty(document, "hidden", { value: true }));
  await write(ann, "read in the other tab");
  await ann.locator(".bubble").nth(5).and(ann.locator('[data-status="read"]')).waitFor();
  await second.close();
  await write(ann, "read nowhere");
  const texts = () => ben.evaluate(() => Reflect.get(globalThis, "shown").flat());
  await ben.waitForFunction(() => Reflect.get(globalThis, "shown").flat().includes("read nowhere"));
  assert.equal((await texts()).includes("read in the other tab"), false);
}

export const CONVERSATIONS = { talk, text, clock, notifications };
