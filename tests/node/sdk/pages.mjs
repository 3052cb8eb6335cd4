/**
 * Pages with the SDK as people install it, on other origins than the hub:
 * `node pages.mjs FLOW URL JSON`. Ends with 0 when all was as expected.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { launch } from "../chromium.mjs";
import { Questions, endInput } from "../program.mjs";

/**
 * @import { BrowserContext, Page } from "playwright-core"
 *
 * @typedef {object} Given
 * @property {string} folder of the page's files
 * @property {string} email Ann's
 * @property {string} password
 * @property {string} token Ann's
 */

const HUB = "chat.parlour.example";
const SAME_SITE = "http://www.parlour.example";
const OTHER_SITE = "http://elsewhere.example";
const WAIT_MS = 20_000;

/**
 * Open a page whose origin has these files.
 * @param {BrowserContext} context
 * @param {string} origin
 * @param {string} folder
 * @param {Record<string, string>} answers what its server says, by path
 */
async function open(context, origin, folder, answers = {}) {
  await context.route(`${origin}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    const body = answers[pathname];
    if (body !== undefined) await route.fulfill({ body });
    else await route.fulfill({ path: join(folder, pathname === "/" ? "index.html" : pathname) });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  /** @type {{ sockets: number, calls: string[], faults: string[] }} */
  const seen = { sockets: 0, calls: [], faults: [] };
  page.on("pageerror", (error) => seen.faults.push(String(error)));
  page.on("websocket", () => {
    seen.sockets += 1;
  });
  page.on("requestfinished", (request) => seen.calls.push(new URL(request.url()).pathname));
  await page.goto(`${origin}/`);
  return { page, seen };
}

/** @typedef {(context: BrowserContext, given: Given, questions: Questions) => Promise<void>} Flow */

/** @type {Record<string, Flow>} */
const FLOWS = {
  /** On the hub's site, with its cookie, in StrictMode. */
  async react(context, { folder, email, password }, questions) {
    const { page, seen } = await open(context, SAME_SITE, folder);
    await page.getByPlaceholder("Email").fill(email);
    await page.getByPlaceholder("Password").fill("a wrong password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Invalid email or password").waitFor();
    await page.getByPlaceholder("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("status").getByText("online").waitFor();
    assert.equal(seen.sockets, 1);
    await page.reload(); // now there is a session, and effects run twice
    await page.getByRole("status").getByText("online").waitFor();
    assert.equal(seen.sockets, 2);
    await page.getByRole("button", { name: "ben" }).click();
    await page.getByText("hello (sent)").waitFor();
    await page.getByPlaceholder("Message").fill("hi");
    await page.keyboard.press("Enter");
    await page.getByText("hi (sent)").waitFor();
    await questions.ask({ want: "read" });
    await page.getByText("hi (read)").waitFor();
    const asked = seen.calls.filter((path) => path.endsWith("/api/auth/session"));
    assert.ok(asked.length >= 4, "the effects did not run twice");
    assert.deepEqual(seen.faults, []);
  },

  /** On another site, with a token. */
  async page(context, { folder, token }, questions) {
    const { page, seen } = await open(context, OTHER_SITE, folder, { "/chat-token": token });
    await page.waitForEvent("websocket");
    await questions.ask({ want: "write" });
    await page.getByRole("listitem").getByText("hello").waitFor();
    assert.deepEqual(await context.cookies(), []);
    assert.deepEqual(seen.faults, []);
  },
};

const [name = "", url = "", json = ""] = process.argv.slice(2);
const flow = FLOWS[name];
if (flow === undefined) throw new Error(`there is no flow ${name}`);
const questions = new Questions();
const browser = await launch(
  `--host-resolver-rules=MAP ${HUB} ${new URL(url).host}`,
  "--no-proxy-server",
  "--disable-features=LocalNetworkAccessChecks", // these sites are on this machine
);
try {
  await flow(await browser.newContext(), JSON.parse(json), questions);
} finally {
  await browser.close();
  endInput();
}
