/** A thread beside its conversation, or over it. */

import assert from "node:assert/strict";
import { accessible, activity, picture, stored, unreadEntries, write } from "../page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "../run.mjs"
 */

/** @param {Page} page */
function thread(page) {
  return page.getByRole("region", { name: "Thread" });
}

/**
 * @param {Page} page
 * @param {string} text
 */
async function reply(page, text) {
  const box = thread(page).getByRole("textbox", { name: "Reply in thread" });
  await box.fill(text);
  await box.press("Enter");
  await thread(page)
    .locator('.bubble.mine:not([data-status="sending"])', { hasText: text })
    .waitFor();
}

/**
 * What leads to the thread, once it says this.
 * @param {Page} page
 * @param {RegExp} words
 */
async function leads(page, words) {
  const link = page.locator(".log > .scroll > .bubble > .replies", { hasText: words });
  await link.waitFor();
  return link;
}

/**
 * Opened with the mouse, and answered from both sides.
 * @param {Page} ann
 * @param {Page} ben
 */
async function talk(ann, ben) {
  await ben.locator(".bubble", { hasText: "Who brings the cake?" }).hover();
  await ben.locator(".actions").getByRole("button", { name: "Reply in thread" }).click();
  await thread(ben).locator(".bubble", { hasText: "Who brings the cake?" }).waitFor();
  await reply(ben, "I do");
  assert.equal(await thread(ben).locator(".quote").count(), 0, "all of it replies to that");
  await (await leads(ann, /^1 reply, last /)).click();
  await thread(ann).locator(".bubble", { hasText: "I do" }).waitFor();
  await reply(ann, "Thank you");
  await thread(ben).locator(".bubble.theirs", { hasText: "Thank you" }).waitFor();
  for (const page of [ann, ben]) await leads(page, /^2 replies, last /);
  await accessible(ann);
  await picture(ann, "web-thread");
  await ann.emulateMedia({ colorScheme: "dark" });
  await accessible(ann);
  await picture(ann, "web-thread-dark");
  await ann.emulateMedia({ colorScheme: null });
}

/**
 * A reply to a reply names it, in the thread and in the conversation; a deleted one is not counted.
 * @param {Page} ann
 * @param {Page} ben
 */
async function changes(ann, ben) {
  await thread(ben).locator(".bubble", { hasText: "Thank you" }).hover();
  await thread(ben).locator(".actions").getByRole("button", { name: "Reply", exact: true }).click();
  await thread(ben).locator(".replying").waitFor();
  await ben.keyboard.press("Escape");
  await thread(ben).locator(".replying").waitFor({ state: "hidden" });
  await thread(ben).waitFor();
  await reply(ben, "a slip");
  await leads(ann, /^3 replies/);
  await thread(ben).locator(".bubble", { hasText: "a slip" }).hover();
  await picture(ben, "web-thread-actions");
  await thread(ben).locator(".actions").getByRole("button", { name: "Delete" }).click();
  await ben.keyboard.press("Enter"); // the button has the focus
  await leads(ann, /^2 replies/);
  await thread(ann).locator(".bubble", { hasText: "This message was deleted" }).waitFor();
}

/**
 * Whoever wrote in it follows it, until they cease to; on another device it is so, too.
 * @param {Page} ben
 * @param {Page} other
 */
async function follows(ben, other) {
  const follow = (/** @type {Page} */ page) => thread(page).getByRole("switch", { name: "Follow" });
  await follow(ben).and(ben.locator('[aria-checked="true"]')).waitFor();
  await follow(ben).click();
  await follow(ben).and(ben.locator('[aria-checked="false"]')).waitFor();
  await (await leads(other, /^2 replies/)).click();
  await follow(other).and(other.locator('[aria-checked="false"]')).waitFor();
  await follow(other).press("Enter");
  await follow(other).and(other.locator('[aria-checked="true"]')).waitFor();
}

/**
 * With the keys alone: to the message, its thread, and back to the message.
 * @param {Page} page
 */
async function byKeys(page) {
  await page.keyboard.press("Escape");
  await thread(page).waitFor({ state: "detached" });
  const focused = page.locator(".bubble:focus", { hasText: "Who brings the cake?" });
  await focused.waitFor();
  await page.keyboard.press("Tab");
  const link = page.getByRole("button", { name: /^2 replies/ });
  for (let pressed = 0; pressed < 8; pressed += 1) {
    if (await link.evaluate((each) => each === document.activeElement)) break;
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await thread(page).locator("textarea:focus").waitFor();
}

/**
 * It is listed with what is unread there, and opens from there.
 * @param {Page} ann
 * @param {Page} ben has it open
 */
async function listed(ann, ben) {
  await (await activity(ann, 0)).click();
  await ann.locator(".activity .result", { hasText: "2 replies" }).waitFor();
  await ann.getByText("No unread mentions").waitFor();
  await reply(ben, "With candles");
  await activity(ann, 1);
  const found = await unreadEntries(ann, 1);
  await found.getByLabel("1 unread", { exact: true }).waitFor();
  await accessible(ann);
  await found.press("Enter");
  await thread(ann).locator(".bubble", { hasText: "With candles" }).waitFor();
  await activity(ann, 0);
}

/**
 * On a phone it is over the conversation, and nothing of that can be reached.
 * @param {Page} page
 */
async function onPhone(page) {
  await (await leads(page, /^3 replies/)).tap();
  await thread(page).locator(".bubble", { hasText: "Thank you" }).waitFor();
  const box = await thread(page).boundingBox();
  assert.deepEqual([box?.x, box?.width], [0, 360]);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.equal(wide, 360);
  await page.getByRole("textbox", { name: /^Message to/ }).waitFor({ state: "hidden" });
  await accessible(page);
  await picture(page, "web-phone-thread");
  await page.emulateMedia({ colorScheme: "dark" });
  await picture(page, "web-phone-thread-dark");
  await thread(page).getByRole("button", { name: "Close the thread" }).tap();
  await page.getByRole("textbox", { name: /^Message to/ }).waitFor();
}

/** @type {Flow} */
export async function threads(visitors, given) {
  const { ann: annsCookie, ben: bensCookie, ann_id: annsId, ben_id: bensId } = given;
  const [withAnn, withBen] = [annsId, bensId].map((id) => `${visitors.url}#/person/${id}`);
  const ann = await visitors.open(annsCookie, {}, withBen);
  await write(ann, "Good morning");
  await write(ann, "Who brings the cake?");
  await stored(ann, 2);
  const ben = await visitors.open(bensCookie, {}, withAnn);
  const other = await visitors.open(bensCookie, {}, withAnn);
  await talk(ann, ben);
  await changes(ann, ben);
  await follows(ben, other);
  await byKeys(ben);
  await listed(ann, ben);
  const small = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
  await onPhone(await visitors.open(annsCookie, small, withBen));
}
