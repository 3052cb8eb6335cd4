/** Workspaces and their channels. */

import assert from "node:assert/strict";
import { pins } from "./finding.mjs";
import { accessible, makeGarden, picture, stored, write } from "./page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "./run.mjs"
 */

/**
 * A workspace is made, somebody let in; they talk in its channel, and @AI answers, typing first.
 * @type {Flow}
 */
async function channels(visitors, { guests }, questions) {
  const [ann, ben] = await Promise.all(guests.map((guest) => visitors.open(null, {}, guest)));
  if (ann === undefined || ben === undefined) throw new Error("two links are needed");
  for (const page of [ann, ben]) await page.getByRole("button", { name: /^Sign in as/ }).click();
  await ben.getByText("No conversations yet").waitFor();
  await makeGarden(ann);
  await ann.getByLabel("New channel in Garden").fill("roses");
  await ann.locator("form", { hasText: "New channel in Garden" }).getByRole("button").click();
  await ann.locator(".sheet .person", { hasText: "roses" }).waitFor();
  await ann.getByLabel("New channel in Garden").fill("Roses");
  await ann.locator("form", { hasText: "New channel in Garden" }).getByRole("button").click();
  await ann.getByText("The name “Roses” is already taken.").waitFor();
  await picture(ann, "workspaces");
  await accessible(ann);
  await ann.locator(".sheet .person", { hasText: "general" }).getByRole("button").click();
  await write(ann, "Good morning");
  await stored(ann, 1);
  const general = ben.locator(".item", { hasText: "general" });
  await general.locator(".badge", { hasText: "1" }).waitFor();
  await general.click();
  await ben.locator(".bubble.theirs .author", { hasText: "ann" }).waitFor();
  await ann.locator('.bubble[data-status="read"]').waitFor();
  await write(ben, "@AI when do roses bloom?");
  for (const page of [ann, ben]) await page.getByText("AI Tutor is typing…").waitFor();
  await questions.ask({ want: "answer" });
  for (const page of [ann, ben]) {
    await page.locator(".bubble.theirs", { hasText: "In June" }).waitFor();
    await page.getByText("AI Tutor is typing…").waitFor({ state: "detached" });
  }
  await picture(ben, "channel");
  await accessible(ben);
  await pins(ann, ben, "Good morning");
  await ann.getByRole("button", { name: "People", exact: true }).click();
  await write(ben, "one more");
  const unread = ann.locator(".item", { hasText: "general" }).locator(".badge", { hasText: "1" });
  await unread.waitFor();
  await ann.locator(".item", { hasText: "general" }).click();
  await unread.waitFor({ state: "detached" });
  await removed(ann, ben);
}

/**
 * A new channel is there at once; who is let out of the workspace sees so at once.
 * @param {Page} ann
 * @param {Page} ben
 */
async function removed(ann, ben) {
  await ann.getByRole("button", { name: "Channels" }).click();
  await ann.getByLabel("New channel in Garden").fill("tulips");
  await ann.locator("form", { hasText: "New channel in Garden" }).getByRole("button").click();
  await ann.locator(".sheet .person", { hasText: "tulips" }).waitFor();
  await ben.locator(".item", { hasText: "tulips" }).waitFor();
  await changeMembers(ann, "DELETE");
  await ben.getByText("This conversation is closed.").first().waitFor();
  await ben.locator(".item", { hasText: "general" }).waitFor({ state: "detached" });
  await changeMembers(ann, "POST");
  await ben.locator(".item", { hasText: "general" }).waitFor();
  await ben.waitForFunction(() => document.querySelector("textarea")?.disabled === false);
  const items = await ben.locator(".item").allTextContents();
  const at = ["general", "roses", "tulips"].map((name) =>
    items.findIndex((text) => text.includes(name)),
  );
  assert.deepEqual(at, [0, 1, 2]); // the one that was written in last keeps its place
}

/**
 * @param {Page} ann who owns the workspace
 * @param {string} method POST to let the guest in, DELETE to let them go
 */
async function changeMembers(ann, method) {
  await ann.evaluate(async (given) => {
    const base = "/learning_platform/api/workspaces";
    const [{ id, ownerId }] = await (await fetch(base)).json();
    const other = ownerId + 1; // the other guest of the demo
    const path = given === "DELETE" ? `${base}/${id}/members/${other}` : `${base}/${id}/members`;
    const headers = { "Content-Type": "application/json" };
    const body = given === "DELETE" ? null : JSON.stringify({ userId: other });
    await fetch(path, { method: given, headers, body });
  }, method);
}

/**
 * Who is added to a workspace is asked; its people are shown, promoted and put out.
 * @type {Flow}
 */
async function invitations(visitors, { guests }) {
  const [ann, ben] = await Promise.all(guests.map((guest) => visitors.open(null, {}, guest)));
  if (ann === undefined || ben === undefined) throw new Error("two links are needed");
  for (const page of [ann, ben]) await page.getByRole("button", { name: /^Sign in as/ }).click();
  await ann.getByRole("button", { name: "Channels" }).click();
  await ann.getByLabel("New workspace").fill("Garden");
  await ann.getByRole("button", { name: "Create" }).click();
  const invite = async () => {
    await ann.getByLabel("Add a user to Garden, by username").fill("ben");
    await ann.getByRole("button", { name: "Add" }).click();
    await ann.locator("#note span", { hasText: "Ben is invited." }).waitFor();
    await ben.getByRole("button", { name: "Channels 1 invitations" }).waitFor();
    await ben.getByRole("button", { name: "Channels" }).click();
    await ben.getByRole("heading", { name: "Invitations" }).waitFor();
  };
  const tab = await visitors.openTab(ben);
  await invite();
  await tab.getByRole("button", { name: "Channels 1 invitations" }).waitFor();
  assert.equal(await ben.locator(".item", { hasText: "general" }).count(), 0);
  await picture(ben, "invitation");
  await accessible(ben);
  await ben.getByRole("button", { name: "Decline" }).click();
  await ben.getByRole("heading", { name: "Invitations" }).waitFor({ state: "detached" });
  await tab.getByRole("button", { name: "Channels", exact: true }).waitFor();
  await invite();
  await ben.getByRole("button", { name: "Accept" }).click();
  await ben.locator(".item", { hasText: "general" }).waitFor();
  const title = ann.getByLabel("New channel in Garden");
  await title.fill("Roses");
  await ann.getByRole("button", { name: "Show people" }).click();
  const bens = ann.locator(".members .person", { hasText: "@ben" });
  await bens.getByRole("button", { name: "Make moderator" }).click();
  await bens.getByText("moderator", { exact: false }).first().waitFor();
  assert.equal(await title.inputValue(), "Roses"); // the list was drawn again
  await picture(ann, "members");
  await accessible(ann);
  await ben.getByRole("button", { name: "Show people" }).click();
  const buttons = ben.locator(".members").getByRole("button");
  await buttons.first().waitFor();
  assert.deepEqual(await buttons.allTextContents(), ["Leave"]); // ann owns it, ben moderates
  await bens.getByRole("button", { name: "Remove" }).click();
  await bens.waitFor({ state: "detached" });
  await ben.locator(".item", { hasText: "general" }).waitFor({ state: "detached" });
}

export const CHANNELS = { channels, invitations };
