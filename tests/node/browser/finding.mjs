/** Messages that are searched for, and messages that are pinned. */

import assert from "node:assert/strict";
import { accessible, picture } from "./page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "./run.mjs"
 */

/**
 * The hub makes new messages found a little later.
 * @param {Page} page
 * @param {string} query
 */
async function untilFound(page, query) {
  await page.waitForFunction(
    async (asked) => {
      const answer = await fetch(`/private_messages/api/messages/search?q=${asked}`);
      return (await answer.json()).length > 0;
    },
    query,
    { polling: 1_000 },
  );
}

/**
 * A search leads to the message where it stands, and back to the newest.
 * @type {Flow}
 */
export async function finding(visitors, { ann, ben, ann_id: annsId, ben_id: bensId }) {
  const [anns, bens] = [await visitors.open(ann), await visitors.open(ben)];
  await anns.getByLabel("Search conversations").waitFor();
  await anns.evaluate(
    async ({ to }) => {
      for (let number = 0; number < 240; number += 1) {
        const content = number === 3 ? "a needle <b>in</b> hay" : `straw ${number}`;
        await fetch(`/private_messages/api/messages/${to}`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ content }),
        });
      }
    },
    { to: bensId },
  );
  await untilFound(bens, "needle");
  const read = `/private_messages/api/messages/${annsId}/read`; // or all of it would be loaded
  await bens.evaluate((path) => fetch(path, { method: "PUT" }), read);
  await bens.reload(); // what came live is known
  await bens.locator(".item").waitFor();
  await bens.getByLabel("Search conversations").fill("needle");
  await bens.getByRole("button", { name: "Search messages for “needle”" }).click();
  const result = bens.locator(".result", { hasText: "a needle" });
  await result.waitFor();
  assert.equal(await result.locator("mark").textContent(), "needle");
  assert.equal(await result.locator("b").count(), 0);
  await accessible(bens);
  await picture(bens, "search");
  await result.focus();
  await bens.keyboard.press("Enter");
  const sought = bens.locator(".bubble.sought", { hasText: "a needle" });
  await sought.waitFor();
  assert.ok(await sought.evaluate((element) => element === document.activeElement));
  await bens.getByText("You are viewing earlier messages.").waitFor();
  await bens.locator(".bubble", { hasText: "straw 10" }).first().waitFor();
  await accessible(bens);
  await picture(bens, "past");
  await bens.getByRole("button", { name: "Later messages" }).click();
  await bens.locator(".bubble", { hasText: "straw 100" }).first().waitFor();
  await bens.getByRole("button", { name: "To the newest" }).click();
  await bens.locator(".bubble", { hasText: "straw 239" }).waitFor();
  await bens.goBack();
  await result.waitFor(); // what was found is there still
}

/**
 * What is pinned in a channel is in a list; who may not pin is not offered it.
 * @param {Page} ann who owns the workspace
 * @param {Page} ben
 * @param {string} text of a message that both see
 */
export async function pins(ann, ben, text) {
  await ann.locator(".bubble", { hasText: text }).last().hover();
  await ann.locator(".actions").getByRole("button", { name: "Pin", exact: true }).click();
  for (const page of [ann, ben]) {
    await page.locator(".bubble", { hasText: text }).getByRole("img", { name: "pinned" }).waitFor();
    await page.getByText("1 pinned").click();
  }
  assert.equal(await ben.getByRole("button", { name: "Unpin" }).count(), 0);
  await accessible(ann);
  await picture(ann, "pins");
  await ben.locator(".pins .result", { hasText: text }).click();
  await ben.locator(".bubble.sought", { hasText: text }).waitFor();
  await ben.locator(".bubble", { hasText: text }).last().hover();
  assert.equal(await ben.locator(".actions").getByRole("button", { name: "Pin" }).count(), 0);
  await ann.locator(".pins").getByRole("button", { name: "Unpin" }).click();
  for (const page of [ann, ben]) {
    await page.locator(".bubble .pin").waitFor({ state: "detached" });
    await page.getByText("1 pinned").waitFor({ state: "hidden" });
  }
}
