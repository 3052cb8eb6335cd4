import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Status } from "../../../../../hub/web/sdk/parlour.js";
import { UNANSWERED, UNCHANGED } from "../../../../../hub/web/sdk/messages/message.js";
import { BEN, FakeHub, ME, RESUMED, posted, recorded, wireMessage } from "../fake_hub.mjs";

const HISTORY = `GET /private_messages/api/messages/${BEN}`;

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

test("each message is dispatched once and kept in order of its seq", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const events = recorded(client);
  for (const seq of [2, 1, 2, 3]) hub.socket.deliver(posted(seq));
  const messages = client.messages(BEN);
  assert.deepEqual(
    messages.map(({ seq }) => seq),
    [1, 2, 3],
  );
  assert.deepEqual(
    events,
    [2, 1, 3].map((seq) => ["message", { conversationId: BEN, message: messages[seq - 1] }]),
  );
});

test("a message has everything that the hub says of it", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const message = wireMessage(1);
  const more = {
    message_type: "image",
    file_url: "/uploads/cat.png",
    parent_id: 5,
    is_forwarded: true,
  };
  hub.socket.deliver({ type: "private_message", message: { ...message, ...more } });
  hub.socket.deliver(posted(2, { isMine: true }));
  const [theirs, mine] = client.messages(BEN);
  assert.deepEqual(theirs, {
    id: 101,
    seq: 1,
    key: null,
    conversationId: BEN,
    author: BEN,
    authorName: null,
    isMine: false,
    content: "message 1",
    kind: "image",
    fileUrl: "/uploads/cat.png",
    parentId: 5,
    rootId: 5,
    ...UNANSWERED,
    thread: null,
    isForwarded: true,
    at: "2024-01-01T12:00:00.000Z",
    ...UNCHANGED,
    status: Status.SENT,
    failure: null,
  });
  assert.deepEqual([mine?.isMine, mine?.author, mine?.conversationId], [true, ME.id, BEN]);
});

test("messages that come together share one receipt, of the newest", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  for (const seq of [1, 2, 3]) hub.socket.deliver(posted(seq));
  hub.socket.deliver(posted(4, { isMine: true }));
  mock.timers.tick(199);
  assert.deepEqual(hub.socket.sentOf("mark_delivered"), []);
  mock.timers.tick(1);
  assert.deepEqual(hub.socket.sentOf("mark_delivered"), [
    { type: "mark_delivered", message_id: 103 },
  ]);
  hub.socket.deliver(posted(5));
  mock.timers.tick(200);
  assert.deepEqual(hub.socket.sentOf("mark_delivered").at(-1), {
    type: "mark_delivered",
    message_id: 105,
  });
  hub.socket.deliver({
    type: "private_message",
    message: { ...wireMessage(6), is_delivered: true },
  });
  mock.timers.tick(1_000);
  assert.equal(hub.socket.sentOf("mark_delivered").length, 2);
  client.close();
});

test("a receipt that could not be sent goes out with the next one", async () => {
  const hub = new FakeHub();
  await hub.onlineClient();
  hub.socket.deliver(posted(1));
  hub.socket.end();
  mock.timers.tick(500);
  const socket = await hub.openedSockets(2);
  socket.open();
  socket.deliver(RESUMED);
  socket.deliver(posted(2));
  mock.timers.tick(200);
  assert.deepEqual(socket.sentOf("mark_delivered"), [{ type: "mark_delivered", message_id: 102 }]);
});

test("one's own messages are delivered and read as the hub says", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  for (const seq of [1, 2, 3]) hub.socket.deliver(posted(seq, { isMine: true }));
  const events = recorded(client);
  const statuses = () => client.messages(BEN).map(({ status }) => status);
  hub.socket.deliver({ type: "messages_delivered", recipient_id: BEN, seq: 2 });
  assert.deepEqual(statuses(), [Status.DELIVERED, Status.DELIVERED, Status.SENT]);
  hub.socket.deliver({ type: "messages_read", reader_id: BEN, sender_id: ME.id, seq: 1 });
  assert.deepEqual(statuses(), [Status.READ, Status.DELIVERED, Status.SENT]);
  hub.socket.deliver({ type: "messages_read", reader_id: ME.id, sender_id: BEN, seq: 3 });
  assert.deepEqual(statuses(), [Status.READ, Status.DELIVERED, Status.SENT]);
  assert.deepEqual(events, [
    ["delivered", { conversationId: BEN }],
    ["read", { conversationId: BEN, isMine: false, upTo: { seq: 1 } }],
    ["read", { conversationId: BEN, isMine: true, upTo: { seq: 3 } }],
  ]);
});

test("presence and the end of a permission are events; an unknown frame is not", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const events = recorded(client);
  hub.socket.deliver({ type: "user_online_status", user_id: BEN, is_online: true });
  hub.socket.deliver({ type: "revoked", user_id: BEN });
  hub.socket.deliver({ type: "something_new" });
  assert.deepEqual(events, [
    ["presence", { user: BEN, isOnline: true }],
    ["revoked", { conversationId: BEN }],
  ]);
});

test("another's typing ends with a message, with the connection, or by itself", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  /** @type {boolean[]} */
  const typing = [];
  client.addEventListener("typing", ({ detail: { conversationId, who, isTyping } }) => {
    assert.deepEqual([conversationId, who], [BEN, BEN]);
    typing.push(isTyping);
  });
  const begin = { type: "typing_indicator", sender_id: BEN, is_typing: true };
  hub.socket.deliver(begin);
  hub.socket.deliver(posted(1));
  assert.deepEqual(typing, [true, false]);
  hub.socket.deliver(begin);
  mock.timers.tick(4_000);
  assert.deepEqual(typing, [true, false, true, false]);
  hub.socket.deliver(begin);
  hub.socket.end();
  assert.deepEqual(typing, [true, false, true, false, true, false]);
});

test("one's own typing is sent, and its end", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  client.typing(BEN);
  mock.timers.tick(2_500);
  client.typing(BEN);
  mock.timers.tick(300);
  client.send(BEN, "said");
  mock.timers.tick(2_500);
  assert.deepEqual(
    hub.socket.sent.slice(1).map(({ type, is_typing: isTyping = null }) => [type, isTyping]),
    [
      ["typing_indicator", true],
      ["typing_indicator", false],
      ["typing_indicator", true],
      ["private_message", null],
    ],
  );
});

test("events() gives everything in order, until it is left", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const events = client.events();
  const first = events.next();
  hub.socket.deliver({ type: "revoked", user_id: BEN });
  hub.socket.deliver(posted(1));
  hub.socket.deliver(posted(2));
  const types = [(await first).value.type];
  for (let count = 0; count < 2; count += 1) types.push((await events.next()).value.type);
  assert.deepEqual(types, ["revoked", "message", "message"]);
  assert.deepEqual(await events.return(/** @type {never} */ (undefined)), {
    value: undefined,
    done: true,
  });
});

test("a frame that is not understood is a problem, and stops no other", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const { socket } = hub;
  const events = recorded(client);
  for (const data of ["5", '"text"', "[]", "null", '{"type":"private_message"}']) {
    socket.onmessage?.({ data });
  }
  hub.socket.deliver(posted(1));
  assert.deepEqual(
    events.map(([name, detail]) => [name, Object(detail).code]),
    [
      ["problem", "malformed"], // null; what is no object has no type, as a frame of a newer hub
      ["problem", "malformed"],
      ["message", undefined],
    ],
  );
  assert.equal(client.status, "online");
});

test("what a subscriber throws stops nothing", async (context) => {
  /** @type {unknown[]} */
  const thrown = [];
  context.mock.method(process, "nextTick", (/** @type {() => void} */ report) => {
    try {
      report();
    } catch (error) {
      thrown.push(error);
    }
  });
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  let told = 0;
  client.subscribe(() => {
    throw new Error("in a subscriber");
  });
  client.subscribe(() => {
    told += 1;
  });
  hub.socket.deliver(posted(1));
  assert.equal(client.messages(BEN).length, 1);
  assert.deepEqual([told, thrown.map(String)], [1, ["Error: in a subscriber"]]);
});

test("history is loaded a page at a time, from the newest to the first message", async () => {
  const all = [...Array(7).keys()].map((at) => wireMessage(at + 1));
  const hub = new FakeHub({
    [HISTORY]: ({ path }) => {
      const query = new globalThis.URL(path, "http://x").searchParams;
      const limit = Number(query.get("limit"));
      const before = Number(query.get("before_seq") ?? 8);
      return all.filter(({ seq }) => seq < before).slice(-limit);
    },
  });
  const client = await hub.onlineClient();
  const seqs = () => client.messages(BEN).map(({ seq }) => seq);
  assert.equal(await client.loadOlder(BEN, 3), true);
  assert.deepEqual(seqs(), [5, 6, 7]);
  assert.equal(await client.loadOlder(BEN, 3), true);
  assert.deepEqual(seqs(), [2, 3, 4, 5, 6, 7]);
  assert.equal(await client.loadOlder(BEN, 3), false);
  assert.deepEqual(seqs(), [1, 2, 3, 4, 5, 6, 7]);
  assert.equal(await client.loadOlder(BEN, 3), false);
  assert.deepEqual(
    hub.callsOf(HISTORY).map(({ path }) => path.split("?")[1]),
    [
      "limit=3&mark_read=false",
      "before_seq=5&limit=3&mark_read=false",
      "before_seq=2&limit=3&mark_read=false",
    ],
  );
});

test("an empty conversation has no older messages", async () => {
  const hub = new FakeHub({ [HISTORY]: () => [] });
  const client = await hub.onlineClient();
  assert.equal(await client.loadOlder(BEN), false);
  assert.deepEqual(client.messages(BEN), []);
});

test("what the client has not got yet stays unread", async () => {
  const read = `PUT /private_messages/api/messages/${BEN}/read`;
  const hub = new FakeHub({ [read]: () => ({ status: "success" }) });
  const client = await hub.onlineClient();
  await client.markRead(BEN);
  for (const seq of [1, 2]) hub.socket.deliver(posted(seq));
  await client.markRead(BEN);
  assert.deepEqual(
    hub.callsOf(read).map(({ path }) => path.split("?")[1]),
    [undefined, "up_to_seq=2"],
  );
});
