/** What waits beside conversations: of both clients, the newest first, and how many threads have unread replies. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Activity } from "../../../../hub/web/app/activity/activity.js";
import { collected } from "../../../../hub/web/app/activity/collecting.js";
import { NewestFirst } from "../../../../hub/web/app/activity/newest_first.js";
import { UnreadThreads } from "../../../../hub/web/app/activity/unread_threads.js";
import { Conversations } from "../../../../hub/web/app/conversation/conversations.js";
import { BEN, FakeHub, ME, settled, wireMessage } from "../../sdk/units/fake_hub.mjs";

/** @import { Entry } from "../../../../hub/web/app/activity/activity.js" */

const PRIVATE = "/private_messages/api";
const CHANNELS = "/learning_platform/api";
const GENERAL = 11;
const PAUSE_MS = 3_000;

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

/** @param {number[][]} pages */
function part(pages) {
  const read = { count: 0 };
  const page = async (/** @type {string | undefined} */ cursor) => {
    read.count += 1;
    const at = Number(cursor ?? 0);
    return { items: pages[at] ?? [], cursor: at + 1 < pages.length ? String(at + 1) : null };
  };
  return { page, order: (/** @type {number} */ each) => each, read };
}

test("lists in pages become one, and no page is read before it is wanted", async () => {
  const one = part([[9, 6], [], [2]]);
  const other = part([[8, 7, 1]]);
  const all = new NewestFirst([one, other]);
  const found = [];
  for (let count = 0; count < 4; count += 1) found.push(await all.next());
  assert.deepEqual(found, [9, 8, 7, 6]);
  assert.equal(one.read.count, 1);
  assert.deepEqual([await all.next(), await all.next(), await all.next()], [2, 1, null]);
});

const LISTED = {
  user: { id: BEN, username: "ben", name: "Ben" },
  last_seq: 1,
  unread_count: 0,
  last_message: "",
  last_message_time: "",
  is_request: false,
  unread_from: null,
  is_muted: false,
  muted_until: null,
};
const CHANNEL = { id: GENERAL, workspaceId: 1, name: "general", lastMessage: null };
const COUNTS = { lastSeq: 0, unreadCount: 0, unreadFrom: null, isMuted: false, mutedUntil: null };

/** @param {number} id */
function inChannel(id, channelId = GENERAL) {
  return {
    id,
    seq: id,
    channelId,
    authorId: BEN,
    authorUsername: "ben",
    content: "@ann",
    messageType: "text",
    fileUrl: null,
    createdAt: "2024-01-01T12:00:00.000Z",
    readBy: [],
  };
}

/** A person with whom one writes, and a channel. */
async function known() {
  const hub = new FakeHub({
    [`GET ${PRIVATE}/messages/conversations`]: () => [LISTED],
    [`GET ${CHANNELS}/users/me`]: () => ME,
    [`GET ${CHANNELS}/workspaces`]: () => [{ id: 1, name: "Garden" }],
    [`GET ${CHANNELS}/users/me/channels`]: () => [{ ...CHANNEL, ...COUNTS }],
  });
  const client = await hub.onlineClient();
  const channels = await hub.onlineChannelsClient();
  const list = new Conversations(client, channels, () => false, Boolean);
  await Promise.all([list.loadPeople(), list.loadChannels()]);
  return { hub, activity: new Activity(client, channels, list) };
}

test("what is listed of both is in order, and only what is in a conversation of the list", async () => {
  const { hub, activity } = await known();
  hub.routes[`GET ${PRIVATE}/messages/mentions`] = () => [wireMessage(3), wireMessage(1)];
  hub.routes[`GET ${CHANNELS}/messages/mentions`] = () => [inChannel(103, 99), inChannel(102)];
  const found = [];
  for await (const each of activity.mentions()) found.push(each);
  assert.deepEqual(
    found.map(({ conversation, message }) => [conversation.key, message.id]),
    [
      ["person.2", 103],
      ["channel.11", 102],
      ["person.2", 101],
    ],
  );
});

test("unread ones are looked for no further than they are known to be", async () => {
  let read = 0;
  /** @param {Set<number>} unread */
  async function* entries(unread) {
    for (let at = 0; at < 5_000; at += 1) {
      read = at + 1;
      yield/** @type {Entry} */ ({ unread: unread.has(at) ? 1 : 0 });
    }
  }
  const some = new Set([0, 3, 60]);
  const found = await collected(entries(some), 20, 3);
  assert.deepEqual([found.entries.length, found.isMore, read], [3, false, 61]);
  assert.equal((await collected(entries(some), 2, 3)).isMore, true);
  await collected(entries(new Set([7])), 20, 0); // it came since
  assert.equal(read, 50);
  await collected(entries(some), 20, 9); // they are nowhere
  assert.equal(read, 1_000);
  const all = await collected(entries(some), 20, null);
  assert.deepEqual([all.entries.length, all.isMore, read], [20, true, 21]);
});

test("threads with unread replies are counted, not in muted conversations, and not too often", async () => {
  const { hub, activity } = await known();
  const muted = `PUT ${CHANNELS}/channels/${GENERAL}/muted`;
  hub.routes[muted] = () => ({ channelId: GENERAL, note: 1, ...COUNTS, isMuted: true });
  const thread = { message: inChannel(102), unreadCount: 2, readSeq: 0 };
  const path = `GET ${PRIVATE}/threads`;
  hub.routes[path] = () => ({
    threads: [
      { message: wireMessage(1), unread_count: 1, read_seq: 0 },
      { message: wireMessage(2), unread_count: 0, read_seq: 9 },
    ],
  });
  hub.routes[`GET ${CHANNELS}/threads`] = () => ({ threads: [thread] });
  const unread = new UnreadThreads(activity, Boolean);
  unread.changed();
  await settled();
  assert.equal(unread.count, 2);
  unread.changed();
  unread.changed();
  await settled();
  assert.equal(hub.callsOf(path).length, 1);
  mock.timers.tick(PAUSE_MS);
  await settled();
  assert.equal(hub.callsOf(path).length, 2);
  for await (const { conversation } of activity.threads()) {
    if (conversation.isChannel) await conversation.client.mute(GENERAL);
  }
  assert.equal(unread.count, 1);
});
