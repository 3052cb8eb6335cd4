import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Connection } from "../../../../hub/web/sdk/parlour.js";
import { BEN, FakeHub, ME, Page, RESUMED, settled, unreachable } from "./fake_hub.mjs";

/** @import { Call } from "./fake_hub.mjs" */

const CONVERSATIONS = "GET /private_messages/api/messages/conversations";
const CHANNELS = "/learning_platform/api";
const FRAME_BYTES = 65_536;

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

/**
 * A list in pages.
 * @template Item
 * @param {Item[]} items
 * @param {number} size of a page
 */
function inPages(items, size) {
  return (/** @type {Call} */ { path }) => {
    const from = Number(new globalThis.URL(path, "http://x").searchParams.get("cursor"));
    const to = from + size;
    const page = items.slice(from, to);
    return to < items.length ? new Page(page, `?cursor=${to}`) : page;
  };
}

/** @param {number} count of conversations, each with one message */
function conversations(count) {
  return [...Array(count).keys()].map((at) => ({ user: { id: BEN + at }, last_seq: 1 }));
}

test("a long list comes in parts, and each page is asked for once", async () => {
  const listed = conversations(6);
  const hub = new FakeHub({ [CONVERSATIONS]: inPages(listed, 2) });
  const client = await hub.onlineClient();
  /** @type {unknown[]} */
  const parts = [];
  assert.deepEqual(await client.conversations((part) => parts.push(part)), listed);
  assert.deepEqual(parts, [listed.slice(0, 2), listed.slice(0, 4)]);
  assert.deepEqual(
    hub.callsOf(CONVERSATIONS).map(({ path }) => path.split("?")[1]),
    [undefined, "cursor=2", "cursor=4"],
  );
});

test("later pages are asked for with pauses", async () => {
  const hub = new FakeHub({ [CONVERSATIONS]: inPages(conversations(5), 1) });
  const client = await hub.onlineClient();
  const all = client.conversations();
  for (const known of [3, 4]) {
    await settled();
    assert.equal(hub.callsOf(CONVERSATIONS).length, known);
    mock.timers.tick(1_999);
    await settled();
    assert.equal(hub.callsOf(CONVERSATIONS).length, known);
    mock.timers.tick(1);
  }
  assert.equal((await all).length, 5);
});

test("until the list was read only what is known of it is asked for, and then everything", async () => {
  const hub = new FakeHub({ [CONVERSATIONS]: inPages(conversations(3), 2) });
  const client = await hub.onlineClient();
  assert.equal(client.status, Connection.ONLINE);
  await settled();
  assert.deepEqual(hub.socket.sent, [
    { type: "resume", after: { 2: 1, 3: 1 }, revs: {}, notes: 0, only: true },
    { type: "resume", after: { 2: 1, 3: 1, 4: 1 }, revs: {}, notes: 0 },
  ]);
  hub.socket.deliver(RESUMED);
  await settled();
  assert.equal(hub.callsOf(CONVERSATIONS).length, 2);
  assert.equal(hub.socket.sent.length, 2);
});

test("a page that could not be read is asked for again after the next resume", async () => {
  const listed = inPages(conversations(3), 2);
  const hub = new FakeHub({
    [CONVERSATIONS]: (call) => (call.path.includes("cursor") ? unreachable() : listed(call)),
  });
  await hub.onlineClient();
  await settled();
  assert.equal(hub.socket.sent.length, 1);
  hub.routes[CONVERSATIONS] = listed;
  hub.socket.end();
  mock.timers.tick(500);
  await hub.openedSockets(2);
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  await settled();
  assert.deepEqual(hub.socket.sent.at(-1), {
    type: "resume",
    after: { 2: 1, 3: 1, 4: 1 },
    revs: {},
    notes: 0,
  });
});

test("more conversations than a frame names are named in several, and it is online after the last", async () => {
  const count = 4_001;
  const listed = conversations(count);
  const hub = new FakeHub({ [CONVERSATIONS]: () => listed });
  const client = hub.client();
  await client.connect();
  hub.socket.open();
  const resumes = hub.socket.sentOf("resume");
  assert.equal(resumes.length, 3);
  assert.ok(resumes.every(({ only }) => only === true));
  assert.ok(resumes.every((frame) => JSON.stringify(frame).length < FRAME_BYTES));
  const named = resumes.flatMap(({ after }) => Object.keys(/** @type {object} */ (after)));
  assert.equal(new Set(named).size, count);
  hub.socket.deliver(RESUMED);
  hub.socket.deliver(RESUMED);
  assert.notEqual(client.status, Connection.ONLINE);
  const fresh = BEN + count; // somebody who wrote while it was away
  listed.unshift({ user: { id: fresh }, last_seq: 1 });
  hub.socket.deliver(RESUMED);
  assert.equal(client.status, Connection.ONLINE);
  await settled();
  const again = hub.socket.sentOf("resume").slice(3);
  assert.equal(again.length, 3);
  assert.deepEqual(Object.entries(/** @type {object} */ (again[2]?.after)).at(-1), [`${fresh}`, 0]);
  for (const _ of again) hub.socket.deliver(RESUMED);
  await settled();
  assert.equal(hub.socket.sentOf("resume").length, 6);
});

test("of several resumes one that is not complete is enough to ask again", async () => {
  const hub = new FakeHub({ [CONVERSATIONS]: () => conversations(2_001) });
  const client = hub.client();
  await client.connect();
  hub.socket.open();
  hub.socket.deliver({ ...RESUMED, complete: false });
  hub.socket.deliver(RESUMED);
  assert.equal(hub.socket.sentOf("resume").length, 4);
  assert.notEqual(client.status, Connection.ONLINE);
  hub.socket.deliver(RESUMED);
  hub.socket.deliver(RESUMED);
  assert.equal(client.status, Connection.ONLINE);
});

test("the channels of later pages are followed too", async () => {
  const listed = [11, 12, 13].map((id) => ({ id, workspaceId: 1, lastSeq: id }));
  const hub = new FakeHub({
    [`GET ${CHANNELS}/users/me`]: () => ME,
    [`GET ${CHANNELS}/workspaces`]: () => [{ id: 1 }],
    [`GET ${CHANNELS}/users/me/channels`]: inPages(listed, 2),
  });
  const client = hub.channelsClient();
  await client.connect();
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  /** @type {unknown[]} */
  const parts = [];
  await client.workspaces();
  const found = await client.workspaces((part) => parts.push(part[0]?.channels.length));
  assert.deepEqual([found[0]?.channels, parts], [listed, [2]]);
  assert.deepEqual(hub.socket.sent, [
    { type: "resume", after: { 11: 11, 12: 12 }, revs: {}, notes: 0 },
    { type: "resume", after: { 11: 11, 12: 12, 13: 13 }, revs: {}, notes: 0 },
  ]);
});
