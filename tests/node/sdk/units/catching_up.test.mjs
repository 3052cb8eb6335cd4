import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Connection } from "../../../../hub/web/sdk/parlour.js";
import { BEN, recorded, settled, wireMessage } from "./fake_hub.mjs";
import {
  CONVERSATIONS,
  HISTORY,
  POST,
  contentsAndKeys,
  hubWithLog,
  pollingClient,
  rounds,
} from "./polling_client.mjs";

/** @import { ParlourClient } from "../../../../hub/web/sdk/parlour.js" */

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

/** A polling client that has heard three messages of the log "one". */
async function informedClient() {
  const { hub, log } = hubWithLog();
  hub.epoch = "one";
  const client = await pollingClient(hub);
  await hub.called(CONVERSATIONS, 2);
  await settled();
  log.push(wireMessage(1), wireMessage(2), wireMessage(3));
  await rounds(hub, 1);
  assert.deepEqual(seqs(client), [1, 2, 3]);
  let resets = 0;
  client.addEventListener("reset", () => {
    resets += 1;
  });
  return { hub, log, client, resets: () => resets };
}

/** @param {ParlourClient} client */
const seqs = (client) => client.messages(BEN).map(({ seq }) => seq);

/** @param {ParlourClient} client */
const words = (client) => client.messages(BEN).map(({ content }) => content);

test("in another log it starts over, and what is unsent is sent once", async () => {
  const { hub, log, client, resets } = await informedClient();
  client.send(BEN, "unsent");
  const key = client.messages(BEN)[3]?.key;
  log.splice(1, 2, wireMessage(2, { content: "another two" }));
  hub.epoch = "two";
  await rounds(hub, 3);
  assert.deepEqual(words(client), ["message 1", "another two", "unsent"]);
  assert.deepEqual([resets(), client.queued, client.status], [1, 0, Connection.POLLING]);
  assert.deepEqual(contentsAndKeys(hub.callsOf(POST)), [["unsent", key]]);
});

test("a position above the head of a conversation is one of another log", async () => {
  const { hub, log, client, resets } = await informedClient();
  log.splice(1, 2);
  await rounds(hub, 2);
  assert.deepEqual([seqs(client), resets()], [[1], 1]);
});

test("a head is compared with what was known when it was asked for", async () => {
  const { hub, log } = hubWithLog();
  log.push(wireMessage(1));
  const client = await pollingClient(hub);
  await hub.called(CONVERSATIONS, 2);
  await settled();
  const events = recorded(client);
  const list = hub.routes[CONVERSATIONS];
  assert.ok(list);
  hub.routes[CONVERSATIONS] = async (call) => {
    const heads = list(call);
    hub.routes[CONVERSATIONS] = list;
    log.push(wireMessage(2));
    await client.loadOlder(BEN);
    return heads;
  };
  await rounds(hub, 2);
  assert.deepEqual(seqs(client), [1, 2]);
  assert.ok(!events.some(([name]) => name === "reset"));
});

test("what was asked of the last log is not taken for a part of this one", async () => {
  const { hub, log, client, resets } = await informedClient();
  const history = hub.routes[HISTORY];
  assert.ok(history);
  log.push(wireMessage(4));
  hub.routes[HISTORY] = async (call) => {
    const found = history(call);
    hub.routes[HISTORY] = history;
    log.splice(2, 2, wireMessage(3, { content: "another three" }));
    hub.epoch = "two";
    await client.conversations(); // says so, before the answer arrives
    return found;
  };
  await rounds(hub, 3);
  assert.deepEqual(words(client), ["message 1", "message 2", "another three"]);
  assert.equal(resets(), 1);
});

test("what others wrote before one's own message comes, too", async () => {
  const { hub, log, client } = await informedClient();
  client.send(BEN, "mine");
  log.push(wireMessage(4));
  await rounds(hub, 2);
  assert.deepEqual(words(client).slice(3), ["message 4", "mine"]);
});

test("where the newest message is deleted, nothing is asked for again and again", async () => {
  const { hub, log, client, resets } = await informedClient();
  hub.routes[CONVERSATIONS] = () => [{ user: { id: BEN }, last_seq: 5 }];
  log.push(wireMessage(4));
  await rounds(hub, 2);
  const asked = hub.callsOf(HISTORY).length;
  await rounds(hub, 2);
  assert.equal(hub.callsOf(HISTORY).length, asked);
  assert.deepEqual([seqs(client), resets()], [[1, 2, 3, 4], 0]);
});
