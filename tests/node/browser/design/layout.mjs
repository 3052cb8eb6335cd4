/** How the page looks, as far as a program can tell: sizes, contrast, and what fits. */

import assert from "node:assert/strict";
import {
  accessible,
  find,
  fromMenu,
  openFirst,
  signInAs,
  stored,
  textBox,
  write,
} from "../page.mjs";
import { lines, targets } from "./measures.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "../run.mjs"
 */

const LEAST_SHORT = 18; // messages of a few words in sight at 1440 x 900
const MAX_COLUMN_PX = 860;
const LEAST_CONTRAST = 3; // of what shows where a control is: WCAG 2.2, 1.4.11
const LEAST_TARGET_PX = 44;

/**
 * Many messages are in sight, in one column; lines can be seen in both schemes; the address names what
 * is open.
 * @type {Flow}
 */
async function desktop(visitors, given) {
  const { ann: annsCookie, ben: bensCookie, ann_id: annsId, ben_id: bensId, username } = given;
  const ann = await visitors.open(annsCookie);
  await find(ann, username);
  await write(ann, "Hello");
  await stored(ann, 1);
  const ben = await visitors.open(bensCookie);
  await openFirst(ben);
  for (let count = 1; count <= LEAST_SHORT / 2 + 1; count += 1) {
    await write(ben, `Number ${count}`);
    await stored(ben, count);
    await write(ann, "Yes");
    await stored(ann, count + 1);
  }
  await ann.locator(".bubble").nth(LEAST_SHORT).waitFor();
  const { count, left, right } = await ann.evaluate(() => {
    const view = document.querySelector(".scroll")?.getBoundingClientRect();
    const boxes = [...document.querySelectorAll(".bubble")].map((each) =>
      each.getBoundingClientRect(),
    );
    const isInView = (/** @type {DOMRect} */ { top, bottom }) =>
      view !== undefined && top >= view.top && bottom <= view.bottom;
    return {
      count: boxes.filter(isInView).length,
      left: Math.min(...boxes.map((box) => box.left)),
      right: Math.max(...boxes.map((box) => box.right)),
    };
  });
  assert.ok(count >= LEAST_SHORT, `only ${count} messages are in sight`);
  assert.ok(right - left <= MAX_COLUMN_PX, `the column is ${right - left} wide`);
  await legible(ann);
  await places(ann, bensId);
  const invited = await visitors.open(null, {}, `${visitors.url}#/person/${bensId}`);
  await signInAs(invited, "anndesktop@example.org");
  await invited.locator(".bubble").first().waitFor();
  await invited.goto(`${visitors.url}#/person/${annsId}`);
  await invited.getByText("This is your own invite link").waitFor();
}

/**
 * @param {Page} page
 */
async function legible(page) {
  for (const colorScheme of /** @type {const} */ (["dark", "light"])) {
    await page.emulateMedia({ colorScheme });
    const found = await page.evaluate(lines);
    assert.ok(found.length >= 2, "there are hardly any lines");
    const faint = found.filter(({ ratio }) => ratio < LEAST_CONTRAST);
    assert.deepEqual(faint, [], `too faint in the ${colorScheme} scheme`);
    await accessible(page);
  }
}

/**
 * The address names what is open; a link leads there, and Back leads back.
 * @param {Page} page
 * @param {number} id of the one that a conversation is open with
 */
async function places(page, id) {
  assert.equal(new URL(page.url()).hash, `#/person/${id}`);
  await fromMenu(page, "Settings");
  assert.equal(new URL(page.url()).hash, "#/settings");
  await page.getByRole("switch").first().waitFor();
  await legible(page);
  await page.goBack();
  await page.locator(".bubble").first().waitFor();
  for (const [place, text] of [
    ["#/channels", "New workspace"],
    ["#/person/999999999", "There is no such conversation."],
  ]) {
    await page.goto(page.url().replace(/#.*/, place ?? ""));
    await page.reload();
    await page
      .getByText(text ?? "")
      .first()
      .waitFor();
  }
  await page.goBack();
  await page.getByText("New workspace").waitFor();
}

/** @type {[place: string | null, shown: string][]} where the page is, and what is there at last */
const PLACES = [
  [null, ".pane > header"],
  ["people", ".person button"],
  ["channels", ".inline button"],
  ["settings", ".switch"],
  ["", ".item"],
];

/**
 * On the smallest phone nothing is out of reach, and everything is large enough for a finger; what can
 * be done with a message comes with a long press.
 * @type {Flow}
 */
async function touch(visitors, { ann: annsCookie, ben: bensCookie, ann_id: annsId, username }) {
  const ben = await visitors.open(bensCookie);
  const small = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
  const ann = await visitors.open(annsCookie, small);
  await find(ann, username);
  await write(ann, "Hello");
  await ann.getByRole("button", { name: "Send", exact: true }).tap();
  const focused = await ann.evaluate(() => document.activeElement?.tagName);
  assert.equal(focused, "TEXTAREA"); // so the keyboard of the screen stays
  await stored(ann, 1);
  await ben.goto(`${visitors.url}#/person/${annsId}`);
  await write(ben, "A longer message, with a link: https://example.org/a/rather/long/address");
  await ann.locator(".bubble.theirs").waitFor();
  for (const [place, shown] of PLACES) {
    if (place !== null) await ann.goto(`${visitors.url}#/${place}`.replace(/#\/$/, "#"));
    await ann.locator(shown).first().waitFor();
    const menus = ann.locator("summary:visible");
    if ((await menus.count()) > 0) await menus.click();
    const found = await ann.evaluate(targets);
    assert.ok(found.length > 2, "there is hardly anything to press");
    const tiny = found.filter(({ width, height }) => Math.min(width, height) < LEAST_TARGET_PX);
    assert.deepEqual(tiny, [], `too small for a finger at ${place}`);
    await ann.setViewportSize({ width: 320, height: 568 });
    const wide = await ann.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(wide, 320);
    await ann.setViewportSize(small.viewport);
  }
  await accessible(ann); // the menu is open
  await ann.keyboard.press("Escape");
  await openFirst(ann);
  await tooLong(ann);
  await longPress(ann, ".bubble.theirs .words");
  await accessible(ann);
  await ann.getByRole("button", { name: "Copy" }).tap();
  await ann.getByText("Copied").first().waitFor();
  await longPress(ann, ".bubble.theirs .words");
  await ann.getByRole("button", { name: "Reply", exact: true }).tap();
  await ann.locator(".replying", { hasText: "A longer message" }).waitFor();
  await longPress(ann, ".bubble.theirs .words");
  await ann.touchscreen.tap(180, 120); // elsewhere
  await ann.locator(".actions").waitFor({ state: "detached" });
  assert.equal(await textBox(ann).inputValue(), "");
}

/**
 * How much is too long is said where it takes nothing of the field's width.
 * @param {Page} page
 */
async function tooLong(page) {
  const widthOf = async () => (await textBox(page).boundingBox())?.width;
  const width = await widthOf();
  await textBox(page).fill("x".repeat(50_000));
  await page.getByText("46,000 characters too long").waitFor();
  assert.equal(await widthOf(), width);
  await textBox(page).fill("");
}

/**
 * @param {Page} page
 * @param {string} selector
 */
async function longPress(page, selector) {
  const box = await page.locator(selector).boundingBox();
  assert.ok(box);
  const session = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + 10, y: box.y + 8 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.locator(".actions.open").waitFor();
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

export const LAYOUT = { desktop, touch };
