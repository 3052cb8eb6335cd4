/** A message is forwarded, with keys, a pointer and fingers. */

import assert from "node:assert/strict";
import { accessible, find, makeGarden, other, picture, stored, write } from "../page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "../run.mjs"
 */

/** @param {Page} page */
function chooser(page) {
  return page.getByRole("dialog", { name: "Forward to" });
}

/**
 * By the button of a message; its words are those of Ann.
 * @param {Page} page
 */
async function choose(page) {
  await other(page, "The roses bloom", "Forward…");
  await chooser(page).waitFor();
}

/**
 * Whoever changes their mind is at the message again, and nothing was sent.
 * @param {Page} page
 */
async function thinksBetter(page) {
  for (const leave of [
    () => page.keyboard.press("Escape"),
    () => page.getByRole("button", { name: "Cancel" }).click(),
    () => page.mouse.click(5, 5), // beside it
  ]) {
    await choose(page);
    await leave();
    await chooser(page).waitFor({ state: "detached" });
    await page.locator(".bubble:focus").waitFor();
  }
  assert.equal(await page.locator(".forwarded").count(), 0);
}

/**
 * With the keys alone: to the message, its button, a name, Enter.
 * @param {Page} page
 */
async function byKeys(page) {
  await page.locator(".scroll").focus();
  await page.keyboard.press("ArrowUp");
  const button = page.getByTitle("Other actions");
  for (let pressed = 0; pressed < 8; pressed += 1) {
    await page.keyboard.press("Tab");
    if (await button.evaluate((each) => each === document.activeElement)) break;
  }
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter"); // the first of them is to forward
  await chooser(page).waitFor();
  await page.keyboard.type("nobody at all");
  await chooser(page).getByText("No matching conversations.").waitFor();
  await page.getByRole("searchbox", { name: "Search by name" }).fill("GENER");
  await page.keyboard.press("ArrowDown");
  await accessible(page);
  await picture(page, "web-forward");
  await page.keyboard.press("Enter");
  await chooser(page).waitFor({ state: "detached" });
  const told = page.locator("#announcer", { hasText: "Forwarded to #general" });
  await told.waitFor({ state: "attached" });
}

/**
 * On a phone in the dark, by a long press.
 * @param {Page} page
 */
async function byFinger(page) {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator(".item", { hasText: "general" }).click();
  const box = await page.locator(".bubble", { hasText: "The roses bloom" }).last().boundingBox();
  assert.ok(box);
  const session = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + 20, y: box.y + box.height - 12 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.locator(".actions.open").waitFor();
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await page.getByRole("button", { name: "Forward…", exact: true }).tap();
  await chooser(page).waitFor();
  await accessible(page);
  await picture(page, "web-phone-forward");
  const place = chooser(page).getByRole("listitem").getByRole("button", { name: /ann/i });
  const size = await place.boundingBox();
  assert.ok(size !== null && size.height >= 44 && size.x >= 0, "too small for a finger");
  assert.ok(size.x + size.width <= 360, "it is wider than the screen");
  await place.tap();
  await chooser(page).waitFor({ state: "detached" });
}

/** @type {Flow} */
export async function forwarding(visitors, { guests }) {
  const small = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
  const [first = "", second = ""] = guests;
  const ann = await visitors.open(null, {}, first);
  const ben = await visitors.open(null, small, second);
  for (const page of [ann, ben]) await page.getByRole("button", { name: /^Sign in as/ }).click();
  await makeGarden(ann);
  await find(ann, "ben");
  await write(ann, "The roses bloom");
  await stored(ann, 1);
  await thinksBetter(ann);
  await byKeys(ann);
  await ben.locator(".item", { hasText: "general" }).waitFor();
  await byFinger(ben);
  await ann.locator(".bubble.theirs", { hasText: "The roses bloom" }).waitFor();
  await ann.locator(".bubble.theirs .forwarded", { hasText: "Forwarded" }).waitFor();
}
