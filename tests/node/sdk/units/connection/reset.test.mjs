import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { BEN, FakeHub, RESUMED, posted, recorded } from "../fake_hub.mjs";

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
    { type: "resume", after: { [BEN]: 3 }, epoch: "one" },
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
    { type: "resume", after: { [BEN]: 0 }, epoch: "one" },
  ]);
});
