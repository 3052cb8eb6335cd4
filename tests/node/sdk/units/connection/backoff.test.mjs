import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../../../../hub/web/sdk/connection/backoff.js";

test("it doubles up to 10 s, and begins anew after a success", () => {
  const backoff = new Backoff({}, () => 1);
  const waits = [...Array(7).keys()].map(() => backoff.next());
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  backoff.reset();
  assert.equal(backoff.next(), 500);
});

test("the jitter takes off at most half", () => {
  assert.equal(new Backoff({}, () => 0).next(), 250);
  assert.equal(new Backoff({}, () => 0.5).next(), 375);
});

test("first and last step can be set", () => {
  const backoff = new Backoff({ firstMs: 10, maxMs: 25 }, () => 1);
  assert.deepEqual([backoff.next(), backoff.next(), backoff.next()], [10, 20, 25]);
});
