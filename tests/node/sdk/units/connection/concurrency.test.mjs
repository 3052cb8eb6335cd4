import assert from "node:assert/strict";
import { test } from "node:test";
import { mapConcurrently } from "../../../../../hub/web/sdk/connection/concurrency.js";
import { settled } from "../fake_hub.mjs";

test("at most six are under way, and the results are in the items' order", async () => {
  const items = [...Array(20).keys()];
  /** @type {Map<number, (value: string) => void>} */
  const running = new Map();
  const mapped = mapConcurrently(
    items,
    (item) =>
      new Promise((resolve) => {
        running.set(item, resolve);
      }),
  );
  const counts = [];
  while (running.size > 0) {
    counts.push(running.size);
    const newest = Math.max(...running.keys()); // so the first item ends last
    running.get(newest)?.(`result ${newest}`);
    running.delete(newest);
    await settled();
  }
  assert.equal(counts.length, 20);
  assert.equal(Math.max(...counts), 6);
  assert.deepEqual(
    await mapped,
    items.map((item) => `result ${item}`),
  );
});

test("nothing to do is done at once", async () => {
  assert.deepEqual(await mapConcurrently([], () => assert.fail("called")), []);
});

test("it fails with the first failure", async () => {
  const act = async (/** @type {number} */ item) => {
    if (item === 1) throw new Error("no");
  };
  await assert.rejects(mapConcurrently([0, 1, 2], act), /^Error: no$/);
});
