/** The page as a person sees it: where things are, and what one does with them. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/**
 * @import { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core"
 */

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WAIT_MS = 20_000;
const SENT = ["sent", "delivered", "read"].map((status) => `[data-status="${status}"]`).join();

/** People with a browser each. */
export class Visitors {
  /** @type {string[]} */
  faults = []; // errors in their pages, and what the Content-Security-Policy kept from them
  url; // of the hub
  #browser;
  /** @type {Map<Page, Promise<void>>} */
  #pages = new Map(); // and when each was connected for the first time
  /** @type {RegExp[]} */
  #planted = [];

  /**
   * @param {Browser} browser
   * @param {string} url of the hub
   */
  constructor(browser, url) {
    this.#browser = browser;
    this.url = url;
  }

  /**
   * Open the page.
   * @param {string | null} cookie of a session; null: not signed in
   * @param {BrowserContextOptions} [options]
   * @param {string} [address] by default the hub's
   */
  async open(cookie, options = {}, address = this.url) {
    const viewport = { width: 1440, height: 900 };
    const context = await this.#browser.newContext({ viewport, ...options });
    const page = await this.#newPage(context);
    page.on("pageerror", (error) => this.#note(String(error)));
    page.on("console", (message) => {
      if (/Content Security Policy/.test(message.text())) this.#note(message.text());
    });
    if (cookie !== null) await this.signIn(page, cookie);
    await page.goto(address);
    return page;
  }

  /**
   * Errors like this one are planted, however often they come: none of them is a fault of the page.
   * Returns a promise that is kept when the first one comes.
   * @param {Page} page
   * @param {RegExp} pattern
   */
  expectFault(page, pattern) {
    this.#planted.push(pattern);
    return page.waitForEvent("pageerror", (error) => pattern.test(String(error)));
  }

  /** @param {string} fault */
  #note(fault) {
    if (!this.#planted.some((pattern) => pattern.test(fault))) this.faults.push(fault);
  }

  /**
   * @param {Page} page
   * @param {string} cookie
   */
  async signIn(page, cookie) {
    const [name = "", value = ""] = cookie.split("=");
    await page.context().addCookies([{ name, value, url: this.url }]);
  }

  /**
   * Another tab of the same browser.
   * @param {Page} page
   */
  async openTab(page) {
    const tab = await this.#newPage(page.context());
    await tab.goto(this.url);
    return tab;
  }

  /**
   * From now on the page hears what the hub says.
   * @param {Page} page
   */
  async online(page) {
    await this.#pages.get(page);
  }

  /** What each page shows now, so that the reason of a failure can be read. */
  async describe() {
    for (const [index, page] of [...this.#pages.keys()].entries()) {
      const text = await page.locator("body").ariaSnapshot().catch(String);
      console.error(`--- page ${index + 1}, ${page.url()}\n${text}`);
    }
  }

  /** @param {BrowserContext} context */
  async #newPage(context) {
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    this.#pages.set(page, connected(page));
    return page;
  }
}

/**
 * The page's connection for private messages has everything that was missed.
 * @param {Page} page before it is opened
 * @returns {Promise<void>}
 */
function connected(page) {
  return new Promise((resolve) => {
    page.on("websocket", (socket) => {
      if (!socket.url().includes("/ws?resume")) return;
      socket.on("framereceived", ({ payload }) => {
        if (String(payload).includes('"type":"resumed"')) resolve();
      });
    });
  });
}

/**
 * Sign in at the door.
 * @param {Page} page
 * @param {string} login
 */
export async function signInAs(page, login) {
  await page.getByLabel("Email or username").fill(login);
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** @param {Page} page */
export function bubbles(page) {
  return page.locator(".bubble .words").allTextContents();
}

/**
 * The actions of a message that are seldom wanted.
 * @param {Page} page
 * @param {string} text of the message
 * @param {string} word
 */
export async function other(page, text, word) {
  await page.locator(".bubble", { hasText: text }).last().hover();
  await page.getByTitle("Other actions").click();
  await page.locator(".rare").getByRole("button", { name: word, exact: true }).click();
}

/**
 * Mute the conversation that is open, or unmute it.
 * @param {Page} page
 * @param {string} word as the menu has it
 */
export async function mute(page, word) {
  await page.getByTitle("More", { exact: true }).click();
  await page.getByRole("button", { name: word, exact: true }).click();
}

/**
 * The way to mentions and threads, once so many are unread.
 * @param {Page} page
 * @param {number} count
 */
export async function activity(page, count) {
  const way = page.getByRole("button", { name: "Mentions and threads" });
  const badge = way.getByRole("img", { name: `${count} unread`, exact: true });
  if (count === 0) await way.locator(".badge").waitFor({ state: "detached" });
  else await badge.waitFor();
  return way;
}

/**
 * What the panel of mentions and threads shows as unread, once it is so much.
 * @param {Page} page
 * @param {number} count
 */
export async function unreadEntries(page, count) {
  const found = page.locator(".activity .result.unread");
  await page.waitForFunction(
    (wanted) => document.querySelectorAll(".activity .result.unread").length === wanted,
    count,
  );
  return found;
}

/** @param {Page} page */
export function textBox(page) {
  return page.locator(".compose textarea");
}

/**
 * Write and send.
 * @param {Page} page
 * @param {string} text
 */
export async function write(page, text) {
  await textBox(page).fill(text);
  await textBox(page).press("Enter");
}

/**
 * Send what is written, and the files that wait.
 * @param {Page} page
 */
export async function send(page) {
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

/**
 * Find somebody by username, and open the conversation with them.
 * @param {Page} page
 * @param {string} username
 */
export async function find(page, username) {
  await page.getByRole("button", { name: "People", exact: true }).click();
  await page.getByLabel("Find people by username").fill(username);
  await page.getByRole("button", { name: "Find", exact: true }).click();
  const found = page.locator(".person", { hasText: `@${username}` }).first();
  await found.getByRole("button", { name: "Write" }).click();
}

/**
 * Choose something of the menu behind one's own face.
 * @param {Page} page
 * @param {string} word
 */
export async function fromMenu(page, word) {
  await page.getByTitle("Your account").click();
  await page.getByRole("button", { name: word }).click();
}

/**
 * Make the workspace Garden, and add Ben.
 * @param {Page} page
 */
export async function makeGarden(page) {
  await page.getByRole("button", { name: "Channels" }).click();
  await page.getByLabel("New workspace").fill("Garden");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByLabel("Add a user to Garden, by username").fill("@ben");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByText("Garden (2 people)").waitFor();
}

/**
 * Open the first conversation of the list, in which something was written.
 * @param {Page} page
 */
export async function openFirst(page) {
  await page.locator(".item").first().click();
  await page.locator(".bubble").first().waitFor();
}

/**
 * Open the first message request, and accept it.
 * @param {Page} page
 */
export async function acceptFirst(page) {
  for (const name of ["Requests", "Open", "Accept"]) {
    await page.getByRole("button", { name }).first().click();
  }
  await textBox(page).waitFor();
}

/**
 * Wait until so many messages of one's own are stored.
 * @param {Page} page
 * @param {number} count
 */
export async function stored(page, count) {
  await page.waitForFunction(
    ({ sent, wanted }) => document.querySelectorAll(`.bubble:is(${sent})`).length === wanted,
    { sent: SENT, wanted: count },
  );
}

/**
 * The page can be used with a screen reader, as far as a program can tell.
 * @param {Page} page
 */
export async function accessible(page) {
  await page.evaluate(AXE);
  const { passes, violations } = await page.evaluate(() => {
    /** @type {{ run(): Promise<import("axe-core").AxeResults> }} */
    const axe = Reflect.get(globalThis, "axe");
    return axe.run();
  });
  assert.deepEqual(
    violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
    [],
  );
  assert.ok(passes.length > 10, "axe looked at hardly anything");
}

/**
 * A picture for the documentation, if the variable PARLOUR_PICTURES names a folder for them.
 * @param {Page} page
 * @param {string} name
 */
export async function picture(page, name) {
  const { PARLOUR_PICTURES: folder } = process.env;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
}
