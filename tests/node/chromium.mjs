/** Debian's Chromium, without what it does for its own sake. */

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/** The first that is there is taken: without windows, a page takes a third less processor time. */
const PROGRAMS = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];

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

/** @param {...string} flags more of them */
function settings(...flags) {
  return { executablePath: PROGRAMS.find(existsSync), args: [...FLAGS, ...flags] };
}

/**
 * One that a program alone uses, because it wants flags of its own.
 * @param {...string} flags
 */
export function launch(...flags) {
  return chromium.launch(settings(...flags));
}

/** One that programs use one after the other. */
export function launchServer() {
  return chromium.launchServer({
    ...settings("--host-resolver-rules=MAP parlour.test 127.0.0.1"),
    host: "127.0.0.1",
  });
}

/**
 * The one of the tests that run this program; what the program opens in it ends with the program.
 * @param {string | undefined} [address]
 */
export function connect(address = process.env.PARLOUR_CHROMIUM) {
  if (address === undefined) throw new Error("PARLOUR_CHROMIUM is the address of no browser");
  return chromium.connect(address);
}
