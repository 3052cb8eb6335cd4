/** Messages that are edited, deleted and reacted to, with a pointer, keys and fingers. */

import assert from "node:assert/strict";
import { accessible, openFirst, picture, stored, write } from "../page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "../run.mjs"
 */

const MARKUP = '<img src=x onerror="document.title=1"> & <b>bold</b>';

/**
 * Do something with a message by its button.
 * @param {Page} page
 * @param {string} text of the message
 * @param {string} word
 */
async function act(page, text, word) {
  await page.locator(".bubble", { hasText: text }).last().hover();
  await page.locator(".actions").getByRole("button", { name: word, exact: true }).click();
}

/**
 * @param {Page} page
 * @param {string} text
 */
async function topOf(page, text) {
  const box = await page.locator(".bubble", { hasText: text }).first().boundingBox();
  return box?.y ?? Number.NaN;
}

/**
 * @param {Page} ann
 * @param {Page} ben
 */
async function edits(ann, ben) {
  await act(ann, "Helo", "Edit");
  const field = ann.getByRole("textbox", { name: "Edit your message" });
  assert.equal(await field.inputValue(), "Helo");
  await accessible(ann);
  await field.press("Escape");
  await ann.locator(".bubble", { hasText: "Helo" }).waitFor();
  await act(ann, "Helo", "Edit");
  await field.fill("   ");
  await field.press("Enter"); // there is nothing to save
  await act(ann, "Helo", "Edit");
  await field.fill(MARKUP);
  await field.press("Enter");
  for (const page of [ann, ben]) {
    await page
      .locator(".bubble", { hasText: MARKUP })
      .getByText(/· edited \d/)
      .waitFor();
    assert.equal(await page.locator(".bubble img, .bubble b").count(), 0);
  }
  await ben.locator(".item", { hasText: "bold" }).waitFor(); // in the list, too
}

/**
 * @param {Page} ann
 * @param {Page} ben
 * @param {string} name Ben's
 */
async function reacts(ann, ben, name) {
  await act(ben, "bold", "React");
  await accessible(ben);
  await ben.getByRole("button", { name: "React with 👍" }).click();
  const theirs = ann.locator(".reaction", { hasText: "👍 1" });
  await theirs.waitFor();
  assert.equal(await theirs.getAttribute("title"), name);
  await theirs.click();
  const both = ben.getByRole("button", { name: /^👍 2: You, ann/i });
  await both.waitFor();
  assert.equal(await both.getAttribute("aria-pressed"), "true");
  await both.focus();
  await ann.keyboard.press("Space"); // it has the focus still, though it is drawn anew
  await ben.getByRole("button", { name: "👍 1: You", exact: true }).waitFor();
  assert.equal(await ben.evaluate(() => document.activeElement?.getAttribute("data-emoji")), "👍");
  await ben.keyboard.press("Space");
  for (const page of [ann, ben]) await page.locator(".reaction").waitFor({ state: "detached" });

  const scroll = ben.locator(".scroll");
  await scroll.focus();
  for (const key of ["ArrowUp", "Tab", "Enter"]) await ben.keyboard.press(key); // React
  await ben.getByRole("textbox", { name: "Another emoji" }).fill("🦦");
  await ben.keyboard.press("Enter");
  await ann.locator(".reaction", { hasText: "🦦 1" }).waitFor();
  await ben.keyboard.press("Enter");
  await ben.getByRole("textbox", { name: "Another emoji" }).fill("<b>");
  await ben.keyboard.press("Enter");
  await ben.locator("#announcer", { hasText: /emoji/i }).waitFor({ state: "attached" });
}

/**
 * What is deleted is gone everywhere, and counts as unread nowhere.
 * @param {Page} ann
 * @param {Page} ben
 */
async function deletes(ann, ben) {
  await ben.goto(`${new URL(ben.url()).origin}/#/people`);
  await write(ann, "a mistake");
  await write(ann, "meant so");
  await ben.locator(".badge", { hasText: "2" }).waitFor();
  await stored(ann, 3);
  await act(ann, "a mistake", "Delete");
  await ann.getByRole("button", { name: "Cancel" }).click();
  await act(ann, "a mistake", "Delete");
  await accessible(ann);
  await ann.getByText("Delete this message for everybody?").waitFor();
  await ann.keyboard.press("Enter"); // the button has the focus
  await ann.locator(".bubble", { hasText: "This message was deleted" }).waitFor();
  await ben.locator(".badge", { hasText: /^1$/ }).waitFor();
  await ben.locator(".item").first().click();
  await ben.locator(".bubble", { hasText: "meant so" }).waitFor();
  assert.equal(await ben.getByText("a mistake").count(), 0);
  await ann.locator(".bubble", { hasText: "deleted" }).hover();
  assert.equal(await ann.locator(".actions .button:visible").count(), 0);
}

/**
 * Nothing that happens to messages above moves what is read.
 * @param {Page} ann
 * @param {Page} ben
 */
async function staysInView(ann, ben) {
  for (let number = 1; number <= 30; number += 1) {
    await write(ann, `number ${number}`);
    await stored(ann, number + 3);
  }
  await ben.locator(".words", { hasText: /^number 30$/ }).waitFor();
  await ben.setViewportSize({ width: 1_000, height: 500 });
  await ben.locator(".scroll").evaluate((scroll) => {
    scroll.scrollTo(0, scroll.scrollHeight / 2.5);
  });
  await ben.locator(".jump").waitFor();
  const before = await topOf(ben, "number 16");
  assert.ok((await topOf(ben, "number 5")) < 0 && before > 0);
  await act(ann, "number 4", "React");
  await ann.keyboard.press("Enter");
  await act(ann, "number 5", "Edit");
  await ann.getByRole("textbox", { name: "Edit your message" }).fill("long\n".repeat(9));
  await ann.keyboard.press("Enter");
  await ben.locator(".bubble.edited", { hasText: "long" }).waitFor();
  assert.ok(Math.abs((await topOf(ben, "number 16")) - before) < 2, "it jumped");
}

/**
 * With a finger: a long press opens what can be done, the emoji first.
 * @param {Page} page
 */
async function touches(page) {
  await openFirst(page);
  await page.emulateMedia({ colorScheme: "dark" });
  const box = await page.locator(".bubble.theirs .words").last().boundingBox();
  assert.ok(box);
  const session = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + 5, y: box.y + 8 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.locator(".actions.open").waitFor();
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await accessible(page);
  await picture(page, "web-phone-actions");
  await page.getByRole("button", { name: "React with ❤️" }).tap();
  const heart = page.getByRole("button", { name: "❤️ 1: You" });
  await heart.waitFor();
  const size = await heart.boundingBox();
  assert.ok(size !== null && size.height >= 44 && size.width >= 44, "too small for a finger");
  await heart.tap();
  await heart.waitFor({ state: "detached" });
}

/** @type {Flow} */
export async function changing(visitors, given) {
  const { ann: annsCookie, ben: bensCookie, ann_id: annsId, ben_id: bensId, name } = given;
  const ann = await visitors.open(annsCookie, {}, `${visitors.url}#/person/${bensId}`);
  await write(ann, "Helo");
  await stored(ann, 1);
  const ben = await visitors.open(bensCookie, {}, `${visitors.url}#/person/${annsId}`);
  await ben.locator(".bubble.theirs").waitFor();
  await edits(ann, ben);
  await reacts(ann, ben, name);
  await picture(ann, "web-reactions");
  await deletes(ann, ben);
  await staysInView(ann, ben);
  const small = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
  await touches(await visitors.open(bensCookie, small));
}
