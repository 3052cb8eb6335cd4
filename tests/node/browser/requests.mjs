/** What strangers write waits until one lets them in. */

import assert from "node:assert/strict";
import { accessible, bubbles, find, picture, stored, textBox, write } from "./page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "./run.mjs"
 */

/**
 * A request is in a folder of its own, and says nothing of who got it; it is declined, comes again
 * with the next message, and is accepted on another device.
 * @type {Flow}
 */
export async function requests(visitors, { ann: annsCookie, ben: bensCookie, username }) {
  const ann = await visitors.open(annsCookie);
  const ben = await visitors.open(bensCookie);
  const phone = await visitors.open(bensCookie, { viewport: { width: 360, height: 740 } });
  for (const page of [ann, ben, phone]) await page.locator(".side").waitFor();
  await find(ann, username);
  await write(ann, "Hello, do you sell the bicycle?");
  await stored(ann, 1);
  for (const page of [ben, phone]) {
    await page.getByRole("button", { name: "Requests 1 requests" }).waitFor();
    assert.equal(await page.title(), "Parlour"); // it does not count as unread
    assert.equal(await page.locator(".item").count(), 0);
  }
  await picture(phone, "phone-requests-list");
  await accessible(phone);
  await open(phone);
  await picture(phone, "phone-request");
  await accessible(phone);
  await open(ben);
  await picture(ben, "request");
  await accessible(ben);
  assert.deepEqual(await bubbles(ben), ["Hello, do you sell the bicycle?"]);
  assert.equal(await textBox(ben).isVisible(), false);
  await ben.getByRole("button", { name: "Decline" }).click();
  for (const page of [ben, phone]) {
    await page.getByRole("button", { name: "Requests" }).waitFor({ state: "hidden" });
    await page.locator(".request").waitFor({ state: "detached" });
  }
  assert.equal(await ann.locator(".bubble").getAttribute("data-status"), "sent");
  await write(ann, "Hello?");
  await stored(ann, 2);
  await open(ben);
  await ben.getByRole("button", { name: "Accept" }).focus();
  await ben.keyboard.press("Enter");
  await ben.waitForFunction(() => document.activeElement?.matches(".compose textarea"));
  await phone.locator(".item").waitFor();
  assert.equal(await phone.getByRole("button", { name: "Requests" }).isVisible(), false);
  await write(ben, "Yes");
  await ann.locator(".bubble.theirs", { hasText: "Yes" }).waitFor();
  await ann.locator("header .state", { hasText: "online" }).waitFor();
}

/** @param {Page} page */
async function open(page) {
  await page.getByRole("button", { name: "Requests" }).click();
  await page.getByRole("heading", { name: "Requests" }).waitFor();
  await accessible(page);
  await picture(page, `requests-${page.viewportSize()?.width}`);
  await page.getByRole("button", { name: "Open" }).click();
  await page.locator(".bubble").first().waitFor();
}
