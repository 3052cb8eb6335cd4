import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { BEN, FakeHub, RESUMED, posted, recorded, settled, wireMessage } from "../fake_hub.mjs";

const HISTORY = `GET /private_messages/api/messages/${BEN}`;
const CONVERSATIONS = "GET /private_messages/api/messages/conversations";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

/** @param {string} epoch */
const welcome = (epoch) => ({ type: "system", message: "Welcome to the chat!", epoch });

/** @param {FakeHub} hub with a conversation of which two messages are stored */
const list = (hub) => {
  hub.routes[CONVERSATIONS] = () => [{ user: { id: BEN }, last_seq: 2 }];
};

/**
 * A client that has heard the third message, and whose connection was lost.
 * @param {FakeHub} hub
 */
async function interrupted(hub) {
  list(hub);
  const client = hub.client({ reconnect: { firstMs: 1, maxMs: 1 } });
  await client.connect();
  hub.socket.open();
  hub.socket.deliver(welcome("one"));
  hub.socket.deliver(RESUMED);
  hub.socket.deliver(posted(3));
  hub.socket.end();
  mock.timers.tick(60_000);
  await hub.openedSockets(2);
  hub.socket.open();
  return client;
}

const seqs = (
  /** @type {import("../../../../../hub/web/sdk/parlour.js").ParlourClient} */ client,
) => client.messages(BEN).map(({ seq }) => seq);

test("a client names the log that its positions are of", async () => {
  const hub = new FakeHub();
  const client = await interrupted(hub);
  assert.deepEqual(hub.socket.sentOf("resume"), [
    { type: "resume", after: { [BEN]: 3 }, revs: {}, notes: 0, epoch: "one" },
  ]);
  hub.socket.deliver(welcome("one"));
  hub.socket.deliver(RESUMED);
  assert.deepEqual(seqs(client), [3]);
});

test("in another log it starts over, with what is told there", async () => {
  const hub = new FakeHub();
  const client = await interrupted(hub);
  const events = recorded(client);
  client.send(BEN, "unsent");
  hub.socket.deliver(welcome("two"));
  assert.deepEqual(seqs(client), [null]); // what is unsent stays
  for (const seq of [1, 2]) hub.socket.deliver(posted(seq));
  hub.socket.deliver({ ...RESUMED, reset: true });
  assert.deepEqual(seqs(client).slice(0, 2), [1, 2]);
  assert.equal(client.status, "online");
  assert.equal(events.filter(([name]) => name === "reset").length, 1);
});

test("told to start over in the same log, it comes back without positions", async () => {
  const hub = new FakeHub();
  const client = await interrupted(hub);
  const events = recorded(client);
  hub.socket.deliver(welcome("one"));
  for (const seq of [1, 2]) hub.socket.deliver(posted(seq));
  hub.socket.deliver({ ...RESUMED, reset: true });
  assert.ok(events.some(([name]) => name === "reset"));
  assert.deepEqual(seqs(client), []);
  mock.timers.tick(60_000);
  await hub.openedSockets(3);
  hub.socket.open();
  assert.deepEqual(hub.socket.sentOf("resume"), [
    { type: "resume", after: { [BEN]: 0 }, revs: {}, notes: 0, epoch: "one" },
  ]);
});

test("a response over REST that is of another log ends the connection to the last one", async () => {
  const hub = new FakeHub();
  const client = await interrupted(hub);
  hub.socket.deliver(welcome("one"));
  hub.socket.deliver(RESUMED);
  const events = recorded(client);
  const last = hub.socket;
  hub.epoch = "two";
  await client.conversations();
  last.deliver(posted(4)); // in which log, nobody knows
  assert.deepEqual(seqs(client), []);
  mock.timers.tick(60_000);
  await hub.openedSockets(3);
  hub.socket.open();
  assert.deepEqual(hub.socket.sentOf("resume"), [
    { type: "resume", after: { [BEN]: 0 }, revs: {}, notes: 0, epoch: "two" },
  ]);
  hub.socket.deliver(welcome("two"));
  for (const seq of [1, 2]) hub.socket.deliver(posted(seq));
  hub.socket.deliver(RESUMED);
  assert.deepEqual([seqs(client), client.status], [[1, 2], "online"]);
  assert.equal(events.filter(([name]) => name === "reset").length, 1);
});

test("a response to what was asked of the last log does not lead back to it", async () => {
  const hub = new FakeHub();
  const client = await interrupted(hub);
  hub.socket.deliver(welcome("one"));
  const events = recorded(client);
  hub.epoch = "one";
  hub.routes[CONVERSATIONS] = () => {
    hub.socket.deliver(welcome("two"));
    return [];
  };
  await client.conversations();
  assert.equal(events.filter(([name]) => name === "reset").length, 1);
});

test("history that was asked of the last log is asked for again", async () => {
  const hub = new FakeHub();
  const client = await interrupted(hub);
  hub.socket.deliver(welcome("one"));
  hub.routes[HISTORY] = () => {
    hub.routes[HISTORY] = () => [wireMessage(1), wireMessage(2)];
    hub.socket.deliver(welcome("two"));
    return [wireMessage(9)];
  };
  await client.loadOlder(BEN);
  assert.deepEqual(seqs(client), [1, 2]);
});

test("history that does not join what came meanwhile is asked for again", async () => {
  const hub = new FakeHub();
  const client = await interrupted(hub);
  hub.socket.deliver(welcome("one"));
  hub.socket.deliver(welcome("two"));
  hub.routes[HISTORY] = () => {
    for (const seq of [4, 5]) hub.socket.deliver(posted(seq));
    hub.routes[HISTORY] = ({ path }) => {
      assert.match(path, /before_seq=4&/);
      return [1, 2, 3].map((seq) => wireMessage(seq));
    };
    return [8, 9].map((seq) => wireMessage(seq)); // six and seven are on their way
  };
  await client.loadOlder(BEN);
  await settled();
  for (const seq of [6, 7, 8, 9]) hub.socket.deliver(posted(seq));
  assert.deepEqual(seqs(client), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
