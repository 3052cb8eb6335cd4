/** A long history. */

import assert from "node:assert/strict";
import { bubbles, openFirst } from "../page.mjs";

/**
 * @import { Page } from "playwright-core"
 * @import { Flow } from "../run.mjs"
 */

const PAGE_SIZE = 100;
const FIRST = 500; // so many unread ones are there when it opens
const MOST = 500; // are drawn
const FLOOD = 200; // messages at once
const MAX_JUMP_PX = 40; // the day or the notice above the messages may come or go

/**
 * It is loaded a page at a time as one scrolls up, what is in view does not jump, and what is far from
 * the view is not drawn until one comes back.
 * @type {Flow}
 */
export async function history(visitors, { ann: annsCookie, ann_id: annsId, ben, total }) {
  const ann = await visitors.open(annsCookie);
  await ann.locator(".side").waitFor();
  await openFirst(ann);
  let pages = 0;
  while (!(await bubbles(ann)).includes("0")) {
    await scroll(ann, "up");
    pages += 1;
  }
  assert.ok(pages >= (total - FIRST) / PAGE_SIZE - 2, `only ${pages} pages`);
  const numbers = (await bubbles(ann)).map(Number);
  for (let last = numbers.pop() ?? 0; last < total - 1; last = Number((await bubbles(ann)).pop())) {
    await scroll(ann, "down");
  }
  await ann.locator(".scroll").evaluate((element) => element.scrollTo(0, 0));
  const jump = ann.getByRole("button", { name: "To the newest messages" });
  await jump.click();
  await jump.waitFor({ state: "hidden" });
  const drawn = await bubbles(ann);
  assert.deepEqual(drawn, [...Array(total).keys()].slice(-drawn.length).map(String));
  await keys(ann);
  await flood(ann, await visitors.open(ben), annsId);
}

/**
 * Who goes through the messages with the keys stays where they are, whatever moves beneath a pointer at
 * rest: browsers say that it is over something else then.
 * @param {Page} page
 */
async function keys(page) {
  const list = page.locator(".scroll");
  const { x = 0, y = 0, height = 0 } = (await list.boundingBox()) ?? {};
  const rest = await list.evaluateHandle((element) => {
    const last = { screenX: -1, screenY: -1 };
    element.addEventListener("pointermove", (event) => {
      const { screenX, screenY } = /** @type {PointerEvent} */ (event);
      Object.assign(last, { screenX, screenY });
    });
    return last;
  });
  await page.mouse.move(x + 100, y + height / 2);
  await list.focus();
  for (let pressed = 0; pressed < 3; pressed += 1) await page.keyboard.press("ArrowUp");
  const isThere = await list.evaluate((element, at) => {
    const focused = element.querySelector(".bubble:focus");
    const over = { ...at, pointerType: "mouse", bubbles: true };
    focused?.previousElementSibling?.dispatchEvent(new PointerEvent("pointerover", over));
    return focused !== null && focused.querySelector(".actions") !== null;
  }, rest);
  assert.ok(isThere);
}

/**
 * However fast messages come, they are drawn once per frame at most.
 * @param {Page} page where the conversation is open, at its end
 * @param {Page} author
 * @param {number} recipient
 */
async function flood(page, author, recipient) {
  const counting = page.evaluate(
    (count) =>
      new Promise((resolve) => {
        const list = document.querySelector(".scroll");
        if (list === null) throw new Error("nothing is open");
        const seen = { frames: 0, draws: 0 };
        const observer = new MutationObserver(() => {
          seen.draws += 1;
        });
        observer.observe(list, { childList: true });
        const frame = () => {
          seen.frames += 1;
          const found = [...document.querySelectorAll(".bubble .words")];
          const come = found.filter(({ textContent }) => textContent?.startsWith("flood"));
          if (come.length === count) resolve(seen);
          else requestAnimationFrame(frame);
        };
        frame();
      }),
    FLOOD,
  );
  await author.evaluate(
    ([id, count = 0]) => {
      const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`);
      socket.onopen = () => {
        for (let number = 0; number < count; number += 1) {
          const frame = { type: "private_message", recipient_id: id, content: `flood ${number}` };
          socket.send(JSON.stringify(frame));
        }
      };
    },
    [recipient, FLOOD],
  );
  const { frames, draws } = /** @type {{ frames: number, draws: number }} */ (await counting);
  assert.ok(draws <= frames + 1, `${draws} times in ${frames} frames`);
}

/**
 * Scroll to the first or the last message that is drawn, and wait until there are more.
 * @param {Page} page
 * @param {"up" | "down"} way
 */
async function scroll(page, way) {
  const { moved, count } = await page.evaluate(async (where) => {
    const list = document.querySelector(".scroll");
    const all = () => [...document.querySelectorAll(".bubble")];
    const textOf = (/** @type {Element | undefined} */ bubble) =>
      bubble?.querySelector(".words")?.textContent ?? "";
    const atEdge = () => textOf(where === "up" ? all().shift() : all().pop());
    const top = () =>
      all()
        .find((each) => textOf(each) === seen)
        ?.getBoundingClientRect().top ?? 0;
    const seen = atEdge();
    if (list === null || seen === "") throw new Error("there are no messages");
    const grown = new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        if (atEdge() === seen) return;
        observer.disconnect();
        resolve(undefined);
      });
      observer.observe(list, { childList: true });
    });
    list.scrollTop = where === "up" ? 10 : list.scrollHeight - list.clientHeight - 10;
    const before = top();
    await grown;
    return { moved: Math.abs(top() - before), count: all().length };
  }, way);
  assert.ok(moved < MAX_JUMP_PX, `it jumped by ${moved}`);
  assert.ok(count <= MOST, `${count} are drawn`);
}
