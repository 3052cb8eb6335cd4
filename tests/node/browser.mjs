/**
 * What a person does with the page, in Chromium: `node browser.mjs FLOW URL JSON`.
 *
 * Ends with 0 when everything that was expected happened. A flow that needs something of the test
 * prints it as a line of JSON and goes on when it gets a line.
 */

import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [flow, url, given] = process.argv.slice(2);
const { ann: annsCookie, ben: bensCookie, username, name, total, link, guests } = JSON.parse(given);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-sync",
  "--disable-background-networking",
  "--disable-component-update",
];
const PICTURE = Buffer.from(
  // 8 x 8 pixels
  "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGM4EWCDFTEMLQkAWbdVAWo82ZEAAAAASUVORK5CYII=",
  "base64",
);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const faults = [];

async function ask(what) {
  console.log(JSON.stringify(what));
  return (await lines.next()).value;
}

async function open(browser, cookie, options = {}, address = url) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  if (cookie) {
    const [name, value] = cookie.split("=");
    await context.addCookies([{ name, value, url }]);
  }
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) faults.push(message.text());
  });
  await page.goto(address);
  return page;
}

const bubbles = (page) => page.locator(".bubble .words").allTextContents();
const box = (page) => page.locator(".compose textarea");

async function write(page, text) {
  await box(page).fill(text);
  await box(page).press("Enter");
}

async function nameOf(page) {
  return page.locator(".side .name").textContent();
}

async function find(page, username) {
  await page.getByRole("button", { name: "People" }).click();
  await page.getByLabel("Find somebody by username").fill(username);
  await page.getByRole("button", { name: "Find", exact: true }).click();
  await page.getByRole("button", { name: "Write" }).first().click();
}

async function openFirst(page) {
  await page.locator(".item").first().click();
  await page.locator(".bubble").first().waitFor();
}

async function settled(page, count) {
  await page.waitForFunction(
    (wanted) =>
      document.querySelectorAll(
        '.bubble:is([data-status="sent"], [data-status="delivered"], [data-status="read"])',
      ).length === wanted,
    count,
  );
}

async function accessible(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(
    violations.map(({ id, nodes }) => [id, nodes.map((n) => n.html)]),
    [],
  );
}

async function picture(page, name) {
  if (process.env.PARLOUR_PICTURES) {
    await page.screenshot({ path: `${process.env.PARLOUR_PICTURES}/${name}.png` });
  }
}

const FLOWS = {
  /** Two people talk; typing, presence, unread and read marks come and go; all is accessible. */
  async talk(browser) {
    const ann = await open(browser, annsCookie);
    const ben = await open(browser, bensCookie, {
      viewport: { width: 360, height: 740 },
      colorScheme: "dark",
    });
    await ann.locator(".side").waitFor();
    await ben.locator(".side").waitFor();
    await find(ann, username);
    await write(ann, "Are you there?");
    await ann.locator('.bubble[data-status="delivered"]').waitFor();
    await ben.locator(".badge").waitFor();
    assert.equal(await ben.locator(".badge").textContent(), "1");
    assert.equal(await ben.title(), "(1) Parlour");
    await picture(ben, "phone-list-dark");
    await accessible(ben);
    await openFirst(ben);
    await ben.getByText("New messages").waitFor();
    await ann.locator('.bubble[data-status="read"]').waitFor();
    assert.equal(await ben.title(), "Parlour");
    await box(ben).pressSequentially("Yes, here", { delay: 60 });
    await ann.getByText(`${name} is typing…`).waitFor();
    await box(ben).press("Enter");
    await ann.locator(".bubble.theirs").waitFor();
    await ann.getByText(`${name} is typing…`).waitFor({ state: "detached" });
    await box(ben).pressSequentially("and then nothing", { delay: 30 });
    await ann.getByText(`${name} is typing…`).waitFor();
    await ann.getByText(`${name} is typing…`).waitFor({ state: "detached" });
    await ann.locator("header .state", { hasText: "online" }).waitFor();
    await write(ann, "Look at https://example.org/path?q=1, when you have time.\nSecond line.");
    const link = ben.locator(".bubble a");
    await link.waitFor();
    assert.equal(await link.getAttribute("href"), "https://example.org/path?q=1");
    await picture(ann, "conversation");
    await picture(ben, "phone-conversation-dark");
    await accessible(ann);
    await accessible(ben);
    await ben.context().close();
    await ann.locator("header .state", { hasText: /^$/ }).waitFor({ state: "attached" });
    await ann.getByRole("button", { name: "People" }).click();
    await ann.getByText("Your profile").waitFor();
    await picture(ann, "people");
    await accessible(ann);
  },

  /** What people write stays text, whatever it is; what is too long is not sent and not lost. */
  async text(browser) {
    const ann = await open(browser, annsCookie);
    const ben = await open(browser, bensCookie);
    await ann.locator(".side").waitFor();
    await find(ann, username);
    const texts = [
      "<img src=x onerror=\"document.title='owned'\">",
      "<script>document.title='owned'</script>",
      "javascript:alert(1) http://<b>x</b> https://[broken",
      "👩‍👩‍👧‍👦 e\u0301\u0327 \u202eright to left\u202c مرحبا",
      "a  b\n\n   c",
    ];
    for (const text of texts) await write(ann, text);
    await settled(ann, texts.length);
    await openFirst(ben);
    await ben
      .locator(".bubble")
      .nth(texts.length - 1)
      .waitFor();
    assert.deepEqual(await bubbles(ben), texts);
    assert.equal(await ben.locator(".bubble img, .bubble script, .bubble b").count(), 0);
    const long = "x".repeat(100_000);
    await box(ann).fill(long);
    await ann.getByText("90000 characters too long").waitFor();
    await box(ann).press("Enter");
    assert.equal(await box(ann).inputValue(), long);
    await ann.getByRole("button", { name: "People" }).click(); // what was begun is there again
    await openFirst(ann);
    assert.equal(await box(ann).inputValue(), long);
    await ann.reload();
    await openFirst(ann);
    assert.equal(await box(ann).inputValue(), long);
    await ann.getByText("90000 characters too long").waitFor();
    const second = await ann.context().newPage();
    await second.goto(url);
    await openFirst(second);
    await write(second, "from the other tab");
    await ann.getByText("from the other tab").first().waitFor();
    await settled(second, texts.length + 1);
    assert.deepEqual(await bubbles(second), [...texts, "from the other tab"]);
    assert.doesNotMatch(await ben.title(), /owned/);
  },

  /** Files of every sort by button, many at once; what is refused says why; answers quote. */
  async files(browser) {
    const ann = await open(browser, annsCookie);
    const ben = await open(browser, bensCookie);
    await ann.locator(".side").waitFor();
    await find(ann, username);
    const files = ann.getByLabel("Send files");
    const text = (number) => ({
      name: `${number}.txt`,
      mimeType: "text/plain",
      buffer: Buffer.from(`file ${number}`),
    });
    await files.setInputFiles({ name: "cat.png", mimeType: "image/png", buffer: PICTURE });
    await settled(ann, 1);
    await openFirst(ben);
    for (const page of [ann, ben]) {
      await page.waitForFunction(() => document.querySelector(".bubble img")?.naturalWidth === 8);
    }
    await files.setInputFiles([...Array(20).keys()].map(text));
    await settled(ann, 21);
    await ben.locator(".bubble").nth(20).waitFor();
    assert.deepEqual(
      await ben.locator(".bubble .file").allTextContents(),
      [...Array(20).keys()].map((n) => `${n}.txt`),
    );
    const [download] = await Promise.all([
      ben.waitForEvent("download"),
      ben.locator(".bubble .file").last().click(),
    ]);
    assert.equal(readFileSync(await download.path(), "utf8"), "file 19");
    await files.setInputFiles([
      { name: "empty.txt", mimeType: "text/plain", buffer: Buffer.from("") },
      { name: "program.exe", mimeType: "image/png", buffer: Buffer.from("MZ\0\0") },
    ]);
    await ann.getByText("The file is empty").waitFor();
    await ann.getByText("Only jpeg, png").waitFor();
    await picture(ann, "files");
    await accessible(ann);
    for (const row of [1, 0])
      await ann.locator(".attachments li").nth(row).getByText("Drop").click();
    await ann.locator(".attachments li").waitFor({ state: "detached" });
    await ben.locator(".bubble").first().hover();
    await ben.locator(".bubble .reply").first().click();
    await write(ben, "What a cat");
    await ann.locator(".bubble.theirs .quote", { hasText: "cat.png" }).waitFor();
    await ben.locator(".bubble.mine .quote").click();
    await ben.waitForFunction(() => {
      const { top, bottom } = document.querySelector(".bubble img").getBoundingClientRect();
      return top > 0 && bottom < innerHeight;
    });
    await picture(ben, "reply");
    await accessible(ben);
  },

  /** A workspace is made, somebody let in; they talk in its channel, and @AI answers, typing first. */
  async channels(browser) {
    const [ann, ben] = await Promise.all(guests.map((guest) => open(browser, null, {}, guest)));
    await ann.getByRole("button", { name: "Channels" }).click();
    await ann.getByLabel("New workspace").fill("Garden");
    await ann.getByRole("button", { name: "Make it" }).click();
    await ann.getByLabel("Let somebody into Garden, by username").fill("ben");
    await ann.getByRole("button", { name: "Let in" }).click();
    await ann.getByText("Garden (2 people)").waitFor();
    await ann.getByLabel("New channel in Garden").fill("roses");
    await ann.locator("form", { hasText: "New channel in Garden" }).getByRole("button").click();
    await ann.locator(".sheet .person", { hasText: "roses" }).waitFor();
    await picture(ann, "workspaces");
    await accessible(ann);
    await ann.locator(".sheet .person", { hasText: "general" }).getByRole("button").click();
    await write(ann, "Good morning");
    await settled(ann, 1);
    await ben.reload();
    await ben
      .locator(".item", { hasText: "general" })
      .locator(".badge", { hasText: "1" })
      .waitFor();
    await ben.locator(".item", { hasText: "general" }).click();
    await ben.locator(".bubble.theirs .author", { hasText: "ann" }).waitFor();
    await ann.locator('.bubble[data-status="read"]').waitFor();
    await write(ben, "@AI when do roses bloom?");
    for (const page of [ann, ben]) await page.getByText("AI Tutor is typing…").waitFor();
    await ask({ want: "answer" });
    for (const page of [ann, ben]) {
      await page.locator(".bubble.theirs", { hasText: "In June" }).waitFor();
      await page.getByText("AI Tutor is typing…").waitFor({ state: "detached" });
    }
    await picture(ben, "channel");
    await accessible(ben);
    await ann.getByRole("button", { name: "People" }).click();
    await write(ben, "one more");
    await ann
      .locator(".item", { hasText: "general" })
      .locator(".badge", { hasText: "1" })
      .waitFor();
  },

  /** A clock that is an hour off changes neither the order nor what is unread; nor does the server's log. */
  async clock(browser) {
    const ann = await open(browser, annsCookie);
    const ben = await open(browser, null);
    await ben.clock.install({ time: Date.now() - 3_600_000 });
    const [cookieName, value] = bensCookie.split("=");
    await ben.context().addCookies([{ name: cookieName, value, url }]);
    await ben.goto(url);
    await ann.locator(".side").waitFor();
    await find(ann, username);
    await write(ann, "one");
    await settled(ann, 1);
    await openFirst(ben);
    await write(ben, "two");
    await settled(ben, 1);
    await write(ann, "three");
    await ben.locator(".bubble").nth(2).waitFor();
    for (const page of [ann, ben]) assert.deepEqual(await bubbles(page), ["one", "two", "three"]);
    await ben.getByRole("button", { name: "People" }).click();
    await write(ann, "four");
    await ben.locator(".badge", { hasText: "1" }).waitFor();
    assert.equal(await ben.locator(".item .last").first().textContent(), "four");
  },

  /** Who asked for notifications gets one while the page is not looked at, and only then. */
  async notifications(browser) {
    const ann = await open(browser, annsCookie);
    const ben = await open(browser, bensCookie, { permissions: ["notifications"] });
    await ben.evaluate(() => {
      globalThis.shown = [];
      globalThis.Notification = class {
        static permission = "granted";
        static requestPermission = async () => "granted";
        constructor(title, { body }) {
          globalThis.shown.push([title, body]);
        }
      };
    });
    await ben.getByRole("button", { name: "People" }).click();
    await ben.getByRole("button", { name: "Switch off" }).click();
    await ben.getByRole("button", { name: "Switch on" }).click();
    await ben.getByRole("button", { name: "Switch off" }).waitFor();
    await find(ann, username);
    await write(ann, "seen");
    await ben.locator(".badge", { hasText: "1" }).waitFor();
    await ben.evaluate(() => Object.defineProperty(document, "hidden", { value: true }));
    await write(ann, "not seen");
    await ben.locator(".badge", { hasText: "2" }).waitFor();
    assert.deepEqual(await ben.evaluate(() => globalThis.shown), [[await nameOf(ann), "not seen"]]);
  },

  /** The server goes away and comes back: what was written meanwhile is sent once, in order. */
  async restart(browser) {
    const ann = await open(browser, annsCookie);
    const ben = await open(browser, bensCookie);
    await ann.locator(".side").waitFor();
    await find(ann, username);
    await write(ann, "before");
    await settled(ann, 1);
    await openFirst(ben);
    await ask({ want: "stop" });
    await ann.getByText("No connection").waitFor();
    const queued = ["one", "two", "three"];
    for (const text of queued) await write(ann, text);
    await ann.getByText("3 messages wait").waitFor();
    await picture(ann, "offline");
    assert.equal(await ann.locator('.bubble[data-status="sending"]').count(), 3);
    await ben.getByRole("button", { name: "People" }).click();
    await ben.getByText("The server cannot be reached").waitFor();
    await openFirst(ben);
    await accessible(ann);
    await ask({ want: "start" });
    await settled(ann, 4);
    await ben.locator(".bubble").nth(3).waitFor();
    await ann.locator(".banner").waitFor({ state: "hidden" });
    assert.deepEqual(await bubbles(ben), ["before", ...queued]);
    assert.deepEqual(await bubbles(ann), ["before", ...queued]);
    // A reload while the server is away keeps what is unsent.
    await ask({ want: "stop" });
    await ann.getByText("No connection").waitFor();
    await write(ann, "kept");
    await ask({ want: "start" });
    await ann.reload();
    await openFirst(ann);
    await settled(ann, 5);
    await ben.getByText("kept").first().waitFor();
    assert.deepEqual((await bubbles(ben)).slice(-1), ["kept"]);
  },

  /** Signing up, in and out; a session that is ended elsewhere leads to the door. */
  async door(browser) {
    const page = await open(browser, null);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await picture(page, "sign-in");
    await accessible(page);
    await page.getByLabel("Email or username").fill("nobody@example.org");
    await page.getByLabel("Password").fill("wrong password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Invalid email or password").waitFor();
    await page.getByRole("button", { name: "I am new here" }).click();
    await page.getByLabel("First name").fill("Cleo");
    await page.getByLabel("Last name").fill("Test");
    await page.getByLabel("Email").fill("cleo@example.org");
    await page.getByLabel("Date of birth").fill("2000-01-01");
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByText("No conversations yet").waitFor();
    const { value } = (await page.context().cookies()).find(({ name }) => name === "session_token");
    await ask({ want: "end", cookie: `session_token=${value}` });
    await page.getByText("You were signed out").waitFor();
    const guest = await open(browser, null, {}, link);
    await guest.locator(".side .name", { hasText: /^Ann$/ }).waitFor();
    await guest.getByText("No conversations yet").waitFor();
    assert.equal(new URL(guest.url()).hash, "");
    await guest.getByRole("button", { name: "Sign out" }).click();
    await guest.getByRole("button", { name: "Sign in" }).waitFor();
  },

  /** A long history is loaded a page at a time, and what is in view does not jump. */
  async history(browser) {
    const ann = await open(browser, annsCookie);
    await ann.locator(".side").waitFor();
    await openFirst(ann);
    const first = ann.locator(".bubble .words", { hasText: /^0$/ });
    let pages = 0;
    while ((await first.count()) === 0) {
      const jump = await ann.evaluate(async () => {
        const scroll = document.querySelector(".scroll");
        const before = document.querySelectorAll(".bubble").length;
        scroll.scrollTop = 10;
        const seen = document.querySelector(".bubble");
        const top = seen.getBoundingClientRect().top;
        const limit = performance.now() + 5_000;
        while (document.querySelectorAll(".bubble").length === before) {
          if (performance.now() > limit) return "nothing more came";
          await new Promise(requestAnimationFrame);
        }
        return Math.abs(seen.getBoundingClientRect().top - top);
      });
      assert.ok(jump < 40, `it jumped by ${jump}`);
      pages += 1;
    }
    assert.ok(pages >= total / 50 - 2);
    // Through all of it: no frame takes so long that one sees it.
    const frames = await ann.evaluate(async () => {
      const scroll = document.querySelector(".scroll");
      const times = [];
      let before = performance.now();
      for (let top = 0; top < scroll.scrollHeight; top += 400) {
        scroll.scrollTop = top;
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - before);
        before = performance.now();
      }
      return times.sort((one, other) => one - other);
    });
    await ann.evaluate(() => (document.querySelector(".scroll").scrollTop = 0));
    await ann.getByRole("button", { name: "To the newest messages" }).click();
    await ann.getByRole("button", { name: "To the newest messages" }).waitFor({ state: "hidden" });
    console.error(
      `frames: median ${frames[frames.length >> 1].toFixed(1)} ms, longest ${frames.at(-1).toFixed(1)} ms`,
    );
    const numbers = (await bubbles(ann)).map(Number);
    assert.deepEqual(numbers, [...Array(total).keys()]);
  },
};

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
try {
  await FLOWS[flow](browser);
  assert.deepEqual(faults, []);
} finally {
  await browser.close();
}
process.exit(0);
