/**
 * The official client in Chromium, with its defaults, on a page of the hub: one line of JSON for
 * each way to connect.
 *
 *   node socketio_browser.mjs PAGE URL AUTH
 *
 * URL is the server's, or empty for the one that the page came from.
 */

import { readFile } from "node:fs/promises";
import { connect } from "./chromium.mjs";
import { print } from "./program.mjs";

const [page = "", url = "", auth = "{}"] = process.argv.slice(2);
const WAYS = [undefined, ["polling"], ["websocket"]];

/**
 * In the page: connect, move over to the WebSocket if there is one to move to, ask for something.
 * @param {{ url: string, auth: object, transports: string[] | undefined }} given
 */
async function talk({ url, auth, transports }) {
  /** @type {typeof import("socket.io-client").io} */
  const io = Reflect.get(globalThis, "io");
  const options = { auth, forceNew: true, reconnection: false, ...(transports && { transports }) };
  const socket = url ? io(url, options) : io(options);
  try {
    const { engine } = socket.io;
    const upgraded = new Promise((resolve) => {
      if (transports) resolve(undefined);
      else engine.once("upgrade", resolve);
    });
    await new Promise((resolve, reject) => {
      socket.once("connect", () => resolve(undefined));
      socket.once("connect_error", reject);
    });
    await upgraded;
    const answer = await socket.timeout(20_000).emitWithAck("resume", {});
    return { transport: engine.transport.name, answer };
  } catch (error) {
    return { refused: String(error) };
  } finally {
    socket.disconnect();
  }
}

const source = await readFile(
  new URL("node_modules/socket.io-client/dist/socket.io.min.js", import.meta.url),
  "utf8",
);
const browser = await connect();
try {
  // What a page may connect to is its own server's rule; here another one's is tested.
  const context = await browser.newContext({ ignoreHTTPSErrors: true, bypassCSP: url !== "" });
  const tab = await context.newPage();
  await tab.goto(page);
  await tab.evaluate(source);
  for (const transports of WAYS) {
    print(await tab.evaluate(talk, { url, auth: JSON.parse(auth), transports }));
  }
} finally {
  await browser.close();
}
