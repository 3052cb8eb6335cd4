import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Connection, Kind, Status } from "../../../../../hub/web/sdk/parlour.js";
import { MemoryStorage } from "../../memory_storage.mjs";
import { BEN, FakeHub, ME, RESUMED, posted, recorded, wireMessage } from "../fake_hub.mjs";

/**
 * @import { ParlourClient } from "../../../../../hub/web/sdk/parlour.js"
 * @import { FakeSocket } from "../../fake_socket.mjs"
 */

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

/** @param {FakeSocket} socket */
function contents(socket) {
  return socket.sentOf("private_message").map(({ content }) => content);
}

/** @param {FakeSocket} socket */
function keys(socket) {
  return socket.sentOf("private_message").map(({ client_id: key }) => String(key));
}

/** @param {ParlourClient} client */
function statuses(client) {
  return client.messages(BEN).map(({ content, status }) => [content, status]);
}

/**
 * Comes back after a lost connection.
 * @param {FakeHub} hub
 * @param {number} pause
 */
async function reconnected(hub, pause = 500) {
  const count = hub.sockets.length;
  mock.timers.tick(pause);
  const socket = await hub.openedSockets(count + 1);
  socket.open();
  return socket;
}

test("what is written before there is a connection is sent in order once there is one", async () => {
  const hub = new FakeHub();
  const client = hub.client();
  await client.connect();
  hub.socket.open();
  for (const content of ["one", "two", "three"]) {
    const message = client.send(BEN, content);
    assert.equal(message.status, Status.SENDING);
    assert.equal(message.isMine, true);
  }
  assert.equal(client.queued, 3);
  assert.deepEqual(contents(hub.socket), []);
  hub.socket.deliver(RESUMED);
  assert.deepEqual(contents(hub.socket), ["one", "two", "three"]);
  assert.equal(new Set(keys(hub.socket)).size, 3);
});

test("what stands in the history is stored, and not sent again", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const { key } = client.send(BEN, "unheard");
  hub.socket.end();
  hub.routes[`GET /private_messages/api/messages/${BEN}`] = () => [
    wireMessage(1, { isMine: true, key, content: "unheard" }),
  ];
  await client.loadOlder(BEN);
  assert.deepEqual(statuses(client), [["unheard", Status.SENT]]);
  assert.equal(client.queued, 0);
  const socket = await reconnected(hub);
  socket.deliver(RESUMED);
  assert.deepEqual(contents(socket), []);
});

test("without a user nothing can be sent", () => {
  assert.throws(() => new FakeHub().client().send(BEN, "hi"), { code: "not_connected" });
});

test("a message goes out with everything it has", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const { key } = client.send(BEN, "cat", {
    kind: Kind.IMAGE,
    fileUrl: "/uploads/cat.png",
    parentId: 5,
  });
  const plain = client.send(BEN, "plain");
  assert.deepEqual(hub.socket.sentOf("private_message"), [
    {
      type: "private_message",
      recipient_id: BEN,
      content: "cat",
      client_id: key,
      message_type: "image",
      file_url: "/uploads/cat.png",
      parent_id: 5,
    },
    { type: "private_message", recipient_id: BEN, content: "plain", client_id: plain.key },
  ]);
});

test("a confirmed message is stored, and the events say so", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const events = recorded(client);
  const { key } = client.send(BEN, "one");
  client.send(BEN, "two");
  hub.socket.deliver(posted(1, { isMine: true, key, content: "one" }));
  assert.deepEqual(statuses(client), [
    ["one", Status.SENT],
    ["two", Status.SENDING],
  ]);
  assert.equal(client.queued, 1);
  assert.deepEqual(
    events.map(([name, detail]) => [name, "queued" in detail ? detail.queued : null]),
    [
      ["message", null],
      ["queue", 1],
      ["message", null],
      ["queue", 2],
      ["queue", 1],
      ["changed", null],
    ],
  );
});

test("after a lost connection the unconfirmed are sent again, in order, under their keys", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  for (const content of ["one", "two", "three"]) client.send(BEN, content);
  const [first, second, third] = keys(hub.socket);
  hub.socket.deliver(posted(1, { isMine: true, key: first, content: "one" }));
  hub.socket.end();
  client.send(BEN, "four");
  const socket = await reconnected(hub);
  // the second was stored, which arrives before the connection is live
  socket.deliver(posted(2, { isMine: true, key: second, content: "two" }));
  assert.deepEqual(contents(socket), []);
  socket.deliver(RESUMED);
  assert.deepEqual(contents(socket), ["three", "four"]);
  assert.equal(keys(socket)[0], third);
  assert.deepEqual(statuses(client), [
    ["one", Status.SENT],
    ["two", Status.SENT],
    ["three", Status.SENDING],
    ["four", Status.SENDING],
  ]);
});

test("a send without a reply within 10 s is sent again on a new connection", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  client.send(BEN, "one");
  mock.timers.tick(9_999);
  assert.equal(client.status, Connection.ONLINE);
  mock.timers.tick(1);
  assert.equal(client.status, Connection.WAITING);
  const [key] = keys(hub.socket);
  const socket = await reconnected(hub);
  socket.deliver(RESUMED);
  assert.deepEqual(keys(socket), [key]);
});

test("a reply ends the wait for it, and only for it", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const one = client.send(BEN, "one");
  const two = client.send(BEN, "two");
  mock.timers.tick(6_000);
  hub.socket.deliver(posted(1, { isMine: true, key: one.key, content: "one" }));
  mock.timers.tick(6_000);
  assert.equal(client.status, Connection.ONLINE);
  hub.socket.deliver(posted(2, { isMine: true, key: two.key, content: "two" }));
  mock.timers.tick(20_000);
  assert.equal(client.status, Connection.ONLINE);
});

test("what the hub refuses for good has failed, can be tried again and discarded", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const { key } = client.send(BEN, "one", { kind: Kind.FILE, fileUrl: "/x", parentId: 5 });
  const refused = { code: "not_allowed", message: "Not allowed", client_id: key };
  hub.socket.deliver({ type: "error", ...refused });
  const [failed] = client.messages(BEN);
  assert.ok(failed);
  assert.equal(failed.status, Status.FAILED);
  assert.equal(failed.failure, "Not allowed");
  assert.equal(client.queued, 0);
  assert.equal(client.status, Connection.ONLINE);
  const again = client.retry(failed);
  assert.notEqual(again.key, key);
  assert.deepEqual(
    [again.content, again.kind, again.fileUrl, again.parentId],
    ["one", Kind.FILE, "/x", 5],
  );
  assert.deepEqual(statuses(client), [["one", Status.SENDING]]);
  hub.socket.deliver({ type: "error", ...refused, client_id: again.key });
  const [second] = client.messages(BEN);
  assert.ok(second);
  client.discard(second);
  assert.deepEqual(client.messages(BEN), []);
  assert.equal(hub.socket.sentOf("private_message").length, 2);
});

test("what failed is not sent again after a lost connection", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const { key } = client.send(BEN, "one");
  hub.socket.deliver({ type: "error", code: "not_allowed", message: "No", client_id: key });
  hub.socket.end();
  const socket = await reconnected(hub);
  socket.deliver(RESUMED);
  assert.deepEqual(contents(socket), []);
});

for (const code of ["unavailable", "lookup_failed", "rate_limited"]) {
  test(`after ${code} everything is sent again from the first on`, async () => {
    const hub = new FakeHub();
    const client = await hub.onlineClient();
    client.send(BEN, "one");
    client.send(BEN, "two");
    const [first] = keys(hub.socket);
    hub.socket.deliver({ type: "error", code, message: "Later", client_id: first });
    assert.equal(client.status, Connection.WAITING);
    assert.equal(client.queued, 2);
    const socket = await reconnected(hub);
    socket.deliver(RESUMED);
    assert.deepEqual(contents(socket), ["one", "two"]);
    assert.equal(keys(socket)[0], first);
  });
}

test("an error about something else is a problem", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const events = recorded(client);
  hub.socket.deliver({ type: "error", code: "invalid_frame", message: "What?" });
  hub.socket.deliver({ type: "error", code: "not_allowed", message: "No", client_id: "unknown" });
  assert.deepEqual(events, [
    ["problem", { code: "invalid_frame", text: "What?" }],
    ["problem", { code: "not_allowed", text: "No" }],
  ]);
});

test("a new page sends what the one before left, and shows it before", async () => {
  const storage = new MemoryStorage();
  const hub = new FakeHub();
  const before = await hub.onlineClient({ storage });
  for (const content of ["one", "two", "three"]) before.send(BEN, content);
  const sent = keys(hub.socket);
  hub.socket.deliver(posted(1, { isMine: true, key: sent[0], content: "one" }));
  hub.socket.deliver({ type: "error", code: "not_allowed", message: "No", client_id: sent[2] });
  before.close();
  const after = hub.client({ storage });
  await after.connect();
  assert.equal(after.queued, 1);
  assert.deepEqual(statuses(after), [
    ["two", Status.SENDING],
    ["three", Status.FAILED],
  ]);
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  assert.deepEqual(keys(hub.socket), [sent[1]]);
  hub.socket.deliver(posted(2, { isMine: true, key: sent[1], content: "two" }));
  assert.equal(Object.keys(storage).length, 1); // the failed one
});

test("what another tab sent is confirmed here too", async () => {
  const storage = new MemoryStorage();
  const hub = new FakeHub();
  const one = await hub.onlineClient({ storage });
  const { key } = one.send(BEN, "one");
  const { socket } = hub;
  const other = await hub.onlineClient({ storage });
  assert.equal(other.queued, 1);
  for (const each of [socket, hub.socket]) {
    each.deliver(posted(1, { isMine: true, key, content: "one" }));
  }
  assert.deepEqual([one.queued, other.queued], [0, 0]);
  assert.deepEqual(statuses(other), [["one", Status.SENT]]);
  assert.deepEqual(Object.keys(storage), []);
});

test("another user does not send them", async () => {
  const storage = new MemoryStorage();
  const hub = new FakeHub();
  const client = await hub.onlineClient({ storage });
  client.send(BEN, "one");
  client.close();
  hub.routes["GET /private_messages/api/auth/session"] = () => ({ ...ME, id: 9 });
  const other = await hub.onlineClient({ storage });
  assert.equal(other.queued, 0);
  assert.deepEqual(contents(hub.socket), []);
});
