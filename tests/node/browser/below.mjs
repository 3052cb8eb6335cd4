/** The page below a path of its host, behind a proxy. */

import assert from "node:assert/strict";
import { find, openFirst, send, signInAs, stored } from "./page.mjs";

/** @import { Flow } from "./run.mjs" */

const OPTIONS = { ignoreHTTPSErrors: true };
const PICTURE = Buffer.from("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=", "base64"); // 1 x 1

/**
 * Files come by paths that browsers keep, and no module that was not announced; signing in, sockets,
 * uploads and pictures work there.
 * @type {Flow}
 */
export async function below(visitors, { ann: annsCookie, username }) {
  const ann = await visitors.open(annsCookie, OPTIONS);
  await ann.locator(".side").waitFor();
  const loaded = await ann.evaluate(() => {
    const scripts = performance.getEntriesByType("resource").map(({ name }) => name);
    const links = /** @type {NodeListOf<HTMLLinkElement>} */ (
      document.querySelectorAll("link[rel=modulepreload]")
    );
    return {
      modules: scripts.filter((name) => name.endsWith(".js") && !name.endsWith("/start_up.js")),
      announced: [...links].map(({ href }) => href),
    };
  });
  assert.deepEqual(loaded.modules.sort(), loaded.announced.sort());
  const kept = new RegExp(`^${visitors.url}web/[0-9a-f]{16}/`);
  for (const name of loaded.modules) assert.match(name, kept);
  const ben = await visitors.open(null, OPTIONS);
  await signInAs(ben, "ben@example.org");
  await ben.locator(".side").waitFor();
  const cookies = await ben.context().cookies();
  assert.deepEqual(new Set(cookies.map(({ path }) => path)), new Set(["/chat/"]));
  await find(ann, username);
  const file = { name: "dot.gif", mimeType: "image/gif", buffer: PICTURE };
  await ann.getByLabel("Send files").setInputFiles(file);
  await send(ann);
  await stored(ann, 1);
  await openFirst(ben);
  await ben.waitForFunction(() => {
    const image = document.querySelector(".bubble img");
    return image instanceof HTMLImageElement && image.naturalWidth === 1;
  });
}
