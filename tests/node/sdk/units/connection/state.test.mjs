/** What a client says of its connection, and how it comes to an end. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import {
  ChannelsClient,
  Connection,
  ParlourClient,
  Reason,
} from "../../../../../hub/web/sdk/parlour.js";
import {
  BEN,
  FakeHub,
  ME,
  RESUMED,
  posted,
  recorded,
  refusal,
  settled,
  unreachable,
} from "../fake_hub.mjs";

/** @import { Client, ConnectionState } from "../../../../../hub/web/sdk/parlour.js" */

const SESSION = "GET /private_messages/api/auth/session";
const LOGOUT = "POST /private_messages/api/auth/logout";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

/** @param {Client<unknown>} client */
function states(client) {
  /** @type {[string, string | null, number | null][]} */
  const seen = [];
  client.addEventListener("status", ({ detail: { status, reason, retryInMs } }) => {
    seen.push([status, reason, retryInMs]);
  });
  return seen;
}

/** @type {[string, (hub: FakeHub) => void, [string, string, number | null]][]} */
const ENDS = [
  ["the connection breaks", (hub) => hub.socket.end(), ["waiting", "lost", 500]],
  [
    "nobody answers",
    () => {
      mock.timers.tick(30_000);
      mock.timers.tick(10_000);
    },
    ["waiting", "silent", 500],
  ],
  [
    "what comes is no JSON",
    (hub) => hub.socket.onmessage?.({ data: "<html>" }),
    ["waiting", "lost", 500],
  ],
  ["the operator closes it", (hub) => hub.socket.end(4003), ["idle", "kicked", null]],
  ["the session ends", (hub) => hub.socket.end(4001), ["signed-out", "session-ended", null]],
];

for (const [what, happens, expected] of ENDS) {
  test(`it says why when ${what}`, async () => {
    const hub = new FakeHub();
    const client = await hub.onlineClient();
    assert.deepEqual(client.state, { status: "online", reason: null, retryInMs: null });
    const seen = states(client);
    happens(hub);
    assert.deepEqual(seen.at(-1), expected);
  });
}

test("it passes on what the operator says to everybody", async () => {
  const hub = new FakeHub();
  const events = recorded(await hub.onlineClient());
  hub.socket.deliver({ type: "announcement", text: "Closed at noon", timestamp: "now" });
  assert.deepEqual(events, [["announcement", { text: "Closed at noon", at: "now" }]]);
});

test("it says what became of an attempt", async () => {
  const hub = new FakeHub({ [SESSION]: unreachable });
  const client = hub.client();
  const seen = states(client);
  await client.connect();
  hub.routes[SESSION] = () => refusal(503, "unavailable");
  await client.connect();
  hub.routes[SESSION] = () => refusal(401);
  await client.connect();
  client.close();
  hub.routes[SESSION] = () => ME;
  await client.connect();
  hub.socket.end();
  const connecting = ["connecting", null, null];
  assert.deepEqual(seen, [
    connecting,
    ["waiting", "unreachable", 500],
    connecting,
    ["waiting", "refused", 1000],
    connecting,
    ["signed-out", "not-signed-in", null],
    ["idle", "closed", null],
    connecting,
    ["waiting", "unreachable", 2000],
  ]);
});

test("a server that says when to come back is not asked before", async () => {
  const limited = Object.assign(refusal(429, "too_many_attempts"), { retryAfter: "7" });
  const hub = new FakeHub({ [SESSION]: () => limited });
  const client = hub.client();
  await client.connect();
  assert.deepEqual(client.state.retryInMs, 7_000);
});

test("whoever signs out is told so", async () => {
  const hub = new FakeHub({ [LOGOUT]: () => ({}) });
  const client = await hub.onlineClient();
  await client.signOut();
  assert.deepEqual([client.status, client.state.reason], ["signed-out", Reason.SIGNED_OUT]);
});

test("an attempt that nobody answers ends after 30 s, and what comes of it later is left", async () => {
  /** @type {(me: object) => void} */
  let answer = () => undefined;
  const hub = new FakeHub({
    [SESSION]: () => {
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
  });
  const client = hub.client();
  const connecting = client.connect();
  await settled();
  mock.timers.tick(30_000);
  assert.deepEqual([client.status, client.state.reason], ["waiting", "silent"]);
  answer(ME);
  await connecting;
  assert.equal(hub.sockets.length, 0);
  hub.routes[SESSION] = () => ME;
  mock.timers.tick(500);
  const socket = await hub.openedSockets(1);
  mock.timers.tick(30_000);
  assert.equal(client.status, "waiting");
  assert.equal(socket.readyState, 3);
  socket.open();
  assert.deepEqual(socket.sent, []);
});

test("whoever is told of a change may close it", async () => {
  for (const wanted of ["connecting", "waiting", "online"]) {
    const hub = new FakeHub();
    const client = hub.client();
    client.addEventListener("status", ({ detail }) => {
      if (detail.status === wanted) client.close();
    });
    await client.connect();
    if (wanted !== "connecting") hub.socket.open();
    if (wanted === "waiting") hub.socket.end();
    if (wanted === "online") hub.socket.deliver(RESUMED);
    mock.timers.tick(30_000);
    await settled();
    assert.equal(client.status, Connection.IDLE);
    assert.equal(hub.calls.length, wanted === "connecting" ? 0 : 2);
  }
});

test("effects that run twice open one socket", async () => {
  const hub = new FakeHub();
  const client = hub.client();
  const first = client.connect();
  client.close();
  const second = client.connect();
  await Promise.all([first, second]);
  assert.equal(hub.sockets.length, 1);
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  assert.equal(client.status, Connection.ONLINE);
});

test("a session that ended is another one where tokens are given", async () => {
  const hub = new FakeHub();
  const tokens = ["first", "second"];
  const client = await hub.onlineClient({ getToken: () => tokens.shift() ?? "" });
  assert.deepEqual(hub.socket.options, [["parlour", "parlour.bearer.first"]]);
  hub.socket.end(4001);
  assert.deepEqual([client.status, client.state.reason], ["waiting", "session-ended"]);
  mock.timers.tick(500);
  const socket = await hub.openedSockets(2);
  assert.deepEqual(socket.options, [["parlour", "parlour.bearer.second"]]);
});

test("what cannot work is said at once", async () => {
  const { WebSocket } = new FakeHub();
  for (const url of [undefined, "", "hub.example", "ftp://hub.example", "null"]) {
    const options = { WebSocket, ...(url === undefined ? {} : { url }) };
    assert.throws(() => new ParlourClient(options), { name: "UsageError", code: "no_url" });
  }
  const { WebSocket: native } = globalThis;
  Reflect.deleteProperty(globalThis, "WebSocket"); // Node 22 and later have one
  const options = { url: "http://hub.example" };
  assert.throws(() => new ParlourClient(options), { name: "UsageError", code: "no_websocket" });
  if (native) Object.assign(globalThis, { WebSocket: native });
  const client = new ChannelsClient({ url: "http://hub.example", WebSocket });
  const early = { name: "UsageError", code: "not_connected" };
  assert.throws(() => client.send(1, "hi"), early);
  assert.throws(() => client.typing(1), early);
  await assert.rejects(client.markRead(1), early);
  await assert.rejects(client.loadOlder(1), early);
});

test("what can be read is one object until it changes, and whoever subscribed is told", async () => {
  const hub = new FakeHub();
  const client = hub.client();
  let told = 0;
  const unsubscribe = client.subscribe(() => {
    told += 1;
  });
  const read = () => ({
    state: client.state,
    me: client.me,
    messages: client.messages(BEN),
    typists: client.typists(BEN),
  });
  const typing = { type: "typing_indicator", sender_id: BEN };
  /** @type {[() => unknown, string[]][]} */
  const steps = [
    [() => client.connect(), ["state", "me", "messages", "typists"]],
    [() => hub.socket.open(), []],
    [() => hub.socket.deliver(RESUMED), ["state"]],
    [() => hub.socket.deliver(posted(1)), ["messages"]],
    [() => hub.socket.deliver(posted(1)), []],
    [() => hub.socket.deliver({ ...typing, is_typing: true }), ["typists"]],
    [() => hub.socket.deliver({ ...typing, is_typing: true }), []],
    [() => hub.socket.deliver({ ...typing, is_typing: false }), ["typists"]],
    [() => client.send(BEN, "hi"), ["messages"]],
    [() => hub.socket.end(), ["state"]],
  ];
  for (const [happens, expected] of steps) {
    const [before, toldBefore] = [read(), told];
    await happens();
    const after = Object.entries(read());
    const changed = after.filter(([name, value]) => value !== Reflect.get(before, name));
    assert.deepEqual(
      changed.map(([name]) => name),
      expected,
    );
    assert.equal(told > toldBefore, expected.length > 0);
  }
  unsubscribe();
  const before = told;
  client.close();
  assert.equal(told, before);
});
