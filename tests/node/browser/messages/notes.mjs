/** What a user notes for themself, on two devices of theirs. */

import assert from "node:assert/strict";
import { accessible, mute, other as choose, picture, stored, write } from "../page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "../run.mjs"
 */

/**
 * Wait until the conversation with somebody has so many unread messages, and the page's title.
 * @param {Page} page
 * @param {string} name
 * @param {number} count
 * @param {string} title
 */
async function unread(page, name, count, title) {
  const badge = page.locator(".item", { hasText: name }).locator(".badge");
  if (count === 0) await badge.waitFor({ state: "detached" });
  else await badge.and(page.getByText(String(count), { exact: true })).waitFor();
  await page.waitForFunction((wanted) => document.title === wanted, title);
}

/**
 * What is seldom wanted is behind a button; Escape leaves it, and goes back there.
 * @param {Page} page
 */
async function lists(page) {
  await page.locator(".bubble", { hasText: "second" }).hover();
  await page.getByTitle("Other actions").click();
  await page.getByRole("button", { name: "Forward…" }).and(page.locator(":focus")).waitFor();
  await accessible(page);
  await picture(page, "web-other-actions");
  await page.keyboard.press("Escape");
  await page.locator('.others:focus[aria-expanded="false"]').waitFor();
  await page.locator(".rare").waitFor({ state: "hidden" });
}

/**
 * @param {Page} one has the conversation open
 * @param {Page} other another device, that has not
 * @param {string} ann
 */
async function marksUnread(one, other, ann) {
  await unread(one, ann, 0, "Parlour");
  await choose(one, "second", "Mark unread from here");
  for (const page of [one, other]) await unread(page, ann, 2, "(2) Parlour");
  await one.locator(".day.new + .bubble", { hasText: "second" }).waitFor();
  await accessible(one);
  await picture(one, "web-unread-from-here");
  await other.locator(".item", { hasText: ann }).click();
  for (const page of [one, other]) await unread(page, ann, 0, "Parlour");
}

/**
 * A hidden message is gone on both devices, and not for its author; it can be taken back.
 * @param {Page} one
 * @param {Page} other
 * @param {Page} author
 */
async function hides(one, other, author) {
  const second = (/** @type {Page} */ page) => page.locator(".bubble", { hasText: "second" });
  await one.locator(".bubble", { hasText: "third" }).press("ArrowUp");
  await one.getByTitle("Other actions").press("Enter");
  await one.getByRole("button", { name: "Hide for me" }).press("Enter");
  for (const page of [one, other]) await second(page).waitFor({ state: "detached" });
  await one.locator(".bubble:focus", { hasText: "third" }).waitFor(); // the keys go on from there
  await accessible(one);
  await picture(one, "web-hidden");
  await one.getByRole("button", { name: "Undo" }).click();
  for (const page of [one, other]) await second(page).waitFor();
  await other.route(/\/hidden$/, async (route) => {
    await other.locator(".bubble", { hasText: "first" }).hover(); // before it is hidden
    await route.continue();
  });
  await choose(other, "second", "Hide for me");
  for (const page of [one, other]) await second(page).waitFor({ state: "detached" });
  await other.locator(".bubble:focus", { hasText: "third" }).waitFor();
  assert.equal(await second(author).count(), 1);
  await one.reload();
  await one.locator(".bubble", { hasText: "third" }).waitFor();
  assert.equal(await second(one).count(), 0);
}

/**
 * Of a muted conversation nothing is counted but what mentions the user; that is undone where it is seen.
 * @param {Page} one
 * @param {Page} other
 * @param {Page} author
 * @param {string} ann
 * @param {string} username
 */
async function mutes(one, other, author, ann, username) {
  const quiet = (/** @type {Page} */ page) => page.locator(".item.quiet", { hasText: ann });
  const mention = (/** @type {Page} */ page) =>
    quiet(page).getByLabel("1 mention", { exact: true });
  await mute(one, "Mute for 8 hours");
  for (const page of [one, other]) {
    await quiet(page)
      .getByLabel(/^muted until/)
      .waitFor();
    await page.locator(".state", { hasText: "muted until" }).waitFor();
  }
  for (const page of [one, other])
    await page.getByRole("button", { name: "People", exact: true }).click();
  await write(author, "fourth");
  for (const page of [one, other]) {
    await quiet(page).locator(".last", { hasText: "fourth" }).waitFor();
    await unread(page, ann, 0, "Parlour");
  }
  await write(author, `@${username}, fifth`);
  for (const page of [one, other]) await mention(page).waitFor();
  await accessible(one);
  await picture(one, "web-muted");
  await one.emulateMedia({ colorScheme: "dark" });
  await accessible(one);
  await picture(one, "web-muted-dark");
  await other.reload();
  await mention(other).waitFor();
  await one.locator(".item", { hasText: ann }).click();
  for (const page of [one, other]) await unread(page, ann, 0, "Parlour");
  await one.getByRole("button", { name: /^Unmute \(muted until/ }).press("Enter");
  await one.locator(".menu summary:focus").waitFor();
  for (const page of [one, other]) {
    await page.locator(".item:not(.quiet)", { hasText: ann }).waitFor();
  }
  await write(author, "sixth");
  await unread(other, ann, 0, "Parlour"); // read on the other device
}

/** @type {Flow} */
export async function notes(visitors, given) {
  const { ann: annsCookie, ben: bensCookie, ann_id: annsId, ben_id: bensId } = given;
  const author = await visitors.open(annsCookie, {}, `${visitors.url}#/person/${bensId}`);
  for (const [at, word] of ["first", "second", "third"].entries()) {
    await write(author, word);
    await stored(author, at + 1);
  }
  const one = await visitors.open(bensCookie, {}, `${visitors.url}#/person/${annsId}`);
  const other = await visitors.open(bensCookie, {}, `${visitors.url}#/people`);
  const ann = (await one.locator(".item .title").first().textContent()) ?? "";
  await one.locator(".bubble", { hasText: "third" }).waitFor();
  await lists(one);
  await marksUnread(one, other, ann.replace(/ \(online\)$/, ""));
  await hides(one, other, author);
  await mutes(one, other, author, ann.replace(/ \(online\)$/, ""), given.username);
}
