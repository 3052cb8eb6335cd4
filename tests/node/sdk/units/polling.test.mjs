import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Connection, Reason, Status } from "../../../../hub/web/sdk/parlour.js";
import {
  BEN,
  ME,
  RESUMED,
  posted,
  refusal,
  settled,
  unreachable,
  wireMessage,
} from "./fake_hub.mjs";
import {
  CONVERSATIONS,
  HISTORY,
  POST,
  contentsAndKeys,
  entered,
  hubWithLog,
  pollingClient,
  rounds,
} from "./polling_client.mjs";

const SESSION = "GET /private_messages/api/auth/session";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

test("where no socket opens, messages go over REST in order, each once under its key", async () => {
  const { hub } = hubWithLog();
  const client = await pollingClient(hub, ["one", "two"]);
  const keys = client.messages(BEN).map(({ key }) => key);
  const posts = await hub.called(POST, 2);
  assert.deepEqual(contentsAndKeys(posts), [
    ["one", keys[0]],
    ["two", keys[1]],
  ]);
  await settled();
  assert.deepEqual(
    client.messages(BEN).map(({ seq, status, key }) => [seq, status, key]),
    [
      [1, Status.SENT, keys[0]],
      [2, Status.SENT, keys[1]],
    ],
  );
  assert.equal(client.queued, 0);
  mock.timers.tick(3_000);
  await hub.called(CONVERSATIONS, 3);
  assert.equal(hub.callsOf(POST).length, 2);
});

test("what others write comes with the next round, after 3 s", async () => {
  const { hub, log } = hubWithLog();
  const client = await pollingClient(hub);
  await hub.called(CONVERSATIONS, 2);
  await settled();
  /** @type {string[]} */
  const received = [];
  client.addEventListener("message", ({ detail }) => received.push(detail.message.content));
  log.push(wireMessage(1), wireMessage(2));
  mock.timers.tick(2_999);
  assert.equal(hub.callsOf(CONVERSATIONS).length, 2);
  mock.timers.tick(1);
  await hub.called(HISTORY, 1);
  await settled();
  assert.deepEqual(received, ["message 1", "message 2"]);
  mock.timers.tick(3_000);
  await hub.called(CONVERSATIONS, 4);
  await settled();
  assert.equal(hub.callsOf(HISTORY).length, 1); // nothing new: nothing asked for
  assert.equal(received.length, 2);
});

test("what is written while polling goes with the next round", async () => {
  const { hub } = hubWithLog();
  const client = await pollingClient(hub);
  await hub.called(CONVERSATIONS, 2);
  await settled();
  client.send(BEN, "one");
  assert.equal(hub.callsOf(POST).length, 0);
  mock.timers.tick(3_000);
  await hub.called(POST, 1);
});

test("a refusal for good has failed, and the next message goes out", async () => {
  const { hub } = hubWithLog();
  const post = hub.routes[POST];
  assert.ok(post);
  hub.routes[POST] = (call) =>
    /** @type {{ content: string }} */ (call.body).content === "one"
      ? refusal(403, "not_allowed", "Not allowed")
      : post(call);
  const client = await pollingClient(hub, ["one", "two"]);
  await hub.called(CONVERSATIONS, 2);
  assert.deepEqual(
    client.messages(BEN).map(({ content, status, failure }) => [content, status, failure]),
    [
      ["two", Status.SENT, null],
      ["one", Status.FAILED, "Not allowed"],
    ],
  );
});

test("what is to be retried keeps its place, and nothing overtakes it", async () => {
  const { hub } = hubWithLog();
  const post = hub.routes[POST];
  assert.ok(post);
  hub.routes[POST] = () => refusal(503, "unavailable");
  const client = await pollingClient(hub, ["one", "two"]);
  await hub.called(POST, 1);
  await settled();
  assert.equal(client.queued, 2);
  assert.equal(hub.callsOf(POST).length, 1);
  hub.routes[POST] = post;
  mock.timers.tick(3_000);
  const posts = await hub.called(POST, 3);
  assert.deepEqual(
    contentsAndKeys(posts).map(([content]) => content),
    ["one", "one", "two"],
  );
  assert.equal(posts[0]?.headers["Idempotency-Key"], posts[1]?.headers["Idempotency-Key"]);
});

test("every minute a socket is tried again, and taken once one opens", async () => {
  const { hub, log } = hubWithLog();
  const client = await pollingClient(hub);
  await hub.called(CONVERSATIONS, 2);
  await settled();
  const tried = hub.sockets.length;
  await rounds(hub, 18);
  assert.equal(hub.sockets.length, tried);
  await rounds(hub, 1);
  assert.equal(hub.sockets.length, tried + 1);
  hub.socket.end(); // still blocked
  assert.equal(client.status, Connection.POLLING);
  await rounds(hub, 20);
  assert.equal(hub.sockets.length, tried + 2);
  client.send(BEN, "while it opens");
  hub.socket.open();
  log.push(wireMessage(1));
  hub.socket.deliver(posted(1));
  hub.socket.deliver(RESUMED);
  assert.equal(client.status, Connection.ONLINE);
  assert.deepEqual(
    hub.socket.sent.map(({ type }) => type),
    ["resume", "private_message"],
  );
  const calls = hub.calls.length;
  mock.timers.tick(20_000);
  await settled();
  assert.equal(hub.calls.length, calls); // it polls no more
});

test("a socket that opened while it polled, and broke before it was live, is lost", async () => {
  const { hub } = hubWithLog();
  const client = await pollingClient(hub);
  await hub.called(CONVERSATIONS, 2);
  await settled();
  await rounds(hub, 19);
  hub.socket.open();
  hub.socket.end();
  assert.deepEqual([client.status, client.state.reason], [Connection.WAITING, Reason.LOST]);
});

test("a round that nobody answers ends after 30 s", async () => {
  const { hub } = hubWithLog();
  const client = await pollingClient(hub);
  await hub.called(CONVERSATIONS, 2);
  await settled();
  hub.routes[CONVERSATIONS] = () => new Promise(() => undefined);
  mock.timers.tick(3_000);
  await settled();
  mock.timers.tick(30_000);
  assert.deepEqual([client.status, client.state.reason], [Connection.WAITING, Reason.SILENT]);
});

test("a server that goes away is waited for, and an ended session is not", async () => {
  const { hub } = hubWithLog();
  const client = await pollingClient(hub);
  await hub.called(CONVERSATIONS, 2);
  await settled();
  hub.routes[CONVERSATIONS] = unreachable;
  mock.timers.tick(3_000);
  await entered(client, Connection.WAITING);
  hub.routes[CONVERSATIONS] = () => refusal(401);
  mock.timers.tick(4_000);
  await entered(client, Connection.SIGNED_OUT);
  mock.timers.tick(600_000);
  assert.equal(client.status, Connection.SIGNED_OUT);
});

test("`close` ends the rounds", async () => {
  const { hub } = hubWithLog();
  const client = await pollingClient(hub);
  await hub.called(CONVERSATIONS, 2);
  client.close();
  const count = hub.calls.length;
  mock.timers.tick(600_000);
  await settled();
  assert.equal(hub.calls.length, count);
  assert.equal(client.status, Connection.IDLE);
  assert.deepEqual(client.me, ME);
  assert.equal(hub.callsOf(SESSION).length, 4);
});
