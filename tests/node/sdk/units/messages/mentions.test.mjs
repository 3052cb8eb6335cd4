import assert from "node:assert/strict";
import { test } from "node:test";
import { BEN, FakeHub, ME, Page, RESUMED, wireMessage } from "../fake_hub.mjs";

/** @import { MentionPage } from "../../../../../hub/web/sdk/parlour.js" */

const PRIVATE = "/private_messages/api";
const CHANNELS = "/learning_platform/api";
const LISTED = { user: { id: BEN }, last_seq: 4, is_muted: false, muted_until: null };

/** @param {MentionPage} page */
function shown({ mentions }) {
  return mentions.map(({ message, isUnread }) => [message.seq, isUnread]);
}

test("mentions are listed page by page; those are unread that were not read, or are again", async () => {
  const all = [4, 3, 2].map((seq) => ({ ...wireMessage(seq), is_read: seq < 4 }));
  const hub = new FakeHub({
    [`GET ${PRIVATE}/messages/conversations`]: () => [{ ...LISTED, unread_from: 3 }],
    [`GET ${PRIVATE}/messages/mentions`]: ({ path }) =>
      path.includes("cursor=more") ? all.slice(2) : new Page(all.slice(0, 2), "?cursor=more"),
  });
  const client = await hub.onlineClient();
  const page = await client.mentions({ limit: 2 });
  assert.deepEqual(shown(page), [
    [4, true],
    [3, true],
  ]);
  assert.equal(page.cursor, "more");
  const last = await client.mentions({ cursor: "more" });
  assert.deepEqual(shown(last), [[2, false]]);
  assert.equal(last.cursor, null);
});

test("in channels those are read that this user has read", async () => {
  const stored = { channelId: 11, authorId: BEN, authorUsername: "ben", messageType: "text" };
  const at = { createdAt: "2024-01-01T12:00:00.000Z", content: "@ann", fileUrl: null };
  const hub = new FakeHub({
    [`GET ${CHANNELS}/users/me`]: () => ME,
    [`GET ${CHANNELS}/users/me/channels`]: () => [],
    [`GET ${CHANNELS}/messages/mentions`]: () => [
      { id: 102, seq: 2, ...stored, ...at, readBy: [7] },
      { id: 101, seq: 1, ...stored, ...at, readBy: [ME.id, 7] },
    ],
  });
  const client = hub.channelsClient();
  await client.connect();
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  assert.deepEqual(shown(await client.mentions()), [
    [2, true],
    [1, false],
  ]);
});
