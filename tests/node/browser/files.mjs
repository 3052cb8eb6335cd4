/** Files that people send each other. */

import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { accessible, find, openFirst, picture, send, stored, write } from "./page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "./run.mjs"
 */

const FOREIGN = "https://example.org/cat.png";
// 8 x 8 pixels
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGM4EWCDFTEMLQkAWbdVAWo82ZEAAAAASUVORK5CYII=",
  "base64",
);

/**
 * Files of every sort by button, many at once; what is refused says why; replies quote; another
 * site's file is only a link.
 * @type {Flow}
 */
export async function files(
  visitors,
  { ann: annsCookie, ben: bensCookie, ben_id: benId, username },
) {
  const ann = await visitors.open(annsCookie);
  const ben = await visitors.open(bensCookie);
  await ann.locator(".side").waitFor();
  await find(ann, username);
  const input = ann.getByLabel("Send files");
  await input.setInputFiles({ name: "cat.png", mimeType: "image/png", buffer: PICTURE });
  await ann.locator(".attachments canvas").waitFor();
  await send(ann);
  await stored(ann, 1);
  await openFirst(ben);
  for (const page of [ann, ben]) {
    await page.waitForFunction(() => {
      const image = document.querySelector(".bubble img");
      return image instanceof HTMLImageElement && image.naturalWidth === 8;
    });
    await hasItsRoom(page);
  }
  const numbers = [...Array(20).keys()];
  await input.setInputFiles(
    numbers.map((number) => ({
      name: `${number}.txt`,
      mimeType: "text/plain",
      buffer: Buffer.from(`file ${number}`),
    })),
  );
  await send(ann);
  await stored(ann, 21);
  await ben.locator(".bubble").nth(20).waitFor();
  assert.deepEqual(
    await ben.locator(".bubble .file").allTextContents(),
    numbers.map((number) => `${number}.txt`),
  );
  const [download] = await Promise.all([
    ben.waitForEvent("download"),
    ben.locator(".bubble .file").last().click(),
  ]);
  assert.equal(await text(await download.createReadStream()), "file 19");
  await slowly(ann);
  await refusedFiles(ann);
  await replyToPicture(ann, ben);
  await disguised(ann, ben, benId);
  await postFile(ann, benId, { content: "look at this", message_type: "image", file_url: FOREIGN });
  const last = ben.locator(".bubble").last();
  await last.getByText("look at this").waitFor();
  assert.equal(await last.locator("img").count(), 0);
  assert.equal(await last.getByRole("link").getAttribute("href"), FOREIGN);
}

/**
 * A file that takes its time shows how far it is, and is not sent any further once it is removed.
 * @param {Page} ann
 */
async function slowly(ann) {
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 500_000 };
  const browser = await ann.context().newCDPSession(ann);
  await browser.send("Network.emulateNetworkConditions", slow);
  const buffer = Buffer.alloc(5_000_000, "x");
  await ann
    .getByLabel("Send files")
    .setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer });
  await send(ann);
  const bar = ann.getByRole("progressbar", { name: "Sending a.txt" });
  await ann.waitForFunction(() => {
    const { value = 0, position = -1 } = document.querySelector("progress") ?? {};
    return position > 0 && value < 1;
  });
  const ended = ann.waitForEvent("requestfailed", (request) => /api.upload/.test(request.url()));
  await ann.getByRole("button", { name: "Remove a.txt" }).click();
  await ended;
  await bar.waitFor({ state: "detached" });
  await browser.detach();
}

/**
 * What the hub refuses says why, and stays until it is removed.
 * @param {Page} ann
 */
async function refusedFiles(ann) {
  const input = ann.getByLabel("Send files");
  await input.setInputFiles([
    { name: "empty.txt", mimeType: "text/plain", buffer: Buffer.from("") },
    { name: "program.exe", mimeType: "image/png", buffer: Buffer.from("MZ\0\0") },
  ]);
  await send(ann);
  await ann.getByText("The file is empty").waitFor();
  await ann.getByText("Only jpeg, png").waitFor();
  await picture(ann, "files");
  await accessible(ann);
  for (const row of [1, 0]) {
    await ann
      .locator(".attachments li")
      .nth(row)
      .getByRole("button", { name: /^Remove/ })
      .click();
  }
  await ann.locator(".attachments li").waitFor({ state: "detached" });
}

/**
 * A name of a file is read as it is written; a picture that is none says so.
 * @param {Page} ann
 * @param {Page} ben
 * @param {number} benId
 */
async function disguised(ann, ben, benId) {
  await ben.route("**/uploads/**", (route) => route.abort());
  await ann.getByLabel("Send files").setInputFiles([
    { name: "notes \u202efdp.txt", mimeType: "text/plain", buffer: Buffer.from("x") },
    { name: "cat.png", mimeType: "image/png", buffer: PICTURE },
  ]);
  await ann.locator(".attachments .name", { hasText: /^notes fdp\.txt$/ }).waitFor();
  await send(ann);
  await ben.locator(".bubble .file", { hasText: /^notes fdp\.txt$/ }).waitFor();
  await ben.getByText("cat.png (cannot be shown)").waitFor();
  await ben.unrouteAll();
  const link = ben.locator(".bubble .file", { hasText: /^notes fdp\.txt$/ });
  const [saved] = await Promise.all([ben.waitForEvent("download"), link.click()]);
  assert.equal(saved.suggestedFilename(), "notes fdp.txt");
  const url = new URL(
    await link.evaluate((element) => element.getAttribute("href") ?? ""),
    ben.url(),
  );
  const stored = url.pathname.replace(/^.*(?=\/uploads\/)/, "");
  for (const content of ["https://bank.example/login", "https://bank.example/login.txt"]) {
    await postFile(ann, benId, { content, message_type: "file", file_url: stored });
  }
  await ben
    .locator(".bubble .file", { hasText: /^notes_.*\.txt$/ })
    .nth(1)
    .waitFor();
  assert.equal(await ben.locator(".bubble", { hasText: "bank.example" }).count(), 0);
}

/**
 * A picture's room is the same before it comes; it is a smaller one, and leads to the whole one.
 * @param {Page} page
 */
async function hasItsRoom(page) {
  const { box, thumbnail, whole } = await page.evaluate(() => {
    const image = /** @type {HTMLImageElement} */ (document.querySelector(".bubble img"));
    const { width, height, src } = image;
    image.src = ""; // as before it came
    const link = /** @type {HTMLAnchorElement} */ (image.parentElement);
    const box = [width, height, image.width, image.height];
    image.src = src;
    return { box, thumbnail: src, whole: link.href };
  });
  assert.deepEqual(box, [260, 195, 260, 195]);
  assert.equal(thumbnail, `${whole}?size=thumb`);
}

/**
 * The reply quotes it, and leads to it.
 * @param {Page} ann
 * @param {Page} ben who replies
 */
async function replyToPicture(ann, ben) {
  await ben.locator(".bubble").first().hover();
  await ben.locator(".bubble").getByRole("button", { name: "Reply", exact: true }).click();
  await write(ben, "What a cat");
  await ann.locator(".bubble.theirs .quote", { hasText: "cat.png" }).waitFor();
  await ben.locator(".bubble.mine .quote").click();
  await ben.waitForFunction(() => {
    const { top = 0, bottom = 0 } =
      document.querySelector(".bubble img")?.getBoundingClientRect() ?? {};
    return top > 0 && bottom < innerHeight;
  });
  await picture(ben, "reply");
  await accessible(ben);
}

/**
 * Send a message about a file, past what the page would send.
 * @param {Page} page
 * @param {number} recipientId
 * @param {object} message
 */
async function postFile(page, recipientId, message) {
  const status = await page.evaluate(
    async ([id, body]) => {
      const response = await fetch(`/private_messages/api/messages/${id}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      return response.status;
    },
    /** @type {const} */ ([recipientId, message]),
  );
  assert.equal(status, 201);
}
