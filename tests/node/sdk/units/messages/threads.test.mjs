import assert from "node:assert/strict";
import { test } from "node:test";
import { BEN, FakeHub, ME, Page, RESUMED, recorded, settled, wireMessage } from "../fake_hub.mjs";

/** @import { Message, ParlourClient } from "../../../../../hub/web/sdk/parlour.js" */

const ROOT = 101;
const REST = "/private_messages/api";
const REPLIES = `GET ${REST}/messages/${ROOT}/replies`;
const THREADS = `GET ${REST}/threads`;

/**
 * What a reply says of its thread.
 * @param {number} count
 * @param {number} last the seq of the last reply
 */
function thread(count, last) {
  const lastReply = { id: 100 + last, sender_id: BEN, created_at: "2024-01-01T12:00:00.000Z" };
  return { parent_id: ROOT, reply_count: count, ...(count > 0 ? { last_reply: lastReply } : {}) };
}

/**
 * @param {number} seq
 * @param {number} count
 * @param {object} [more]
 */
function reply(seq, count, more = {}) {
  return { ...wireMessage(seq), parent_id: ROOT, thread: thread(count, seq), ...more };
}

/** @param {FakeHub} hub */
function deliver(hub, /** @type {object[]} */ ...messages) {
  for (const message of messages) hub.socket.deliver({ type: "private_message", message });
}

/** @param {ParlourClient} client */
function root(client) {
  return /** @type {Message} */ (client.messages(BEN)[0]);
}

/** @param {readonly Message[]} messages */
function seqs(messages) {
  return messages.map(({ seq }) => seq);
}

/**
 * A hub whose thread has the replies 3, 4 and 5, two on a page.
 * @param {object[]} followed the messages whose threads are followed
 */
function hubWithThread(followed = []) {
  return new FakeHub({
    [REPLIES]: ({ path }) =>
      path.includes("cursor")
        ? { replies: [reply(3, 3, { thread: thread(3, 5) })] }
        : new Page(
            { replies: [reply(5, 3), reply(4, 3, { thread: thread(3, 5) })] },
            "?cursor=more",
          ),
    [THREADS]: () => ({
      threads: followed.map((message) => ({ message, unread_count: 1, read_seq: 4 })),
    }),
  });
}

test("what a message says of its replies follows what is told", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const events = recorded(client);
  deliver(hub, wireMessage(1), reply(2, 1), reply(3, 2));
  assert.equal(root(client).replyCount, 2);
  assert.deepEqual(root(client).lastReply, {
    id: 103,
    author: BEN,
    at: "2024-01-01T12:00:00.000Z",
  });
  assert.equal(client.messages(BEN)[1]?.rootId, ROOT);
  const gone = { ...wireMessage(3), rev: 1, content: "", is_deleted: true, thread: thread(1, 2) };
  hub.socket.deliver({ type: "message_deleted", change: "deleted", message: gone });
  assert.equal(root(client).replyCount, 1);
  assert.equal(root(client).lastReply?.id, 102);
  const last = { ...wireMessage(2), rev: 2, content: "", is_deleted: true, thread: thread(0, 0) };
  hub.socket.deliver({ type: "message_deleted", change: "deleted", message: last });
  assert.equal(root(client).replyCount, 0);
  assert.equal(root(client).lastReply, null);
  assert.equal(events.filter(([type]) => type === "thread").length, 4);
});

test("a reply to a reply names that, and belongs to the thread", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  deliver(hub, wireMessage(1), reply(2, 1), reply(3, 2, { parent_id: 102 }));
  const [, , nested] = client.messages(BEN);
  assert.deepEqual([nested?.parentId, nested?.rootId], [102, ROOT]);
  assert.equal(root(client).replyCount, 2);
});

test("a thread is loaded page by page, and follows what comes", async () => {
  const hub = hubWithThread();
  const client = await hub.onlineClient();
  deliver(hub, { ...wireMessage(1), reply_count: 3 });
  assert.deepEqual(client.thread(root(client)), []);
  assert.equal(await client.loadReplies(root(client), 2), true);
  assert.deepEqual(seqs(client.thread(root(client))), [1, 4, 5]);
  assert.equal(root(client).lastReply?.id, 105);
  assert.equal(client.thread(root(client)), client.thread(root(client)), "another array");
  assert.equal(await client.loadReplies(root(client), 2), false);
  assert.equal(await client.loadReplies(root(client), 2), false);
  assert.deepEqual(seqs(client.thread(root(client))), [1, 3, 4, 5]);
  assert.equal(hub.callsOf(REPLIES).length, 2);
  deliver(hub, reply(6, 4), wireMessage(7));
  const edit = { ...reply(4, 4, { thread: thread(4, 6) }), rev: 1, content: "else" };
  hub.socket.deliver({ type: "message_updated", change: "edited", message: edit });
  client.send(BEN, "mine", { parentId: ROOT });
  const shown = client.thread(root(client));
  assert.deepEqual(seqs(shown), [1, 3, 4, 5, 6, null]);
  assert.equal(shown[2]?.content, "else");
  assert.equal(shown[0]?.replyCount, 4);
});

test("whether a thread is followed is known once it is loaded", async () => {
  const newer = { ...wireMessage(8), reply_count: 1, last_reply: { id: 199, sender_id: BEN } };
  const mine = { ...wireMessage(1), reply_count: 3, last_reply: { id: 105, sender_id: BEN } };
  for (const [followed, isFollowed] of /** @type {[object[], boolean][]} */ ([
    [[newer, mine], true],
    [[newer], false],
  ])) {
    const hub = hubWithThread(followed);
    const client = await hub.onlineClient();
    deliver(hub, wireMessage(1));
    assert.equal(root(client).isFollowed, null);
    await client.loadReplies(root(client));
    assert.equal(root(client).isFollowed, isFollowed);
  }
});

test("who replies first follows the thread from then on", async () => {
  /** @type {object[]} */
  const followed = [];
  const hub = hubWithThread(followed);
  const client = await hub.onlineClient();
  deliver(hub, wireMessage(1));
  await client.loadReplies(root(client));
  assert.equal(root(client).isFollowed, false);
  followed.push({ ...wireMessage(1), reply_count: 4 });
  deliver(hub, reply(6, 4, { sender_id: ME.id, recipient_id: BEN }));
  await hub.called(THREADS, 2);
  await settled();
  assert.equal(root(client).isFollowed, true);
});

test("following is said to the hub, and known at once", async () => {
  const path = `${REST}/messages/${ROOT}/follow`;
  const hub = new FakeHub({
    [`PUT ${path}`]: () => ({ following: true }),
    [`DELETE ${path}`]: () => ({ following: false }),
  });
  const client = await hub.onlineClient();
  deliver(hub, wireMessage(1), reply(2, 1));
  const answer = /** @type {Message} */ (client.messages(BEN)[1]);
  await client.followThread(answer);
  assert.equal(root(client).isFollowed, true);
  await client.unfollowThread(answer);
  assert.equal(root(client).isFollowed, false);
});

test("followed threads are listed page by page, and marked read", async () => {
  const read = `POST ${REST}/messages/${ROOT}/replies/read`;
  const hub = new FakeHub({
    [read]: () => ({ marked: true }),
    [THREADS]: ({ path }) => {
      const page = { threads: [{ message: wireMessage(1), unread_count: 2, read_seq: 3 }] };
      return path.includes("cursor") ? page : new Page(page, "?cursor=more");
    },
  });
  const client = await hub.onlineClient();
  const { threads, cursor } = await client.threads({ limit: 1 });
  assert.deepEqual(
    threads.map(({ message, unreadCount, readSeq }) => [message.seq, unreadCount, readSeq]),
    [[1, 2, 3]],
  );
  assert.equal(threads[0]?.message.isFollowed, true);
  assert.equal(cursor, "more");
  assert.equal((await client.threads({ cursor: "more" })).cursor, null);
  const events = recorded(client);
  await client.markThreadRead(/** @type {Message} */ (threads[0]?.message));
  assert.deepEqual(events, [["thread", { conversationId: BEN, rootId: ROOT }]]);
  assert.equal(hub.callsOf(read).length, 1);
});

test("after a break a thread has what was missed", async () => {
  const hub = hubWithThread();
  const client = await hub.onlineClient();
  deliver(hub, wireMessage(1));
  await client.loadReplies(root(client));
  await client.connect();
  const socket = await hub.openedSockets(2);
  socket.open();
  const gone = { ...reply(5, 2, { thread: thread(3, 6) }), rev: 1, content: "", is_deleted: true };
  socket.deliver({ type: "message_deleted", change: "missed", message: gone });
  deliver(hub, reply(6, 3));
  socket.deliver({ ...RESUMED, revs: { [BEN]: 1 } });
  const shown = client.thread(root(client));
  assert.deepEqual(
    shown.map(({ seq, isDeleted }) => (isDeleted ? null : seq)),
    [1, 4, null, 6],
  );
  assert.equal(root(client).replyCount, 3);
});
