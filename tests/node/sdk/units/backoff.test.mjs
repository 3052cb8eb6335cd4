import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../../../hub/web/sdk/connection/backoff.js";

test("it doubles up to 30 s, and begins anew after a success", () => {
  const backoff = new Backoff(() => 1);
  const waits = [...Array(8).keys()].map(() => backoff.next());
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  backoff.reset();
  assert.equal(backoff.next(), 500);
});

test("the jitter takes off at most half", () => {
  assert.equal(new Backoff(() => 0).next(), 250);
  assert.equal(new Backoff(() => 0.5).next(), 375);
});
