/** Who may write to whom, and what happens to what nobody may read. */

import assert from "node:assert/strict";
import {
  acceptFirst,
  accessible,
  bubbles,
  find,
  fromMenu,
  openFirst,
  picture,
  signInAs,
  stored,
  textBox,
  write,
} from "./page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "./run.mjs"
 */

/**
 * Press a button of the panel with people.
 * @param {Page} page
 * @param {string} name
 */
async function press(page, name) {
  await page.locator(".sheet").getByRole("button", { name, exact: true }).click();
}

/**
 * What the hub refuses says why, and can be sent again or discarded; a block closes the
 * conversation for both; the list can be searched.
 * @type {Flow}
 */
export async function permissions(visitors, { ann: annsCookie, ben: bensCookie, username }) {
  const ann = await visitors.open(annsCookie);
  const ben = await visitors.open(bensCookie);
  await fromMenu(ben, "Settings");
  await ben.getByRole("switch", { name: "Public profile", checked: true }).click();
  await ben.getByText("Private: only people who follow you").waitFor();
  await find(ann, username);
  await write(ann, "May I?");
  const failed = ann.locator(".bubble.failed");
  await failed.getByText("not allowed").waitFor();
  const before = await failed.elementHandle();
  await failed.getByRole("button", { name: "Send again" }).click();
  await before?.waitForElementState("hidden");
  await failed.getByText("not allowed").waitFor();
  assert.equal(await ann.locator(".bubble").count(), 1);
  const listed = ann.locator(".item", { hasText: "May I?" });
  await listed.waitFor();
  await failed.getByRole("button", { name: "Discard" }).click();
  await ann.getByText("No messages yet. Say hello.").waitFor();
  await listed.waitFor({ state: "detached" });
  await ben.getByRole("switch", { name: "Public profile", checked: false }).click();
  await ben.getByText("Everybody may write to you.").waitFor();
  await write(ann, "And now?");
  await stored(ann, 1);
  await acceptFirst(ben);
  const search = ben.getByLabel("Search conversations");
  await search.fill("nobody of that name");
  await ben.getByText("No matching conversations.").waitFor();
  await search.fill("ÁNN");
  await ben.locator(".item").click();
  assert.equal(await search.inputValue(), ""); // what was searched for is found
  assert.equal(await textBox(ben).isEnabled(), true);
  await ann.getByRole("button", { name: "People", exact: true }).click();
  await ann.getByLabel("Find people by username").fill(username.slice(1).toUpperCase());
  await ann.getByRole("button", { name: "Find", exact: true }).click();
  await press(ann, "Block");
  await ben.getByText("This conversation is closed.").first().waitFor();
  assert.equal(await textBox(ben).isEnabled(), false);
  await takenBack(ann, ben, username);
}

/**
 * A block that ends opens the conversation again; what was found says what can be done now.
 * @param {Page} ann
 * @param {Page} ben
 * @param {string} username Ben's
 */
async function takenBack(ann, ben, username) {
  const found = ann.locator(".sheet [aria-live] .person");
  await found.getByRole("button", { name: "Unblock" }).click(); // what was found says so, too
  await found.getByRole("button", { name: "Block" }).waitFor();
  await ann.locator(".sheet h3", { hasText: "Blocked" }).waitFor({ state: "detached" });
  await ann.getByLabel("Find people by username").fill(`@ann${username.slice(3)}`);
  await ann.getByRole("button", { name: "Find", exact: true }).click();
  await found.filter({ hasText: "@ann" }).waitFor();
  assert.equal(await found.getByRole("button").count(), 0); // nobody follows oneself
  await openFirst(ann);
  await write(ann, "Here I am again");
  await ben.getByText("Here I am again").first().waitFor();
  assert.equal(await textBox(ben).isEnabled(), true); // it is open again
  await ann.getByTitle("More").click();
  await ann.getByRole("button", { name: "Block" }).click();
  await ann.getByText("You have blocked this person.").first().waitFor();
  assert.equal(await textBox(ann).isEnabled(), false);
  await ann.getByTitle("More").press("Enter");
  await ann.getByRole("button", { name: "Unblock" }).click();
  await ann.locator(".compose textarea:enabled").waitFor();
  await ann.getByTitle("More").press("Enter");
  await ann.getByRole("button", { name: "Block" }).click();
  await ann.getByText("You have blocked this person.").first().waitFor();
  await ben.reload(); // nothing says any more that there is somebody who blocks
  await ben.locator("#note span", { hasText: "There is no such conversation." }).waitFor();
  assert.equal(await ben.getByText("Say hello").count(), 0);
}

/**
 * One's name and password; the focus stays where it was, and a link to nobody says so everywhere.
 * @type {Flow}
 */
export async function settings(visitors, { ann: annsCookie, ben: bensCookie, username, name }) {
  const ben = await visitors.open(bensCookie);
  const other = await visitors.open(null);
  await signInAs(other, username);
  await other.locator(".side").waitFor();
  await fromMenu(ben, "Settings");
  const profile = ben.getByRole("switch", { name: "Public profile" });
  await ben.getByLabel("Current password").fill("half of a pass");
  await profile.press("Enter");
  await ben.getByText("Private: only people who follow you").waitFor();
  assert.equal(await ben.getByLabel("Current password").inputValue(), "half of a pass");
  assert.equal(await profile.evaluate((each) => each === document.activeElement), true);
  assert.equal(await ben.getByLabel("First name").inputValue(), name.split(" ")[0]);
  await ben.getByLabel("Last name").fill("Novák");
  await ben.getByRole("button", { name: "Save name" }).click();
  await ben.locator("#note span", { hasText: "Your name is changed." }).waitFor();
  await ben.locator(".side .menu .name", { hasText: "Novák" }).waitFor({ state: "attached" });
  const change = ben.getByRole("button", { name: "Change password" });
  for (const [now, says] of [
    ["wrong horse", "The current password is wrong"],
    ["correct horse", "Your password is changed."],
  ]) {
    await ben.getByLabel("Current password").fill(now ?? "");
    await ben.getByLabel("New password").fill("another horse");
    await change.click();
    await ben
      .getByText(says ?? "")
      .first()
      .waitFor();
  }
  assert.equal(await ben.getByLabel("New password").inputValue(), "");
  await other.getByText("You were signed out.").waitFor();
  const phone = await visitors.open(annsCookie, { viewport: { width: 360, height: 640 } });
  await phone.goto(`${visitors.url}/#/person/999999`);
  await phone.reload();
  await phone.locator("#note span", { hasText: "There is no such conversation." }).waitFor();
}

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
  await openRequest(phone);
  await picture(phone, "phone-request");
  await accessible(phone);
  await openRequest(ben);
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
  await openRequest(ben);
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
async function openRequest(page) {
  await page.getByRole("button", { name: "Requests" }).click();
  await page.getByRole("heading", { name: "Requests" }).waitFor();
  await accessible(page);
  await picture(page, `requests-${page.viewportSize()?.width}`);
  await page.getByRole("button", { name: "Open" }).click();
  await page.locator(".bubble").first().waitFor();
}
