/**
 * An operator with the page `@socket.io/admin-ui`, unchanged, in Chromium: signs in, sees who is
 * connected, disconnects them. A line of JSON for each thing that is seen.
 *
 *   node admin_ui.mjs HUB TOKEN ID
 *
 * ID is what the page calls the connection that it disconnects, which must end by that.
 */

import { readFile } from "node:fs/promises";
import { io } from "socket.io-client";
import { connect } from "./chromium.mjs";
import { print } from "./program.mjs";

const [hub = "", token = "", id = ""] = process.argv.slice(2);
const SITE = "https://admin.socket.io";
const DIST = new URL("node_modules/@socket.io/admin-ui/ui/dist/", import.meta.url);
const TYPES = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml" };

/**
 * What the official client is told when it wants to come in.
 * @param {object} auth
 * @returns {Promise<object>}
 */
function comeIn(auth) {
  const socket = io(`${new URL(hub).origin}/admin`, { auth, forceNew: true, reconnection: false });
  return new Promise((resolve) => {
    socket.once("connect_error", (error) => resolve({ refused: error.message }));
    socket.once("all_sockets", (sockets) =>
      resolve({ shown: sockets.map((/** @type {{ id: string }} */ each) => each.id) }),
    );
  }).finally(() => socket.disconnect());
}

/** @param {import("playwright-core").Route} route */
async function serve(route) {
  const { origin, pathname } = new URL(route.request().url());
  if (origin === new URL(hub).origin) return route.continue();
  if (origin !== SITE) return route.abort(); // fonts
  const name = pathname === "/" ? "index.html" : pathname.slice(1);
  const ending = name.split(".").at(-1);
  const contentType = Object.entries(TYPES).find(([each]) => each === ending)?.[1];
  const body = await readFile(new URL(name, DIST));
  return route.fulfill({ body, ...(contentType && { contentType }) });
}

print(await comeIn({ username: "admin", password: "a wrong password" }));
print(await comeIn({ username: "admin", password: token }));

const browser = await connect();
try {
  const context = await browser.newContext({ viewport: { width: 1500, height: 900 } });
  await context.grantPermissions(["local-network-access"], { origin: SITE }); // the hub is here
  await context.route("**/*", serve);
  const page = await context.newPage();
  await page.goto(SITE);
  /** @param {string} password */
  const signIn = async (password) => {
    await page.getByLabel("Server URL").fill(new URL(hub).origin);
    await page.getByLabel("Username").fill("admin");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Connect" }).click();
  };
  await signIn("a wrong password");
  await page.getByText("Invalid credentials").waitFor();
  print({ page: "refused" });
  await signIn(token);
  await page.getByLabel("Password").waitFor({ state: "hidden" });
  await page.reload(); // it comes back with the id of its sign-in
  await page.getByRole("link", { name: "Sockets" }).click();
  const row = page.getByRole("row").filter({ hasText: id });
  await row.waitFor();
  print({ page: "row", text: await row.getByRole("cell").allTextContents() });
  await row.click();
  await page.getByRole("cell", { name: id, exact: true }).waitFor();
  await page.getByRole("link", { name: "Sockets" }).first().click();
  await row.getByRole("button").click();
  await page.getByRole("link", { name: "Sockets" }).first().click(); // the row was clicked too
  await row.waitFor({ state: "detached" });
  print({ page: "gone" });
} finally {
  await browser.close();
}
