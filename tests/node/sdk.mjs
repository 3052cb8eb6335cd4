/**
 * The SDK against a real hub: `node sdk.mjs FLOW URL JSON`. Ends with 0 when all was as expected.
 * A flow that needs something of the test prints it as a line of JSON and goes on when it gets one.
 */

import { strict as assert } from "node:assert";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { Backoff } from "../../hub/web/sdk/backoff.js";
import { Connection, ParlourClient, Status } from "../../hub/web/sdk/parlour.js";
import { Timeline } from "../../hub/web/sdk/timeline.js";

const [flow, url, given] = process.argv.slice(2);
const { ann, ann_id: annId, ben, ben_id: benId } = JSON.parse(given);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(what) {
  console.log(JSON.stringify(what));
  return (await lines.next()).value;
}

/** What localStorage is to the SDK. */
class MemoryStorage {
  getItem(name) {
    return this[name] ?? null;
  }
  setItem(name, value) {
    this[name] = value;
  }
  removeItem(name) {
    delete this[name];
  }
}

function client(cookie, options = {}) {
  return new ParlourClient({ url, headers: { Cookie: cookie }, WebSocket, storage: null, ...options });
}

/** Wait until something holds, looking at it whenever the client says anything. */
function until(one, holds) {
  return new Promise((resolve) => {
    const look = () => holds() && resolve();
    for (const name of ["status", "message", "changed", "typing", "presence", "read", "queue"]) {
      one.addEventListener(name, look);
    }
    look();
  });
}

const online = (one) => until(one, () => one.status === Connection.ONLINE);
const contents = (one, peer) => one.messages(peer).map(({ content }) => content);
const statuses = (one, peer) => one.messages(peer).map(({ status }) => status);

const FLOWS = {
  /** Sent in order, confirmed, delivered once, and read. */
  async talk() {
    const [one, other] = [client(ann), client(ben)];
    await Promise.all([one.connect(), other.connect()]);
    await Promise.all([online(one), online(other)]);
    const words = [...Array(20).keys()].map(String);
    for (const word of words) assert.equal(one.send(benId, word).status, Status.SENDING);
    await until(one, () => one.queued === 0);
    await until(other, () => other.messages(annId).length === 20);
    assert.deepEqual(contents(other, annId), words);
    assert.deepEqual(new Set(statuses(one, benId)), new Set([Status.SENT]));
    assert.deepEqual(one.messages(benId).map(({ seq }) => seq), words.map((_, at) => at + 1));
    await other.markRead(annId);
    await until(one, () => statuses(one, benId).every((status) => status === Status.READ));
    one.typing(benId);
    for await (const { type, detail } of other.events()) {
      if (type !== "typing") continue;
      assert.deepEqual(detail, { peer: annId, isTyping: true });
      break;
    }
    for (const each of [one, other]) each.close();
    assert.equal(one.status, Connection.IDLE);
  },

  /** Who was away gets each message once and in order, and older ones when asked for. */
  async resume() {
    const [one, other] = [client(ann), client(ben)];
    await Promise.all([one.connect(), other.connect()]);
    await Promise.all([online(one), online(other)]);
    one.send(benId, "heard");
    await until(other, () => other.messages(annId).length === 1);
    other.close();
    for (let number = 0; number < 120; number += 1) one.send(benId, `missed ${number}`);
    await until(one, () => one.queued === 0);
    const heard = [];
    other.addEventListener("message", ({ detail }) => heard.push(detail.message.seq));
    await other.connect();
    await online(other);
    assert.deepEqual(heard, [...Array(120).keys()].map((at) => at + 2));
    const late = client(ben);
    await late.connect();
    await online(late);
    assert.deepEqual(late.messages(annId), []); // history is loaded when it is wanted
    let pages = 1;
    while (await late.loadOlder(annId)) pages += 1;
    assert.equal(pages, 3);
    assert.deepEqual(contents(late, annId), contents(other, annId));
    for (const each of [one, other, late]) each.close();
  },

  /** The hub is killed again and again while one writes; a new client finishes what is unsent. */
  async kill() {
    const storage = new MemoryStorage();
    const random = () => 0;
    let one = client(ann, { storage, random });
    await one.connect();
    const words = [];
    for (let round = 0; round < 3; round += 1) {
      await online(one);
      for (let number = 0; number < 50; number += 1) {
        words.push(`${round}:${number}`);
        one.send(benId, words.at(-1));
      }
      await ask({ want: "kill" });
    }
    one.close();
    one = client(ann, { storage, random });
    await one.connect();
    await until(one, () => one.queued === 0);
    assert.deepEqual(Object.keys(storage), []);
    const reader = client(ben);
    await reader.connect();
    await online(reader);
    while (await reader.loadOlder(annId));
    assert.deepEqual(contents(reader, annId), words);
    for (const each of [one, reader]) each.close();
  },

  /** What the hub refuses has failed, and can be discarded; the session's end is known. */
  async refused() {
    const one = client(ann);
    await one.connect();
    await online(one);
    one.send(annId, "to myself");
    await until(one, () => statuses(one, annId)[0] === Status.FAILED);
    const [failed] = one.messages(annId);
    assert.match(failed.failure, /yourself/i);
    assert.equal(one.queued, 0);
    const again = one.retry(failed);
    await until(one, () => statuses(one, annId)[0] === Status.FAILED);
    assert.notEqual(again.key, failed.key);
    one.discard(one.messages(annId)[0]);
    assert.deepEqual(one.messages(annId), []);
    await assert.rejects(one.call("GET", "/api/users/987654321"), { status: 404, code: "user_not_found" });
    await ask({ want: "end" });
    await until(one, () => one.status === Connection.SIGNED_OUT);
    await one.connect();
    assert.equal(one.status, Connection.SIGNED_OUT);
  },

  /** Where WebSockets are blocked, messages go and come over REST. */
  async polling() {
    class Blocked {
      constructor() {
        queueMicrotask(() => this.onclose({ code: 1006 }));
      }
      close() {}
    }
    const one = client(ann, { WebSocket: Blocked, random: () => 0 });
    const other = client(ben);
    await Promise.all([one.connect(), other.connect()]);
    one.send(benId, "over REST");
    await until(one, () => one.status === Connection.POLLING);
    await until(other, () => other.messages(annId).length === 1);
    await until(one, () => one.queued === 0);
    await online(other);
    other.send(annId, "answer");
    await until(one, () => one.messages(benId).length === 2);
    assert.deepEqual(contents(one, benId), ["over REST", "answer"]);
    for (const each of [one, other]) each.close();
  },

  /** The parts that need no hub. */
  async parts() {
    const steps = new Backoff(() => 1);
    const waits = [...Array(8).keys()].map(() => steps.next());
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    steps.reset();
    assert.equal(steps.next(), 500);
    assert.equal(new Backoff(() => 0).next(), 250);
    const timeline = new Timeline();
    const message = (seq, isMine = true) => ({ seq, key: null, isMine, status: Status.SENT });
    for (const seq of [5, 3, 9, 3]) timeline.add(message(seq));
    assert.equal(timeline.add(message(9)), false);
    timeline.add(message(4, false));
    assert.deepEqual(timeline.all().map(({ seq }) => seq), [3, 4, 5, 9]);
    assert.deepEqual([timeline.firstSeq, timeline.lastSeq], [3, 9]);
    timeline.markRead(5);
    const read = timeline.all().filter(({ status }) => status === Status.READ);
    assert.deepEqual(read.map(({ seq }) => seq), [3, 5]);
  },
};

await FLOWS[flow]();
process.exit(0);
