import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Status } from "../../../../hub/web/sdk/parlour.js";
import { FakeHub, RESUMED, recorded, resume } from "./fake_hub.mjs";

const REST = "/learning_platform/api";
const ANN = { id: 1, username: "ann", name: "Ann" };

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

/**
 * @param {number} channelId
 * @param {number} seq
 * @param {object} [more]
 */
function wireMessage(channelId, seq, more = {}) {
  return {
    id: channelId * 100 + seq,
    seq,
    channelId,
    authorId: 2,
    authorUsername: "ben",
    content: `message ${seq}`,
    messageType: "text",
    fileUrl: null,
    createdAt: "2024-01-01T12:00:00.000Z",
    readBy: [],
    ...more,
  };
}

/**
 * Workspaces with channels, each with its newest message.
 * @param {Record<number, Record<number, number>>} workspaces by id, by channel's id, the newest seq
 */
function hubWith(workspaces) {
  const hub = new FakeHub({
    [`GET ${REST}/users/me`]: () => ANN,
    [`GET ${REST}/workspaces`]: () =>
      Object.keys(workspaces).map((id) => ({ id: Number(id), name: `workspace ${id}` })),
    [`GET ${REST}/users/me/channels`]: () =>
      Object.entries(workspaces).flatMap(([id, channels]) =>
        Object.entries(channels).map(([channel, lastSeq]) => ({
          id: Number(channel),
          workspaceId: Number(id),
          name: "general",
          lastSeq,
        })),
      ),
  });
  for (const [channel, seq] of Object.values(workspaces).flatMap(Object.entries)) {
    hub.routes[`GET ${REST}/channels/${channel}/messages`] = () =>
      seq === 0 ? [] : [wireMessage(Number(channel), seq)];
  }
  return { hub };
}

test("it resumes in every channel of every workspace", async () => {
  const { hub } = hubWith({ 1: { 11: 5, 12: 0 }, 2: { 21: 7 } });
  const client = hub.channelsClient();
  await client.connect();
  assert.equal(hub.socket.address, "ws://hub.example/ws/chat?resume");
  hub.socket.open();
  assert.deepEqual(hub.socket.sent, [resume({ 11: 5, 12: 0, 21: 7 })]);
  hub.socket.deliver(RESUMED);
  assert.equal(client.status, "online");
});

test("who is in no workspace asks for what is live, and for no message", async () => {
  const { hub } = hubWith({});
  const client = hub.channelsClient();
  await client.connect();
  hub.socket.open();
  assert.deepEqual(hub.socket.sent, [resume({})]);
  hub.socket.deliver(RESUMED);
  assert.equal(client.status, "online");
  hub.routes[`POST ${REST}/channels`] = () => ({ id: 31 });
  await client.createChannel(3, "general");
  client.send(31, "hi");
  assert.deepEqual(
    hub.socket.sent.map(({ type }) => type),
    ["resume", "resume", "send_message"],
  );
});

test("channels that one is let into are followed, and said", async () => {
  const { hub } = hubWith({ 1: { 11: 5 } });
  const client = hub.channelsClient();
  await client.connect();
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  const events = recorded(client);
  const channels = [12, 13].map((id) => ({ id, workspaceId: 1, name: "new", lastSeq: id }));
  hub.socket.deliver({ type: "channels_added", channels });
  const wanted = resume({ 11: 5, 12: 12, 13: 13 });
  assert.deepEqual(hub.socket.sent.slice(1), [wanted]);
  hub.socket.deliver({ type: "channels_added", channels }); // as for whom has made them
  assert.equal(hub.socket.sent.length, 2);
  assert.deepEqual(events, Array(2).fill(["channels", { channels }]));
  hub.socket.deliver({ type: "new_message", message: wireMessage(12, 13) });
  assert.equal(client.messages(12).length, 1);
});

test("messages of a channel that nobody has listed are not taken", async () => {
  const { hub } = hubWith({ 1: { 11: 0 } });
  const client = hub.channelsClient();
  await client.connect();
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  const events = recorded(client);
  hub.socket.deliver({ type: "new_message", message: wireMessage(99, 1) });
  assert.deepEqual(events, []);
  assert.deepEqual(client.messages(99), []);
});

test("a message ends its author's typing", async () => {
  const { hub } = hubWith({ 1: { 11: 0 } });
  const client = hub.channelsClient();
  await client.connect();
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  const events = recorded(client);
  hub.socket.deliver({ type: "user_typing", channelId: 11, userId: 2, username: "ben" });
  hub.socket.deliver({ type: "new_message", message: wireMessage(11, 1) });
  assert.deepEqual(
    events.map(([name]) => name),
    ["typing", "typing", "message"],
  );
  assert.deepEqual(events[1], ["typing", { conversationId: 11, who: "ben", isTyping: false }]);
});

test("whoever stops typing is seen to", async () => {
  const { hub } = hubWith({ 1: { 11: 0 } });
  const client = hub.channelsClient();
  await client.connect();
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  const events = recorded(client);
  const ben = { channelId: 11, userId: 2, username: "ben" };
  hub.socket.deliver({ type: "user_typing", ...ben });
  hub.socket.deliver({ type: "user_stop_typing", ...ben });
  assert.deepEqual(events, [
    ["typing", { conversationId: 11, who: "ben", isTyping: true }],
    ["typing", { conversationId: 11, who: "ben", isTyping: false }],
  ]);
});

test("however many channels there are, they are asked for at once", async () => {
  const channels = Object.fromEntries([...Array(200).keys()].map((at) => [at + 11, at]));
  const { hub } = hubWith({ 1: channels });
  await hub.channelsClient().connect();
  hub.socket.open();
  assert.deepEqual(hub.socket.sent, [resume(channels)]);
  assert.equal(hub.calls.length, 2);
});

test("new channels are followed once they are listed, all at once", async () => {
  const workspaces = { 1: { 11: 5 } };
  const { hub } = hubWith(workspaces);
  const client = hub.channelsClient();
  await client.connect();
  await client.workspaces();
  hub.socket.open();
  Object.assign(workspaces[1], { 12: 3, 13: 0 });
  assert.equal(client.isFollowing(12), false);
  const general = { workspaceId: 1, name: "general" };
  assert.deepEqual(await client.workspaces(), [
    {
      id: 1,
      name: "workspace 1",
      channels: [
        { id: 11, ...general, lastSeq: 5 },
        { id: 12, ...general, lastSeq: 3 },
        { id: 13, ...general, lastSeq: 0 },
      ],
    },
  ]);
  assert.equal(client.isFollowing(12), true);
  const wanted = resume({ 11: 5, 12: 3, 13: 0 });
  assert.deepEqual(hub.socket.sent.slice(1), [wanted]);
  await client.workspaces();
  assert.equal(hub.socket.sent.length, 2); // nothing new: nothing asked for
});

test("one's own new channel is followed from its first message on", async () => {
  const { hub } = hubWith({});
  hub.routes[`POST ${REST}/channels`] = ({ body }) => ({ id: 31, .../** @type {object} */ (body) });
  hub.routes[`POST ${REST}/workspaces`] = ({ body }) => ({
    id: 3,
    .../** @type {object} */ (body),
  });
  hub.routes[`POST ${REST}/workspaces/3/members`] = () => ({ id: 3, members: [1, 2] });
  const client = hub.channelsClient();
  await client.connect();
  hub.socket.open();
  const workspace = await client.createWorkspace("school");
  assert.deepEqual(await client.createChannel(workspace.id, "general"), {
    id: 31,
    workspaceId: 3,
    name: "general",
  });
  assert.deepEqual(hub.socket.sent.at(-1), resume({ 31: 0 }));
  assert.deepEqual((await client.addMember(3, 2)).members, [1, 2]);
  assert.deepEqual(hub.calls.at(-1)?.body, { userId: 2 });
});

test("what the hub says of a channel", async () => {
  const { hub } = hubWith({ 1: { 11: 0 } });
  const client = hub.channelsClient();
  await client.connect();
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  const mine = wireMessage(11, 1, { authorId: 1, authorUsername: "ann" });
  hub.socket.deliver({ type: "new_message", message: mine });
  hub.socket.deliver({ type: "new_message", message: wireMessage(11, 2, { parentId: 1101 }) });
  const events = recorded(client);
  hub.socket.deliver({ type: "user_typing", channelId: 11, userId: 2, username: "ben" });
  hub.socket.deliver({ type: "message_read", channelId: 11, messageId: 1101, userId: 2 });
  hub.socket.deliver({ type: "message_read", channelId: 11, messageId: 1102, userId: 1 });
  hub.socket.deliver({ type: "left_channel", channelId: 11 });
  hub.socket.deliver({ type: "invitations_changed", count: 2 });
  hub.socket.deliver({ type: "user_presence", userId: 2 });
  hub.socket.deliver({ type: "error", code: "invalid_field", message: "No" });
  assert.deepEqual(events, [
    ["typing", { conversationId: 11, who: "ben", isTyping: true }],
    ["read", { conversationId: 11, isMine: false, upTo: { id: 1101 } }],
    ["read", { conversationId: 11, isMine: true, upTo: { id: 1102 } }],
    ["revoked", { conversationId: 11 }],
    ["invitations", { count: 2 }],
    ["problem", { code: "invalid_field", text: "No" }],
  ]);
  assert.deepEqual(
    client
      .messages(11)
      .map(({ isMine, authorName, parentId, status }) => [isMine, authorName, parentId, status]),
    [
      [true, "ann", null, Status.READ],
      [false, "ben", 1101, Status.SENT],
    ],
  );
  mock.timers.tick(200);
  assert.deepEqual(
    hub.socket.sent.map(({ type }) => type),
    ["resume"], // this dialect has no receipts
  );
});

test("what it says to the hub", async () => {
  const { hub } = hubWith({ 1: { 11: 0 } });
  const client = hub.channelsClient();
  await client.connect();
  hub.socket.open();
  hub.socket.deliver(RESUMED);
  const { key } = client.send(11, "hi", { parentId: 1101 });
  client.typing(11);
  mock.timers.tick(5_000);
  hub.socket.deliver({ type: "new_message", message: wireMessage(11, 1) });
  hub.socket.deliver({
    type: "new_message",
    message: wireMessage(11, 2, { authorId: 1, clientMessageId: key, content: "hi" }),
  });
  assert.deepEqual(hub.socket.sent.slice(1), [
    {
      type: "send_message",
      channelId: 11,
      content: "hi",
      clientMessageId: key,
      parentId: 1101,
    },
    { type: "typing", channelId: 11 },
    { type: "stop_typing", channelId: 11 },
  ]);
  assert.equal(client.queued, 0);
});

test("a channel is read over REST, connected or not", async () => {
  const { hub } = hubWith({ 1: { 11: 0 } });
  hub.routes[`POST ${REST}/messages/1101/read`] = () => ({});
  const client = hub.channelsClient();
  await client.connect();
  await client.markRead(11); // there is nothing to read
  hub.socket.open();
  hub.socket.deliver({ type: "new_message", message: wireMessage(11, 1) });
  await client.markRead(11);
  client.close();
  await client.markRead(11);
  assert.equal(hub.callsOf(`POST ${REST}/messages/1101/read`).length, 2);
});

test("older messages are those before the first that is known", async () => {
  const { hub } = hubWith({ 1: { 11: 9 } });
  const client = hub.channelsClient();
  await client.connect();
  assert.equal(await client.loadOlder(11, 3), true);
  hub.routes[`GET ${REST}/channels/11/messages`] = () => [wireMessage(11, 1)];
  assert.equal(await client.loadOlder(11, 3), false);
  assert.deepEqual(
    hub.callsOf(`GET ${REST}/channels/11/messages`).map(({ path }) => path.split("?")[1]),
    ["limit=3", "limit=3&before=1109"],
  );
  assert.deepEqual(
    client.messages(11).map(({ seq }) => seq),
    [1, 9],
  );
});
