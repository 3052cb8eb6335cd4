/** People and a whole channel are mentioned: chosen while one writes, marked, counted, notified of. */

import assert from "node:assert/strict";
import {
  accessible,
  activity,
  makeGarden,
  picture,
  stored,
  textBox,
  unreadEntries,
  write,
} from "../page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "../run.mjs"
 */

/** @param {Page} page */
function options(page) {
  return page.getByRole("listbox", { name: "Mention suggestions" }).getByRole("option");
}

/** @param {Page} page */
function badge(page) {
  return page.locator(".item", { hasText: "general" }).getByRole("img", { name: /mention/ });
}

/**
 * Whom one may mention is chosen with the keys, as a screen reader is told, or with a pointer.
 * @param {Page} ann who owns the workspace
 */
async function choose(ann) {
  const field = textBox(ann);
  await field.pressSequentially("Look, @b");
  await options(ann).filter({ hasText: "@ben" }).waitFor();
  assert.equal(await options(ann).count(), 1);
  const active = await field.getAttribute("aria-activedescendant");
  assert.equal(await options(ann).first().getAttribute("id"), active);
  assert.equal(await options(ann).first().getAttribute("aria-selected"), "true");
  await ann.locator("#announcer", { hasText: "1 suggestion" }).waitFor({ state: "attached" });
  await accessible(ann);
  await picture(ann, "web-mention");
  await field.press("Escape");
  await options(ann).first().waitFor({ state: "detached" });
  assert.equal(await field.inputValue(), "Look, @b");
  await field.press("e");
  await field.press("Enter"); // takes the name, and sends nothing
  assert.equal(await field.inputValue(), "Look, @ben ");
  await field.press("Enter");
  await stored(ann, 1);
  await field.pressSequentially("@");
  await options(ann).nth(1).waitFor();
  await field.press("ArrowDown");
  await options(ann)
    .filter({ hasText: "@channel" })
    .and(ann.locator("[aria-selected=true]"))
    .waitFor();
  await field.press("ArrowDown"); // from the last to the first
  await options(ann).first().and(ann.locator("[aria-selected=true]")).waitFor();
  await options(ann).filter({ hasText: "@channel" }).click();
  assert.equal(await field.inputValue(), "@channel ");
  await field.fill("");
  await field.pressSequentially("mail ann@b");
  await options(ann).first().waitFor({ state: "detached" });
  await field.fill("");
}

/**
 * What is not looked at is counted, apart from what is unread, until it is read or taken back.
 * @param {Page} ann
 * @param {Page} ben
 */
async function counts(ann, ben) {
  await write(ann, "@ben again");
  await badge(ben)
    .and(ben.getByLabel("2 mentions", { exact: true }))
    .waitFor();
  await write(ann, "nobody");
  await ben.locator(".item .badge", { hasText: /^3$/ }).waitFor();
  await ann.evaluate(async () => {
    const base = "/learning_platform/api";
    const [{ id }] = await (await fetch(`${base}/users/me/channels`)).json();
    /** @type {{ id: number, content: string }[]} */
    const messages = await (await fetch(`${base}/channels/${id}/messages`)).json();
    const message = messages.find(({ content }) => content === "@ben again");
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ content: "never mind" });
    await fetch(`${base}/messages/${message?.id}`, {
      method: "PATCH",
      headers,
      body,
    });
  });
  await badge(ben)
    .and(ben.getByLabel("1 mention", { exact: true }))
    .waitFor();
  await ben.reload(); // the hub counts the same
  await badge(ben)
    .and(ben.getByLabel("1 mention", { exact: true }))
    .waitFor();
  await accessible(ben);
  await picture(ben, "web-mention-badge");
}

/**
 * Unread mentions are listed, as they are now, and each leads to where it stands; read ones on request.
 * @param {Page} ann
 * @param {Page} ben
 */
async function lists(ann, ben) {
  await (await activity(ben, 1)).click();
  await (await unreadEntries(ben, 1)).filter({ hasText: "Look, @ben" }).waitFor();
  await ben.getByText("You follow no threads").waitFor();
  await write(ann, "`@ben` is code, and @ben is not");
  await activity(ben, 2);
  const found = await unreadEntries(ben, 2);
  await accessible(ben);
  await picture(ben, "web-activity");
  await ben.emulateMedia({ colorScheme: "dark" });
  await accessible(ben);
  await ben.setViewportSize({ width: 390, height: 800 });
  assert.equal(await ben.evaluate(() => document.documentElement.scrollWidth), 390);
  await picture(ben, "web-phone-activity-dark");
  await ben.emulateMedia({ colorScheme: null });
  await ben.setViewportSize({ width: 1440, height: 900 });
  await found.filter({ hasText: "Look, @ben" }).press("Enter");
  await ben.locator(".bubble.sought:focus", { hasText: "Look, @ben" }).waitFor();
  const code = ben.locator(".bubble", { hasText: "is code" });
  assert.equal(await code.locator(".mention").count(), 1);
  await badge(ben).waitFor({ state: "detached" });
  await (await activity(ben, 0)).click();
  await ben.getByText("No unread mentions").waitFor();
  await ben.getByRole("button", { name: "Show read mentions, too" }).click();
  await ben.locator(".activity .result:focus", { hasText: "is code" }).press("Enter");
  await ben.locator(".bubble.sought", { hasText: "is code" }).waitFor();
}

/**
 * What the hub says is a mention is marked, one's own more strongly, and nothing else is.
 * @param {Page} ann
 * @param {Page} ben
 */
async function marks(ann, ben) {
  const first = (/** @type {Page} */ page) => page.locator(".bubble", { hasText: "Look, @ben" });
  await first(ben)
    .locator("strong.mention.own", { hasText: /^@ben$/ })
    .waitFor();
  await first(ann)
    .locator("span.mention", { hasText: /^@ben$/ })
    .waitFor();
  await write(ann, "@channel and @nobody, https://example.org/@ben");
  await ben.locator("strong.mention.own", { hasText: "@channel" }).waitFor();
  const last = ben.locator(".bubble", { hasText: "@nobody" });
  assert.deepEqual(await last.locator(".mention").allTextContents(), ["@channel"]);
  await accessible(ben);
  const field = textBox(ben);
  await field.pressSequentially("@");
  await options(ben).first().waitFor();
  assert.equal(await options(ben).filter({ hasText: "@channel" }).count(), 0); // a member may not
  await field.fill("");
}

/**
 * While one edits, names are suggested as while one writes.
 * @param {Page} ann
 * @param {Page} ben
 */
async function edits(ann, ben) {
  await ann.locator(".bubble", { hasText: "@nobody" }).hover();
  await ann.locator(".actions").getByRole("button", { name: "Edit", exact: true }).click();
  const field = ann.getByRole("textbox", { name: "Edit your message" });
  await field.fill("Look again, ");
  await field.pressSequentially("@b");
  await options(ann).filter({ hasText: "@ben" }).waitFor();
  await accessible(ann);
  await picture(ann, "web-mention-edit");
  await field.press("Escape"); // leaves the names, and goes on editing
  await options(ann).first().waitFor({ state: "detached" });
  assert.equal(await field.inputValue(), "Look again, @b");
  await field.press("e");
  await options(ann).filter({ hasText: "@ben" }).waitFor();
  await field.press("Enter"); // takes the name, and saves nothing
  assert.equal(await field.inputValue(), "Look again, @ben ");
  await field.press("Enter");
  const edited = ben.locator(".bubble", { hasText: "Look again" });
  await edited.locator("strong.mention.own", { hasText: /^@ben$/ }).waitFor();
}

/**
 * Who is elsewhere is notified, also of a channel that they have muted.
 * @param {Page} ann
 * @param {Page} ben
 */
async function notifies(ann, ben) {
  await ben.evaluate(async () => {
    const [{ id }] = await (await fetch("/learning_platform/api/users/me/channels")).json();
    await fetch(`/learning_platform/api/channels/${id}/muted`, { method: "PUT" });
    /** @type {string[]} */
    const titles = [];
    class FakeNotification {
      static permission = "granted";
      static requestPermission = async () => "granted";
      /** @param {string} title */
      constructor(title) {
        titles.push(title);
      }
    }
    Object.assign(globalThis, { titles, Notification: FakeNotification });
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
  });
  await write(ann, "Are you there, @ben?");
  await badge(ben).waitFor();
  await ben.waitForFunction(() =>
    Reflect.get(globalThis, "titles").includes("You are mentioned: #general"),
  );
}

/** @type {Flow} */
export async function mentioning(visitors, { guests }) {
  const [first = "", second = ""] = guests;
  const ann = await visitors.open(null, {}, first);
  const ben = await visitors.open(null, { permissions: ["notifications"] }, second);
  for (const page of [ann, ben]) await page.getByRole("button", { name: /^Sign in as/ }).click();
  await makeGarden(ann);
  await ann.locator(".item", { hasText: "general" }).click();
  await ben.locator(".item", { hasText: "general" }).waitFor();
  await choose(ann);
  await badge(ben)
    .and(ben.getByLabel("1 mention", { exact: true }))
    .waitFor();
  await counts(ann, ben);
  await lists(ann, ben);
  await marks(ann, ben);
  await edits(ann, ben);
  await notifies(ann, ben);
}
