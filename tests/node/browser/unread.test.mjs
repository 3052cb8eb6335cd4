/** What the list of conversations counts as unread, with a client on a hub that is scripted. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Conversations } from "../../../hub/web/app/conversation/conversations.js";
import { BEN, FakeHub, ME, posted, settled } from "../sdk/units/fake_hub.mjs";

const LIST = "GET /private_messages/api/messages/conversations";
const USER = {
  id: BEN,
  username: "ben",
  name: "Ben",
  first_name: "Ben",
  last_name: "",
  is_public: true,
};

test("what came while the list was loaded is counted beside what was unread before", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const list = new Conversations(client, hub.channelsClient(), () => false, Boolean);
  client.addEventListener("message", ({ detail }) => list.messageChanged(client, detail.message));
  const ben = list.withPerson(USER);
  /** @type {(listed: object[]) => void} */
  let release = Boolean;
  hub.routes[LIST] = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  hub.socket.deliver(posted(3));
  await settled();
  hub.socket.deliver(posted(4));
  release([{ user: USER, last_seq: 3, unread_count: 3, last_message: "", last_message_time: "" }]);
  await settled();
  assert.equal(ben.unread, 4);
});

const REST = "/learning_platform/api";
const GENERAL = 11;

/**
 * A list with one channel, in which something is unread.
 * @param {object} listed what the hub lists of it
 */
async function listWithChannel(listed) {
  const now = { lastSeq: 5, unreadCount: 3, unreadMentions: 2, ...listed };
  const channel = { id: GENERAL, workspaceId: 1, name: "general", lastMessage: null };
  const hub = new FakeHub({
    [`GET ${REST}/users/me`]: () => ME,
    [`GET ${REST}/workspaces`]: () => [{ id: 1, name: "Garden" }],
    [`GET ${REST}/users/me/channels`]: () => [{ ...channel, ...now }],
    [`GET ${REST}/channels/${GENERAL}/messages`]: () => [],
  });
  const client = await hub.onlineClient();
  const channels = await hub.onlineChannelsClient();
  const list = new Conversations(client, channels, () => false, Boolean);
  await list.loadChannels();
  const general = await list.find(`channel.${GENERAL}`);
  assert.ok(general);
  return { hub, channels, list, general, now };
}

/** @param {import("../../../hub/web/app/conversation/conversation.js").Conversation} conversation */
function counted({ unread, mentions }) {
  return { unread, mentions: mentions.count };
}

/** @type {[name: string, act: (given: Awaited<ReturnType<typeof listWithChannel>>) => Promise<void>][]} */
const CHANGES = [
  ["a note", ({ list, channels }) => list.noted(channels, GENERAL)],
  ["a message that is hidden", ({ list, channels }) => list.revised(channels, GENERAL, true)],
  ["a block", ({ list }) => list.relationsChanged()],
];
for (const [name, act] of CHANGES) {
  test(`after ${name}, messages and mentions are counted as the hub does`, async () => {
    const given = await listWithChannel({});
    assert.deepEqual(counted(given.general), { unread: 3, mentions: 2 });
    Object.assign(given.now, { unreadCount: 2, unreadMentions: 1 });
    await act(given);
    await settled();
    assert.deepEqual(counted(given.general), { unread: 2, mentions: 1 });
  });
}

test("a channel that is read while it is listed stays read", async () => {
  const { hub, list, general } = await listWithChannel({});
  const path = `GET ${REST}/users/me/channels`;
  const route = hub.routes[path];
  hub.routes[path] = (call) => {
    list.read(general.key);
    return route?.(call);
  };
  await list.loadChannels();
  assert.deepEqual(counted(general), { unread: 0, mentions: 0 });
});

/**
 * A list with one person, of whom messages 1 to 3 are unread.
 * @param {Record<number, number>} left what the hub lists as unread, by what it was read up to
 */
async function listReadElsewhere(left) {
  let unread = 3;
  const listed = { user: USER, last_seq: 3, last_message: "", last_message_time: "" };
  const hub = new FakeHub({ [LIST]: () => [{ ...listed, unread_count: unread }] });
  const client = await hub.onlineClient();
  const list = new Conversations(client, hub.channelsClient(), () => false, Boolean);
  await list.loadPeople();
  client.addEventListener("read", ({ detail }) => void list.readElsewhere(client, detail));
  const ben = list.withPerson(USER);
  return async (/** @type {number} */ seq) => {
    unread = left[seq] ?? 0;
    hub.socket.deliver({ type: "messages_read", reader_id: ME.id, sender_id: BEN, seq });
    await settled();
    return ben.unread;
  };
}

test("what was read in part on another device is unread from there on", async () => {
  const read = await listReadElsewhere({ 1: 2, 3: 0 });
  assert.equal(await read(1), 2);
  assert.equal(await read(3), 0);
});

test("what is known to be read as a whole on another device is not asked for", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const list = new Conversations(client, hub.channelsClient(), () => false, Boolean);
  client.addEventListener("message", ({ detail }) => list.messageChanged(client, detail.message));
  client.addEventListener("read", ({ detail }) => void list.readElsewhere(client, detail));
  const ben = list.withPerson(USER);
  ben.isNew = false;
  for (const seq of [1, 2]) hub.socket.deliver(posted(seq));
  const asked = hub.callsOf(LIST).length;
  hub.socket.deliver({ type: "messages_read", reader_id: ME.id, sender_id: BEN, seq: 2 });
  await settled();
  assert.equal(ben.unread, 0);
  assert.equal(hub.callsOf(LIST).length, asked);
});

test("a mention that is taken back is one less if the hub counts it so", async () => {
  const { list, channels, general, now } = await listWithChannel({});
  const takenBack = { conversationId: GENERAL, author: BEN, content: "", isMentioned: false };
  list.mentioned(channels, { ...takenBack, id: 101, seq: 1 }); // which was read before
  await settled();
  assert.equal(general.mentions.count, 2);
  now.unreadMentions = 1;
  list.mentioned(channels, { ...takenBack, id: 104, seq: 4 });
  await settled();
  assert.equal(general.mentions.count, 1);
});
