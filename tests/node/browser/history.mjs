/** A long history. */

import assert from "node:assert/strict";
import { bubbles, openFirst } from "./page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "./run.mjs"
 */

const PAGE_SIZE = 100;
const FIRST = 500; // so many unread ones are there when it opens
const MAX_JUMP_PX = 40; // the day or the notice above the messages may come or go

/**
 * It is loaded a page at a time as one scrolls up, and what is in view does not jump.
 * @type {Flow}
 */
export async function history(visitors, { ann: annsCookie, total }) {
  const ann = await visitors.open(annsCookie);
  await ann.locator(".side").waitFor();
  await openFirst(ann);
  const first = ann.locator(".bubble .words", { hasText: /^0$/ });
  let pages = 0;
  while ((await first.count()) === 0) {
    const jump = await scrollUp(ann);
    assert.ok(jump < MAX_JUMP_PX, `it jumped by ${jump}`);
    pages += 1;
  }
  assert.ok(pages >= (total - FIRST) / PAGE_SIZE - 2, `only ${pages} pages`);
  const jump = ann.getByRole("button", { name: "To the newest messages" });
  await jump.click();
  await jump.waitFor({ state: "hidden" });
  assert.deepEqual(await bubbles(ann), [...Array(total).keys()].map(String));
}

/**
 * Scroll to the top, and wait until older messages are there.
 * @param {Page} page
 * @returns {Promise<number>} by how many pixels what was in view has moved
 */
async function scrollUp(page) {
  return page.evaluate(async () => {
    const scroll = document.querySelector(".scroll");
    const seen = document.querySelector(".bubble");
    if (scroll === null || seen === null) throw new Error("there are no messages");
    const count = () => document.querySelectorAll(".bubble").length;
    const before = count();
    const grown = new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        if (count() === before) return;
        observer.disconnect();
        resolve(undefined);
      });
      observer.observe(scroll, { childList: true });
    });
    scroll.scrollTop = 10;
    const { top } = seen.getBoundingClientRect();
    await grown;
    return Math.abs(seen.getBoundingClientRect().top - top);
  });
}
