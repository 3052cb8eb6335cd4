import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Connection } from "../../../../../hub/web/sdk/parlour.js";
import { FakeHub, ME, RESUMED, URL, posted, recorded, refusal, unreachable } from "../fake_hub.mjs";

/** @import { Client } from "../../../../../hub/web/sdk/parlour.js" */

const MINUTES = 600_000;
const CONVERSATIONS = "GET /private_messages/api/messages/conversations";
const SESSION = "GET /private_messages/api/auth/session";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

/** @param {Client<unknown>} client */
function statuses(client) {
  /** @type {string[]} */
  const seen = [];
  client.addEventListener("status", ({ detail }) => seen.push(detail.status));
  return seen;
}

test("it is online once everything that was missed has come", async () => {
  const hub = new FakeHub();
  const client = hub.client();
  assert.equal(client.me, null);
  const seen = statuses(client);
  await client.connect();
  assert.equal(hub.socket.address, "ws://hub.example/ws?resume");
  assert.deepEqual(hub.socket.options, []);
  assert.deepEqual(client.me, ME);
  hub.socket.open();
  assert.deepEqual(seen, [Connection.CONNECTING]);
  hub.socket.deliver({ type: "resumed", complete: false, after: {} });
  assert.deepEqual(seen, [Connection.CONNECTING]);
  assert.equal(hub.socket.sentOf("resume").length, 2); // it asks for more
  hub.socket.deliver(RESUMED);
  assert.deepEqual(seen, [Connection.CONNECTING, Connection.ONLINE]);
});

test("headers go to the socket too", async () => {
  const hub = new FakeHub();
  await hub.client({ url: `${URL}/`, headers: { Cookie: "a=b" } }).connect();
  assert.equal(hub.socket.address, "ws://hub.example/ws?resume");
  assert.deepEqual(hub.socket.options, [{ headers: { Cookie: "a=b" } }]);
});

test("it resumes after the newest message of each conversation", async () => {
  const hub = new FakeHub({
    [CONVERSATIONS]: () => [
      { user: { id: 2 }, last_seq: 10 },
      { user: { id: 3 }, last_seq: 4 },
    ],
  });
  const client = await hub.onlineClient();
  assert.deepEqual(hub.socket.sent, [
    { type: "resume", after: { 2: 10, 3: 4 }, revs: {}, notes: 0 },
  ]);
  hub.socket.deliver(posted(11));
  hub.socket.deliver(posted(12));
  hub.socket.end();
  mock.timers.tick(500);
  const socket = await hub.openedSockets(2);
  socket.open();
  assert.deepEqual(socket.sent, [{ type: "resume", after: { 2: 12, 3: 4 }, revs: {}, notes: 0 }]);
  client.follow(new Map([[5, 20]]));
  assert.deepEqual(socket.sent.at(-1), {
    type: "resume",
    after: { 2: 12, 3: 4, 5: 20 },
    revs: {},
    notes: 0,
  });
  assert.equal(client.isFollowing(5), true);
  assert.equal(client.isFollowing(6), false);
});

test("it comes back after a pause that doubles until it was online again", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const seen = statuses(client);
  for (const [at, pause] of [500, 1000, 2000].entries()) {
    hub.socket.end();
    assert.equal(client.status, Connection.WAITING);
    mock.timers.tick(pause - 1);
    assert.equal(client.status, Connection.WAITING);
    mock.timers.tick(1);
    assert.equal(client.status, Connection.CONNECTING);
    (await hub.openedSockets(at + 2)).open();
  }
  hub.socket.deliver(RESUMED);
  hub.socket.end();
  mock.timers.tick(499);
  assert.equal(client.status, Connection.WAITING);
  mock.timers.tick(1);
  await hub.openedSockets(5);
  assert.deepEqual(seen.slice(-4), ["connecting", "online", "waiting", "connecting"]);
});

test("an ended session is not tried again", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  hub.socket.end(4001);
  assert.equal(client.status, Connection.SIGNED_OUT);
  mock.timers.tick(10 * MINUTES);
  assert.equal(client.status, Connection.SIGNED_OUT);
  assert.equal(hub.sockets.length, 1);
});

test("a client that is not signed in is `signed-out`, and not tried again", async () => {
  const hub = new FakeHub({ [SESSION]: () => refusal(401) });
  const client = hub.client();
  await client.connect();
  assert.equal(client.status, Connection.SIGNED_OUT);
  mock.timers.tick(10 * MINUTES);
  assert.equal(client.status, Connection.SIGNED_OUT);
  assert.equal(hub.calls.length, 2); // who it is, and the list, at the same time
});

test("the list that it connected with is given once, while nothing has come since", async () => {
  const hub = new FakeHub();
  const client = hub.client();
  const lists = () => hub.callsOf(CONVERSATIONS).length;
  await client.connect();
  assert.equal(lists(), 1);
  await client.conversations();
  assert.equal(lists(), 1);
  await client.conversations();
  assert.equal(lists(), 2);
});

test("a list that is older than what came is loaded again", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  hub.socket.deliver(posted(1));
  await client.conversations();
  assert.equal(hub.callsOf(CONVERSATIONS).length, 2);
  const other = hub.client();
  await other.connect();
  mock.timers.tick(5_000);
  await other.conversations();
  assert.equal(hub.callsOf(CONVERSATIONS).length, 4);
});

test("a server that is not there is tried again", async () => {
  const hub = new FakeHub({ [SESSION]: unreachable });
  const client = hub.client();
  await client.connect();
  assert.equal(client.status, Connection.WAITING);
  hub.routes[SESSION] = () => ME;
  mock.timers.tick(500);
  await hub.openedSockets(1);
  assert.deepEqual(client.me, ME);
});

test("after `close` nothing is tried and nothing received", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const { socket } = hub;
  client.close();
  assert.equal(socket.readyState, 3);
  const events = recorded(client);
  socket.deliver(posted(1));
  socket.end();
  mock.timers.tick(10 * MINUTES);
  assert.deepEqual(events, []);
  assert.equal(client.status, Connection.IDLE);
});

test("`close` ends an attempt that is under way", async () => {
  const hub = new FakeHub();
  const client = hub.client();
  const connecting = client.connect();
  client.close();
  await connecting;
  assert.equal(client.status, Connection.IDLE);
  assert.equal(hub.sockets.length, 0);
  await client.connect();
  assert.equal(hub.sockets.length, 1);
});

test("`connect` on a connection replaces it", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const [first] = hub.sockets;
  await Promise.all([client.connect(), client.connect()]);
  assert.equal(first?.readyState, 3);
  assert.equal(hub.sockets.length, 2);
});

test("signing out ends the session there and here, also when the server is gone", async () => {
  const hub = new FakeHub({ "POST /private_messages/api/auth/logout": () => ({}) });
  const client = await hub.onlineClient();
  await client.signOut();
  assert.equal(client.status, Connection.SIGNED_OUT);
  assert.equal(hub.socket.readyState, 3);
  assert.equal(hub.callsOf("POST /private_messages/api/auth/logout").length, 1);
  hub.routes["POST /private_messages/api/auth/logout"] = unreachable;
  await assert.rejects(client.signOut(), { code: "unreachable" });
  assert.equal(client.status, Connection.SIGNED_OUT);
});

test("another user who signs in sees nothing of the one before", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  hub.socket.deliver(posted(1));
  assert.equal(client.messages(2).length, 1);
  client.close();
  hub.routes[SESSION] = () => ({ ...ME, id: 9 });
  await client.connect();
  assert.equal(client.me?.id, 9);
  assert.deepEqual(client.messages(2), []);
});

test("the same user finds what was known", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  hub.socket.deliver(posted(1));
  client.close();
  await client.connect();
  assert.equal(client.messages(2).length, 1);
  assert.equal(hub.callsOf(CONVERSATIONS).length, 1);
});

test("silence is answered with a heartbeat, and a dead connection is left", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const { socket } = hub;
  mock.timers.tick(30_000);
  assert.deepEqual(socket.sentOf("heartbeat").length, 1);
  socket.deliver({ type: "heartbeat_ack" });
  mock.timers.tick(29_999);
  assert.deepEqual(socket.sentOf("heartbeat").length, 1);
  mock.timers.tick(1);
  assert.deepEqual(socket.sentOf("heartbeat").length, 2);
  mock.timers.tick(9_999);
  assert.equal(client.status, Connection.ONLINE);
  mock.timers.tick(1);
  assert.equal(client.status, Connection.WAITING);
  assert.equal(socket.readyState, 3);
  mock.timers.tick(500);
  await hub.openedSockets(2);
});

test("a frame of a connection that was left is ignored", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const [old] = hub.sockets;
  mock.timers.tick(30_000);
  mock.timers.tick(10_000);
  assert.equal(client.status, Connection.WAITING);
  old?.deliver(posted(1));
  assert.deepEqual(client.messages(2), []);
  old?.end(4001);
  assert.equal(client.status, Connection.WAITING);
});
