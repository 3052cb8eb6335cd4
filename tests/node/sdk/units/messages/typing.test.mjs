import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Typing } from "../../../../../hub/web/sdk/messages/typing.js";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

function world() {
  /** @type {[number, boolean][]} */
  const sent = [];
  /** @type {[number, number | string, boolean][]} */
  const notified = [];
  const typing = new Typing(
    (...frame) => sent.push(frame),
    (...change) => notified.push(change),
  );
  return { typing, sent, notified };
}

test("a frame goes out after 300 ms of typing, and an end 2.5 s after the last key", () => {
  const { typing, sent } = world();
  typing.keyPressed(7);
  mock.timers.tick(299);
  assert.deepEqual(sent, []);
  mock.timers.tick(1);
  assert.deepEqual(sent, [[7, true]]);
  typing.keyPressed(7);
  mock.timers.tick(2_499);
  assert.deepEqual(sent, [[7, true]]);
  mock.timers.tick(1);
  assert.deepEqual(sent, [
    [7, true],
    [7, false],
  ]);
  mock.timers.tick(60_000);
  assert.equal(sent.length, 2);
});

test("whoever types on renews it every 2 s", () => {
  const { typing, sent } = world();
  for (let time = 0; time < 5_000; time += 100) {
    typing.keyPressed(7);
    mock.timers.tick(100);
  }
  assert.deepEqual(sent, [
    [7, true],
    [7, true],
    [7, true],
  ]);
});

test("a message ends it without a frame, also before the first one went out", () => {
  const { typing, sent } = world();
  typing.keyPressed(7);
  typing.messageSent(7);
  mock.timers.tick(60_000);
  assert.deepEqual(sent, []);
  typing.keyPressed(7);
  mock.timers.tick(300);
  typing.messageSent(7);
  mock.timers.tick(60_000);
  assert.deepEqual(sent, [[7, true]]);
});

test("a pause ends only the conversation that it is in", () => {
  const { typing, sent } = world();
  typing.keyPressed(7);
  mock.timers.tick(2_000);
  typing.keyPressed(8);
  mock.timers.tick(500);
  assert.deepEqual(sent, [
    [7, true],
    [8, true],
    [7, false],
  ]);
});

test("others are reported once, and forgotten 4 s after their last frame", () => {
  const { typing, notified } = world();
  typing.received(7, 2, true);
  mock.timers.tick(3_000);
  typing.received(7, 2, true);
  mock.timers.tick(3_999);
  assert.deepEqual(notified, [[7, 2, true]]);
  mock.timers.tick(1);
  assert.deepEqual(notified, [
    [7, 2, true],
    [7, 2, false],
  ]);
});

test("an end is reported once, and only of those who typed", () => {
  const { typing, notified } = world();
  typing.received(7, "ben", false);
  typing.received(7, "ben", true);
  typing.received(7, "ben", false);
  typing.received(7, "ben", false);
  mock.timers.tick(60_000);
  assert.deepEqual(notified, [
    [7, "ben", true],
    [7, "ben", false],
  ]);
});

test("without a connection nobody types, and nothing is sent", () => {
  const { typing, sent, notified } = world();
  typing.keyPressed(7);
  mock.timers.tick(300);
  typing.received(8, 2, true);
  typing.disconnected();
  mock.timers.tick(60_000);
  assert.deepEqual(sent, [[7, true]]);
  assert.deepEqual(notified, [
    [8, 2, true],
    [8, 2, false],
  ]);
});
