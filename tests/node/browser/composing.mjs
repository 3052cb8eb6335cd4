/** Writing: nothing is lost, and nothing is sent that nobody wanted to send. */

import assert from "node:assert/strict";
import { find, fromMenu, openFirst, send, stored, textBox, write } from "./page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Visitors } from "./page.mjs"
 * @import { Flow } from "./run.mjs"
 */

/**
 * Give the page a file, and perhaps a text, as the clipboard or a drag does.
 * @param {Page} page
 * @param {string} selector
 * @param {string} kind of event
 * @param {string} text
 */
async function give(page, selector, kind, text = "") {
  const wasTaken = await page.evaluate(
    ([where = "", type = "", words = ""]) => {
      const data = new DataTransfer();
      data.items.add(new File(["content"], "given.txt", { type: "text/plain" }));
      if (words !== "") data.items.add(words, "text/plain");
      const options = { bubbles: true, cancelable: true };
      const event =
        type === "paste"
          ? new ClipboardEvent(type, { ...options, clipboardData: data })
          : new DragEvent(type, { ...options, dataTransfer: data });
      return document.querySelector(where)?.dispatchEvent(event) === false;
    },
    [selector, kind, text],
  );
  return wasTaken;
}

/**
 * Text leaves the field only when it is on its way; pasting and dropping send nothing. All of it over
 * plain http, where a page has less.
 * @type {Flow}
 */
async function composing(visitors, { ann: annsCookie, username }) {
  const address = visitors.url.replace("127.0.0.1", "parlour.test");
  const ann = await visitors.open(null, {}, address);
  const [name = "", value = ""] = annsCookie.split("=");
  await ann.context().addCookies([{ name, value, url: address }]);
  await ann.reload();
  await find(ann, username);
  assert.equal(await ann.evaluate(() => globalThis.isSecureContext), false);
  await keepsWhatFailed(visitors, ann);
  await sendsNothingUnmeant(ann);
  await waitsWithFiles(ann);
  await keepsDrafts(ann);
}

/**
 * @param {Visitors} visitors
 * @param {Page} ann
 */
async function keepsWhatFailed(visitors, ann) {
  const seen = visitors.expectFault(ann, /planted/);
  await ann.evaluate(() => {
    const { getRandomValues } = crypto;
    crypto.getRandomValues = () => {
      crypto.getRandomValues = getRandomValues;
      throw new Error("planted");
    };
  });
  await write(ann, "precious");
  await ann.getByText("The message could not be sent. planted").waitFor();
  assert.equal(await textBox(ann).inputValue(), "precious");
  await seen;
  await send(ann);
  await stored(ann, 1);
  assert.equal(await textBox(ann).inputValue(), "");
}

/**
 * Nothing is sent while letters are being chosen, nor what is too long.
 * @param {Page} ann
 */
async function sendsNothingUnmeant(ann) {
  await textBox(ann).fill("にほん");
  await textBox(ann).dispatchEvent("keydown", { key: "Enter", keyCode: 229 }); // as Safari says it
  assert.equal(await textBox(ann).inputValue(), "にほん");
  await textBox(ann).fill("x".repeat(4_001));
  await ann.getByText("1 characters too long").waitFor();
  await textBox(ann).fill("");
}

/**
 * Files wait until they are sent, wherever they came from, and however many they are.
 * @param {Page} ann
 */
async function waitsWithFiles(ann) {
  const staged = ann.locator(".attachments li");
  assert.equal(await give(ann, ".compose textarea", "paste", "a table"), false);
  assert.equal(await staged.count(), 0);
  assert.equal(await give(ann, ".compose textarea", "paste"), true);
  assert.equal(await staged.count(), 1);
  assert.equal(await give(ann, ".scroll", "dragover"), true);
  assert.equal(await give(ann, ".scroll", "drop"), true);
  assert.equal(await give(ann, ".side", "drop"), true);
  assert.equal(await staged.count(), 3);
  await ann.getByRole("button", { name: "People", exact: true }).click(); // they wait, as what is written does
  await openFirst(ann);
  assert.equal(await staged.count(), 3);
  await ann.getByRole("button", { name: "Remove given.txt" }).first().click();
  await textBox(ann).fill("two files");
  await send(ann);
  await stored(ann, 4);
  assert.equal(await staged.count(), 0);
  const many = [...Array(1_000).keys()].map((number) => ({
    name: `${number}.txt`,
    mimeType: "text/plain",
    buffer: Buffer.from("x"),
  }));
  await ann.getByLabel("Send files").setInputFiles(many);
  await ann.getByText("At most 30 files at a time: 970 of them were not added.").waitFor();
  assert.equal(await staged.count(), 30);
}

/**
 * What is begun in one tab is not deleted by sending in another.
 * @param {Page} ann
 */
async function keepsDrafts(ann) {
  const second = await ann.context().newPage();
  await second.goto(ann.url().replace(/#.*/, ""));
  await openFirst(second);
  await textBox(ann).fill("begun here");
  await write(second, "sent there");
  await stored(ann, 5);
  await ann.reload();
  await openFirst(ann);
  assert.equal(await textBox(ann).inputValue(), "begun here");
}

/**
 * What failed can be sent again or discarded on the smallest phone.
 * @type {Flow}
 */
async function phone(visitors, { ann: annsCookie, ben: bensCookie, username }) {
  const ben = await visitors.open(bensCookie);
  await fromMenu(ben, "Settings");
  await ben.getByRole("switch", { name: "Public profile" }).click();
  await ben.getByText("Private: only people who follow you").waitFor();
  const small = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };
  const ann = await visitors.open(annsCookie, small);
  await find(ann, username);
  await textBox(ann).fill("one");
  await textBox(ann).press("End");
  await textBox(ann).press("Enter"); // a new line: a keyboard on the screen has no other key for it
  await textBox(ann).pressSequentially("two");
  assert.equal(await textBox(ann).inputValue(), "one\ntwo");
  const size = await textBox(ann).evaluate((field) => getComputedStyle(field).fontSize);
  assert.equal(size, "16px"); // or the browser zooms in
  await send(ann);
  for (const name of ["Send again", "Discard"]) {
    const button = ann.getByRole("button", { name });
    await button.waitFor();
    const box = await button.boundingBox();
    assert.ok(box !== null && box.x >= 0 && box.x + box.width <= 360, `${name} is out of sight`);
  }
  for (const place of ["#/people", ""]) {
    await ann.goBack();
    assert.equal(new URL(ann.url()).hash, place);
  }
  await ann.locator(".item").first().click();
  await ann.locator(".bubble.failed").waitFor();
  await ann.reload();
  await ann.locator(".bubble.failed").waitFor(); // what is open is in the address
  await ann.getByRole("button", { name: "Discard" }).click();
  await ann.getByText("No messages yet. Say hello.").waitFor();
}

export const COMPOSING = { composing, phone };
