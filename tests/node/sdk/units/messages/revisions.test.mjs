import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import {
  BEN,
  FakeHub,
  ME,
  RESUMED,
  posted,
  recorded,
  refusal,
  settled,
  wireMessage,
} from "../fake_hub.mjs";
import { CONVERSATIONS, HISTORY, hubWithLog, pollingClient, rounds } from "../polling_client.mjs";

/** @import { Message, ParlourClient } from "../../../../../hub/web/sdk/parlour.js" */

const EDIT = "PATCH /private_messages/api/messages/101";
const HEART = "/private_messages/api/messages/101/reactions/%E2%9D%A4%EF%B8%8F";
const LIST = [{ user: { id: BEN }, last_seq: 3, last_rev: 7 }];

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

/**
 * Message `seq` after it was changed.
 * @param {number} seq
 * @param {number} rev
 * @param {object} [more]
 */
function changed(seq, rev, more = {}) {
  return { ...wireMessage(seq), rev, reactions: [], ...more };
}

/**
 * @param {number} seq
 * @param {number} rev
 * @param {string} content
 */
function edited(seq, rev, content) {
  const message = changed(seq, rev, { content, edited_at: "2024-01-01T13:00:00.000Z" });
  return { type: "message_updated", change: "edited", message };
}

/**
 * @param {number} seq
 * @param {number} rev
 */
function deleted(seq, rev) {
  const message = changed(seq, rev, { content: "", is_deleted: true });
  return { type: "message_deleted", change: "deleted", message };
}

/** @param {{ messages: ParlourClient["messages"] }} client */
function shown(client) {
  return client.messages(BEN).map(({ seq, rev, content, isDeleted }) => {
    return [seq, rev, isDeleted ? null : content];
  });
}

/** @param {ParlourClient} client */
function first(client) {
  return /** @type {Message} */ (client.messages(BEN)[0]);
}

/**
 * A client that comes back after a break; returns what it asked for.
 * @param {FakeHub} hub
 */
async function back(hub) {
  const count = hub.sockets.length;
  hub.socket.end();
  mock.timers.tick(500);
  const socket = await hub.openedSockets(count + 1);
  socket.open();
  socket.deliver(RESUMED);
  return socket.sentOf("resume").map(({ after, revs }) => ({ after, revs }));
}

test("a change is shown once, and a lower rev never replaces a higher one", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  hub.socket.deliver(posted(1));
  const events = recorded(client);
  const before = first(client);
  for (const [rev, word] of [
    [2, "second"],
    [1, "first"],
    [2, "second again"],
  ]) {
    hub.socket.deliver(edited(1, Number(rev), String(word)));
  }
  assert.deepEqual(shown(client), [[1, 2, "second"]]);
  assert.equal(first(client).editedAt, "2024-01-01T13:00:00.000Z");
  assert.deepEqual([before.rev, before.editedAt], [0, null]); // it is another object
  assert.deepEqual(events, [["changed", { conversationId: BEN, message: first(client) }]]);
  const reactions = [{ emoji: "❤️", count: 2, user_ids: [1, BEN] }];
  hub.socket.deliver({ type: "message_reaction", message: changed(1, 3, { reactions }) });
  assert.deepEqual(first(client).reactions, [{ emoji: "❤️", count: 2, users: [1, BEN] }]);
});

test("what was deleted keeps its place, and comes back by nothing", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const file = { message_type: "image", file_url: "/uploads/cat.png" };
  hub.socket.deliver({ type: "private_message", message: { ...wireMessage(1), ...file } });
  hub.socket.deliver(posted(2));
  hub.socket.deliver(deleted(1, 1));
  hub.socket.deliver(edited(1, 2, "again"));
  hub.socket.deliver(posted(1));
  assert.deepEqual(shown(client), [
    [1, 1, null],
    [2, 0, "message 2"],
  ]);
  assert.deepEqual([first(client).fileUrl, first(client).kind], [null, "text"]);
  const events = recorded(client);
  hub.socket.deliver(deleted(9, 3));
  assert.deepEqual(events, [["changed", { conversationId: BEN, message: null }]]);
});

test("after a break it names how far it knows the changes", async () => {
  const hub = new FakeHub({ [CONVERSATIONS]: () => LIST });
  const client = await hub.onlineClient();
  assert.deepEqual(hub.socket.sentOf("resume")[0]?.revs, { [BEN]: 7 });
  hub.socket.deliver(posted(4));
  hub.socket.deliver(edited(4, 9, "edited"));
  assert.deepEqual(await back(hub), [{ after: { [BEN]: 4 }, revs: { [BEN]: 9 } }]);
  hub.socket.deliver({ ...RESUMED, revs: { [BEN]: 12 } });
  assert.deepEqual(await back(hub), [{ after: { [BEN]: 4 }, revs: { [BEN]: 12 } }]);
  client.close();
});

test("what was told in part is asked for from there on", async () => {
  const hub = new FakeHub({ [CONVERSATIONS]: () => LIST });
  await hub.onlineClient();
  await back(hub);
  hub.socket.end();
  mock.timers.tick(1_000);
  const socket = await hub.openedSockets(3);
  socket.open();
  socket.deliver({ ...RESUMED, complete: false, revs: { [BEN]: 8 } });
  assert.deepEqual(
    socket.sentOf("resume").map(({ revs }) => revs),
    [{ [BEN]: 7 }, { [BEN]: 8 }],
  );
});

test("a hub that does not know of changes is asked for none", async () => {
  const hub = new FakeHub({ [CONVERSATIONS]: () => [{ user: { id: BEN }, last_seq: 3 }] });
  const client = await hub.onlineClient();
  hub.socket.deliver(posted(4));
  assert.deepEqual(await back(hub), [{ after: { [BEN]: 4 }, revs: {} }]);
  assert.deepEqual(shown(client), [[4, 0, "message 4"]]);
});

test("a change of one's own is made in order and under one key, as often as it is tried", async () => {
  let isAway = true;
  const hub = new FakeHub({
    [EDIT]: ({ body }) =>
      isAway
        ? refusal(503, "unavailable")
        : changed(1, 1, /** @type {{ content: string }} */ (body)),
    [`PUT ${HEART}`]: () => changed(1, 2, { content: "better" }),
  });
  const client = await hub.onlineClient();
  hub.socket.deliver(posted(1, { isMine: true }));
  const done = [client.edit(first(client), "better"), client.react(first(client), "❤️")];
  await hub.called(EDIT);
  await settled();
  assert.deepEqual(shown(client), [[1, 0, "message 1"]]);
  isAway = false;
  mock.timers.tick(500);
  const socket = await hub.openedSockets(2);
  socket.open();
  socket.deliver(RESUMED);
  await Promise.all(done);
  assert.deepEqual(shown(client), [[1, 2, "better"]]);
  const [one, two] = hub.callsOf(EDIT);
  assert.ok(one?.headers["Idempotency-Key"]);
  assert.equal(one.headers["Idempotency-Key"], two?.headers["Idempotency-Key"]);
  const [reaction] = hub.callsOf(`PUT ${HEART}`);
  assert.notEqual(reaction?.headers["Idempotency-Key"], one.headers["Idempotency-Key"]);
});

test("what is refused for good changes nothing, and the next change is made", async () => {
  const hub = new FakeHub({
    [EDIT]: () => refusal(403, "too_late", "Too late"),
    [EDIT.replace("PATCH", "DELETE")]: () => ({ message: "Message deleted" }),
  });
  const client = await hub.onlineClient();
  hub.socket.deliver(posted(1, { isMine: true }));
  const editing = client.edit(first(client), "better");
  const removing = client.remove(first(client));
  await assert.rejects(editing, { name: "CallFailed", code: "too_late" });
  await removing;
  assert.deepEqual(shown(client), [[1, 0, null]]);
  const unsent = client.send(BEN, "not stored yet");
  await assert.rejects(client.remove(unsent), { name: "UsageError", code: "not_stored" });
});

test("who polls reads again what was changed, once, and sees what is gone", async () => {
  const { hub, log } = hubWithLog();
  let rev = 0;
  /** @type {Set<number>} */
  const gone = new Set();
  const head = () =>
    log.length > 0 ? [{ user: { id: BEN }, last_seq: log.length, last_rev: rev }] : [];
  hub.routes[CONVERSATIONS] = head;
  const history = hub.routes[HISTORY];
  assert.ok(history);
  hub.routes[HISTORY] = (call) =>
    /** @type {typeof log} */ (history(call)).filter(({ seq }) => !gone.has(seq));
  const client = await pollingClient(hub);
  await settled();
  log.push(wireMessage(1), wireMessage(2), wireMessage(3));
  await rounds(hub, 1);
  log[0] = changed(1, 1, { content: "edited" });
  gone.add(3);
  rev = 2;
  await rounds(hub, 1);
  assert.deepEqual(shown(client), [
    [1, 1, "edited"],
    [2, 0, "message 2"],
    [3, 0, null],
  ]);
  const count = hub.callsOf(HISTORY).length;
  await rounds(hub, 2);
  assert.equal(hub.callsOf(HISTORY).length, count);
  client.close();
});

test("a page of history that is read later shows what was changed since", async () => {
  const hub = new FakeHub({
    [HISTORY]: () => [wireMessage(1), changed(2, 4, { content: "edited" })],
  });
  const client = await hub.onlineClient();
  hub.socket.deliver(posted(2));
  await client.loadOlder(BEN);
  assert.deepEqual(shown(client), [
    [1, 0, "message 1"],
    [2, 4, "edited"],
  ]);
});

test("in channels, too, with what moderators do", async () => {
  const hub = new FakeHub({
    "GET /learning_platform/api/users/me": () => ({ id: 1, username: "ann", name: "Ann" }),
    "GET /learning_platform/api/users/me/channels": () => [{ id: 11, lastSeq: 0, lastRev: 2 }],
  });
  const client = hub.channelsClient();
  await client.connect();
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  const message = {
    id: 101,
    seq: 1,
    channelId: 11,
    authorId: BEN,
    authorUsername: "ben",
    content: "hello",
    messageType: "text",
    fileUrl: null,
    createdAt: "2024-01-01T12:00:00.000Z",
    readBy: [],
  };
  hub.socket.deliver({ type: "new_message", channelId: 11, message });
  const state = { content: "hi", editedAt: "2024-01-01T13:00:00.000Z", isDeleted: false };
  const reactions = [{ emoji: "👍", count: 1, userIds: [1] }];
  const at = { messageId: 101, channelId: 11, seq: 1 };
  hub.socket.deliver({ type: "message_updated", ...at, rev: 3, ...state, reactions });
  hub.socket.deliver({ type: "message_pinned", messageId: 101, channelId: 11, rev: 4 });
  const [now] = client.messages(11);
  assert.deepEqual([now?.content, now?.rev, now?.authorName], ["hi", 4, "ben"]);
  assert.equal(now?.isPinned, true);
  assert.deepEqual(now?.reactions, [{ emoji: "👍", count: 1, users: [1] }]);
  assert.deepEqual((await back(hub))[0]?.revs, { 11: 4 });
});

test("whom a message mentions is as its last edit says", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  hub.socket.deliver(posted(1));
  const wanted = [{ user: ME.id, username: "ann" }];
  const { message, ...frame } = edited(1, 1, "@ann");
  const mentions = [{ user_id: ME.id, username: "ann" }];
  hub.socket.deliver({ ...frame, message: { ...message, mentions } });
  assert.deepEqual(first(client).mentions, wanted);
  hub.socket.deliver(edited(1, 2, "nobody"));
  assert.deepEqual(first(client).mentions, []);
});
