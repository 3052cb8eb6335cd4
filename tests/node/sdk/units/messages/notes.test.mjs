import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { BEN, FakeHub, RESUMED, recorded, settled, wireMessage } from "../fake_hub.mjs";

/** @import { Message, ParlourClient } from "../../../../../hub/web/sdk/parlour.js" */

const REST = "/private_messages/api/messages";
const NOW = Date.parse("2024-01-01T12:00:00.000Z");

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"], now: NOW }));
afterEach(() => mock.timers.reset());

/**
 * What is noted of the conversation with Ben.
 * @param {number} note its number
 * @param {object} [marks]
 */
function noted(note, marks = {}) {
  return { user_id: BEN, note, unread_from: null, is_muted: false, muted_until: null, ...marks };
}

/**
 * @param {number} note its number
 * @param {number} seq of the message
 * @param {boolean} isHidden
 */
function hidden(note, seq, isHidden = true) {
  return { user_id: BEN, note, message_id: 100 + seq, seq, is_hidden: isHidden };
}

/**
 * @param {FakeHub} hub
 * @param {...object} notes
 */
function deliver(hub, ...notes) {
  for (const note of notes) {
    const type = "message_id" in note ? "message_hidden" : "conversation_noted";
    hub.socket.deliver({ type, ...note });
  }
}

/** @param {FakeHub} hub */
function bringMessages(hub) {
  for (const seq of [1, 2, 3]) {
    hub.socket.deliver({ type: "private_message", message: wireMessage(seq) });
  }
}

/**
 * A client that comes back after a break; returns up to which note it says it knows them.
 * @param {FakeHub} hub
 */
async function back(hub) {
  const count = hub.sockets.length;
  hub.socket.end();
  mock.timers.tick(500);
  const socket = await hub.openedSockets(count + 1);
  socket.open();
  return socket.sent.at(-1)?.notes;
}

/** @param {ParlourClient} client */
function shown(client) {
  return client.messages(BEN).map(({ seq }) => seq);
}

test("what another device notes is known here", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const events = recorded(client);
  deliver(hub, noted(1, { is_muted: true }), noted(2, { is_muted: true, unread_from: 2 }));
  assert.deepEqual(client.marks(BEN), { unreadFrom: 2, isMuted: true, mutedUntil: null });
  deliver(hub, noted(1)); // once more, and late
  assert.equal(client.marks(BEN).isMuted, true);
  assert.equal(events.filter(([type]) => type === "noted").length, 2);
});

test("a note that comes late does not hold where nothing is noted any more", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  bringMessages(hub);
  hub.socket.deliver({ ...RESUMED, notes: 4 }); // a mute and its end, hidden and shown again
  deliver(hub, noted(1, { is_muted: true }), hidden(3, 2));
  assert.equal(client.marks(BEN).isMuted, false);
  assert.deepEqual(shown(client), [1, 2, 3]);
  deliver(hub, noted(5, { is_muted: true }));
  assert.equal(client.marks(BEN).isMuted, true);
});

test("a mute ends in time", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  const until = new Date(NOW + 60_000).toISOString();
  deliver(hub, noted(1, { is_muted: true, muted_until: until }));
  assert.deepEqual(client.marks(BEN), { unreadFrom: null, isMuted: true, mutedUntil: until });
  mock.timers.tick(60_000);
  assert.deepEqual(client.marks(BEN), { unreadFrom: null, isMuted: false, mutedUntil: null });
});

test("the list says what is noted", async () => {
  const { user_id: _, note: __, ...marks } = noted(0, { is_muted: true });
  const hub = new FakeHub({
    [`GET ${REST}/conversations`]: () => [{ user: { id: BEN }, last_seq: 3, ...marks }],
  });
  const client = await hub.onlineClient();
  assert.equal(client.marks(BEN).isMuted, true);
  deliver(hub, noted(7));
  assert.equal(client.marks(BEN).isMuted, false);
});

test("a hidden message is gone, however it comes, and comes back as it is now", async () => {
  const hub = new FakeHub({
    [`GET ${REST}/${BEN}`]: () => [{ ...wireMessage(2), rev: 1, content: "edited" }],
  });
  const client = await hub.onlineClient();
  bringMessages(hub);
  deliver(hub, hidden(1, 2), hidden(2, 9));
  hub.socket.deliver({ type: "private_message", message: wireMessage(9) });
  assert.deepEqual(shown(client), [1, 3]);
  deliver(hub, hidden(3, 2, false));
  await hub.called(`GET ${REST}/${BEN}`);
  await settled();
  assert.deepEqual(shown(client), [1, 2, 3]);
  assert.equal(client.messages(BEN)[1]?.content, "edited");
});

test("what one notes here is known when it is noted", async () => {
  const hub = new FakeHub({
    [`PUT ${REST}/102/unread`]: () => noted(1, { unread_from: 2 }),
    [`PUT ${REST}/102/hidden`]: () => hidden(2, 2),
    [`PUT ${REST}/${BEN}/muted`]: () => noted(3, { is_muted: true }),
    [`DELETE ${REST}/${BEN}/muted`]: () => noted(4),
  });
  const client = await hub.onlineClient();
  bringMessages(hub);
  const second = /** @type {Message} */ (client.messages(BEN)[1]);
  await client.markUnread(second);
  assert.equal(client.marks(BEN).unreadFrom, 2);
  await client.hide(second);
  assert.deepEqual(shown(client), [1, 3]);
  await client.mute(BEN, new Date("2024-06-01T00:00:00Z"));
  assert.equal(client.marks(BEN).isMuted, true);
  const until = hub.callsOf(`PUT ${REST}/${BEN}/muted`)[0]?.path.split("?")[1];
  assert.equal(until, "until=2024-06-01T00%3A00%3A00.000Z");
  await client.unmute(BEN);
  assert.equal(client.marks(BEN).isMuted, false);
});

test("a client says up to which note it knows them, and asks where one is missing", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  assert.equal(hub.socket.sent[0]?.notes, 0);
  hub.socket.deliver({ ...RESUMED, notes: 5 });
  deliver(hub, noted(6));
  assert.equal(await back(hub), 6);
  hub.socket.deliver({ ...RESUMED, notes: 6 });
  const { length } = hub.socket.sent;
  deliver(hub, noted(8, { is_muted: true }));
  assert.equal(hub.socket.sent.length, length + 1);
  assert.equal(hub.socket.sent.at(-1)?.notes, 6);
  hub.socket.deliver({ ...RESUMED, notes: 8 });
  assert.equal(client.marks(BEN).isMuted, true);
  assert.equal(await back(hub), 8);
});

test("where the hub knows of fewer notes, those that it tells are all", async () => {
  const hub = new FakeHub({ [`GET ${REST}/${BEN}`]: () => [wireMessage(2)] });
  const client = await hub.onlineClient();
  bringMessages(hub);
  deliver(hub, noted(1, { is_muted: true }), hidden(2, 2));
  hub.socket.deliver({ ...RESUMED, notes: 2 });
  assert.equal(await back(hub), 2);
  deliver(hub, noted(1, { is_muted: true }));
  hub.socket.deliver({ ...RESUMED, notes: 1 });
  await hub.called(`GET ${REST}/${BEN}`);
  await settled();
  assert.deepEqual(shown(client), [1, 2, 3]);
  assert.equal(client.marks(BEN).isMuted, true);
});
