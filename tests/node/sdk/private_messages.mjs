/** Two people on `/ws`. */

import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { Connection, Kind, Status } from "../../../hub/web/sdk/parlour.js";
import {
  BlockedWebSocket,
  contents,
  nextTyping,
  online,
  privateClient,
  statuses,
  until,
} from "./clients.mjs";
import { MemoryStorage } from "./memory_storage.mjs";

/**
 * @import { Options } from "../../../hub/web/sdk/parlour.js"
 * @import { Questions } from "../program.mjs"
 * @import { Flow, Given } from "./run.mjs"
 */

/**
 * Sent in order, confirmed, delivered once, and read.
 * @type {Flow}
 */
async function talk({ url, ann, ann_id: annId, ben, ben_id: benId }) {
  const [one, other] = [privateClient(url, ann), privateClient(url, ben)];
  await online(one, other);
  const words = [...Array(20).keys()].map(String);
  for (const word of words) assert.equal(one.send(benId, word).status, Status.SENDING);
  await until(one, () => one.queued === 0);
  await until(other, () => other.messages(annId).length === 20);
  assert.deepEqual(contents(other, annId), words);
  await until(one, () => statuses(one, benId).every((status) => status === Status.DELIVERED));
  assert.deepEqual(
    one.messages(benId).map(({ seq }) => seq),
    words.map((_, at) => at + 1),
  );
  await other.markRead(annId);
  await until(one, () => statuses(one, benId).every((status) => status === Status.READ));
  const typing = nextTyping(other);
  one.typing(benId);
  assert.deepEqual(await typing, { conversationId: annId, who: annId, isTyping: true });
  const ended = nextTyping(other);
  assert.deepEqual(await ended, { conversationId: annId, who: annId, isTyping: false });
  for (const each of [one, other]) each.close();
  assert.equal(one.status, Connection.IDLE);
}

/**
 * Whoever was away gets each message once and in order, and older ones when asked for.
 * @type {Flow}
 */
async function resume({ url, ann, ann_id: annId, ben, ben_id: benId }) {
  const [one, other] = [privateClient(url, ann), privateClient(url, ben)];
  await online(one, other);
  one.send(benId, "heard");
  await until(other, () => other.messages(annId).length === 1);
  other.close();
  for (let number = 0; number < 120; number += 1) one.send(benId, `missed ${number}`);
  await until(one, () => one.queued === 0);
  /** @type {(number | null)[]} */
  const received = [];
  other.addEventListener("message", ({ detail }) => received.push(detail.message.seq));
  await online(other);
  assert.deepEqual(
    received,
    [...Array(120).keys()].map((at) => at + 2),
  );
  const late = privateClient(url, ben);
  await online(late);
  assert.deepEqual(late.messages(annId), []); // history is loaded when it is wanted
  let pages = 1;
  while (await late.loadOlder(annId)) pages += 1;
  assert.equal(pages, 3);
  assert.deepEqual(contents(late, annId), contents(other, annId));
  for (const each of [one, other, late]) each.close();
}

/**
 * The hub is killed again and again while one writes; a new client finishes what is unsent.
 * @type {Flow}
 */
async function kill({ url, ann, ann_id: annId, ben, ben_id: benId }, questions) {
  const storage = new MemoryStorage();
  const random = () => 0;
  const before = privateClient(url, ann, { storage, random });
  const words = [];
  await before.connect();
  for (let round = 0; round < 3; round += 1) {
    await until(before, () => before.status === Connection.ONLINE);
    for (let number = 0; number < 50; number += 1) {
      words.push(`${round}:${number}`);
      before.send(benId, `${round}:${number}`);
    }
    await questions.ask({ want: "kill" });
  }
  before.close();
  const after = privateClient(url, ann, { storage, random });
  await online(after);
  await until(after, () => after.queued === 0);
  assert.deepEqual(Object.keys(storage), []);
  const reader = privateClient(url, ben);
  await online(reader);
  let hasOlder = true;
  while (hasOlder) hasOlder = await reader.loadOlder(annId);
  assert.deepEqual(contents(reader, annId), words);
  for (const each of [after, reader]) each.close();
}

/**
 * What the hub refuses has failed, and can be discarded; the session's end is known.
 * @type {Flow}
 */
async function refused({ url, ann, ann_id: annId }, questions) {
  const one = privateClient(url, ann);
  await online(one);
  one.send(annId, "to myself");
  await until(one, () => statuses(one, annId)[0] === Status.FAILED);
  const [failed] = one.messages(annId);
  assert.ok(failed);
  assert.match(failed.failure ?? "", /yourself/i);
  assert.equal(one.queued, 0);
  const again = one.retry(failed);
  await until(one, () => statuses(one, annId)[0] === Status.FAILED);
  assert.notEqual(again.key, failed.key);
  for (const message of one.messages(annId)) one.discard(message);
  assert.deepEqual(one.messages(annId), []);
  const refusal = { status: 404, code: "user_not_found" };
  await assert.rejects(one.call("GET", "/api/users/987654321"), refusal);
  await questions.ask({ want: "end" });
  await until(one, () => one.status === Connection.SIGNED_OUT);
  await one.connect();
  assert.equal(one.status, Connection.SIGNED_OUT);
}

/**
 * Where WebSockets are blocked, messages go and come over REST.
 * @type {Flow}
 */
async function polling({ url, ann, ann_id: annId, ben, ben_id: benId }) {
  const one = privateClient(url, ann, { WebSocket: BlockedWebSocket, random: () => 0 });
  const other = privateClient(url, ben);
  await Promise.all([one.connect(), online(other)]);
  one.send(benId, "over REST");
  await until(one, () => one.status === Connection.POLLING);
  await until(other, () => other.messages(annId).length === 1);
  await until(one, () => one.queued === 0);
  other.send(annId, "answer");
  await until(one, () => one.messages(benId).length === 2);
  assert.deepEqual(contents(one, benId), ["over REST", "answer"]);
  assert.equal(statuses(other, annId)[1], Status.SENT); // polled is not read
  assert.equal((await one.conversations())[0]?.unread_count, 1);
  await one.markRead(benId);
  await until(other, () => statuses(other, annId)[1] === Status.READ);
  for (const each of [one, other]) each.close();
}

/**
 * A file and a reply; whoever comes later sees them too.
 * @type {Flow}
 */
async function files({ url, ann, ann_id: annId, ben, ben_id: benId }) {
  const [one, other] = [privateClient(url, ann), privateClient(url, ben)];
  await online(one, other);
  const stored = await one.upload(new Blob(["some text"]), "notes.txt");
  assert.deepEqual([stored.name, stored.size, stored.mimeType], ["notes.txt", 9, "text/plain"]);
  one.send(benId, stored.name, { kind: Kind.FILE, fileUrl: stored.url });
  await until(other, () => other.messages(annId).length === 1);
  const [received] = other.messages(annId);
  assert.ok(received);
  assert.deepEqual([received.kind, received.fileUrl], [Kind.FILE, stored.url]);
  const response = await fetch(other.fileAddress(stored.url), { headers: { Cookie: ben } });
  assert.equal(await response.text(), "some text");
  other.send(annId, "thanks", { parentId: received.id });
  await until(one, () => one.messages(benId).length === 2);
  assert.equal(one.messages(benId)[1]?.parentId, received.id);
  const empty = { status: 400, code: "file_empty" };
  await assert.rejects(one.upload(new Blob([]), "empty.txt"), empty);
  await assert.rejects(one.upload(new Blob(["MZ\0"]), "a.exe"), { code: "file_type_refused" });
  const late = privateClient(url, ben);
  await online(late);
  await late.loadOlder(annId);
  assert.deepEqual(
    late.messages(annId).map(({ parentId }) => parentId),
    [null, received.id],
  );
  for (const each of [one, other, late]) each.close();
}

/**
 * A proxy on the way that loses what the hub replies to what is sent, while it is told to.
 */
class Losses {
  isOn = false;
  count = 0;

  /** @type {typeof fetch} */
  fetch = async (address, request) => {
    const response = await fetch(address, request);
    if (!this.isOn || request?.method !== "POST") return response;
    this.count += 1;
    throw new TypeError("lost");
  };

  /** Its sockets hear nothing any more that were open when it began. */
  get WebSocket() {
    const losses = this;
    return class extends WebSocket {
      wasBefore = !losses.isOn;

      /**
       * @param {string | symbol} name
       * @param {...unknown} args
       */
      emit(name, ...args) {
        const isLost = losses.isOn && this.wasBefore && name === "message";
        if (isLost) losses.count += 1;
        return isLost || super.emit(name, ...args);
      }
    };
  }
}

/**
 * Ann has read four messages and written one of which she has not heard; Ben has written another
 * one. Then the log is what it was some messages ago, and Ben goes on. Ann has what the log has.
 * @param {Given} given
 * @param {Questions} questions
 * @param {(losses: Losses) => Options} optionsOf
 * @param {string} status of hers
 */
async function goesBack(
  { url, ann, ann_id: annId, ben, ben_id: benId },
  questions,
  optionsOf,
  status,
) {
  const losses = new Losses();
  const storage = new MemoryStorage();
  const options = { random: () => 0, storage, fetch: losses.fetch, ...optionsOf(losses) };
  const [one, other] = [privateClient(url, ann, options), privateClient(url, ben)];
  await Promise.all([one.connect(), online(other)]);
  await until(one, () => one.status === status);
  for (const word of ["one", "two", "three", "four"]) other.send(annId, word);
  await until(one, () => one.messages(benId).length === 4);
  losses.isOn = true;
  one.send(benId, "unheard");
  await until(other, () => other.messages(annId).length === 5);
  other.send(annId, "six");
  await until(other, () => other.queued === 0);
  assert.equal(one.queued, 1);
  let resets = 0;
  one.addEventListener("reset", () => {
    resets += 1;
  });
  await questions.ask({ want: "restore" });
  await until(other, () => other.status === Connection.ONLINE && other.messages(annId).length < 6);
  other.send(annId, "another one");
  await until(other, () => other.queued === 0);
  assert.ok(losses.count > 0);
  losses.isOn = false;
  await until(one, () => contents(one, benId).includes("another one") && one.queued === 0);
  await until(other, () => contents(other, annId).includes("unheard"));
  const late = privateClient(url, ann);
  await online(late);
  await late.loadOlder(benId);
  const stored = late.messages(benId);
  assert.equal(stored.filter(({ content }) => content === "unheard").length, 1);
  await until(one, () => one.messages(benId).length >= stored.length);
  for (const client of [one, other]) {
    const known = client.messages(client === one ? benId : annId);
    assert.deepEqual(
      known.map(({ id, seq, content }) => [id, seq, content]),
      stored.map(({ id, seq, content }) => [id, seq, content]),
    );
  }
  assert.equal(resets, 1);
  assert.deepEqual(Object.keys(storage), []);
  for (const each of [one, other, late]) each.close();
}

/** @type {Flow} */
async function wentBack(given, questions) {
  const lossy = (/** @type {Losses} */ losses) => ({ WebSocket: losses.WebSocket });
  await goesBack(given, questions, lossy, Connection.ONLINE);
}

/** @type {Flow} */
async function wentBackPolling(given, questions) {
  await goesBack(given, questions, () => ({ WebSocket: BlockedWebSocket }), Connection.POLLING);
}

export const PRIVATE_MESSAGES = {
  talk,
  resume,
  kill,
  refused,
  polling,
  files,
  wentBack,
  wentBackPolling,
};
