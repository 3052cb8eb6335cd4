/**
 * The SDK against a real hub: `node sdk.mjs FLOW URL JSON`. Ends with 0 when all was as expected.
 * A flow that needs something of the test prints it as a line of JSON and goes on when it gets one.
 */

import { strict as assert } from "node:assert";
import { createInterface } from "node:readline";
import { mock } from "node:test";
import { WebSocket } from "ws";
import { Backoff } from "../../hub/web/sdk/connection/backoff.js";
import {
  ChannelsClient,
  Connection,
  Kind,
  ParlourClient,
  Status,
} from "../../hub/web/sdk/parlour.js";
import { Timeline } from "../../hub/web/sdk/messages/timeline.js";

const [flow, url, given] = process.argv.slice(2);
const { ann, ann_id: annId, ben, ben_id: benId, password } = JSON.parse(given);
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
  return new ParlourClient({
    url,
    headers: { Cookie: cookie },
    WebSocket,
    storage: null,
    ...options,
  });
}

/** Wait until something holds, looking at it whenever the client says anything. */
function until(one, holds) {
  return new Promise((resolve) => {
    const look = () => holds() && resolve();
    for (const name of ["status", "message", "changed", "typing", "read", "delivered", "queue"]) {
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
    await until(one, () => statuses(one, benId).every((status) => status === Status.DELIVERED));
    assert.deepEqual(
      one.messages(benId).map(({ seq }) => seq),
      words.map((_, at) => at + 1),
    );
    await other.markRead(annId);
    await until(one, () => statuses(one, benId).every((status) => status === Status.READ));
    one.typing(benId);
    for await (const { type, detail } of other.events()) {
      if (type !== "typing") continue;
      assert.deepEqual(detail, { conversationId: annId, who: annId, isTyping: true });
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
    assert.deepEqual(
      heard,
      [...Array(120).keys()].map((at) => at + 2),
    );
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
    await assert.rejects(one.call("GET", "/api/users/987654321"), {
      status: 404,
      code: "user_not_found",
    });
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

  /** A file and an answer; who comes later sees them too. */
  async files() {
    const [one, other] = [client(ann), client(ben)];
    await Promise.all([one.connect(), other.connect()]);
    await Promise.all([online(one), online(other)]);
    const stored = await one.upload(new Blob(["some text"]), "notes.txt");
    assert.deepEqual([stored.name, stored.size, stored.mimeType], ["notes.txt", 9, "text/plain"]);
    one.send(benId, stored.name, { kind: Kind.FILE, fileUrl: stored.url });
    await until(other, () => other.messages(annId).length === 1);
    const [heard] = other.messages(annId);
    assert.deepEqual([heard.kind, heard.fileUrl], [Kind.FILE, stored.url]);
    const answer = await fetch(other.fileAddress(heard.fileUrl), { headers: { Cookie: ben } });
    assert.equal(await answer.text(), "some text");
    other.send(annId, "thanks", { parentId: heard.id });
    await until(one, () => one.messages(benId).length === 2);
    assert.equal(one.messages(benId)[1].parentId, heard.id);
    await assert.rejects(one.upload(new Blob([]), "empty.txt"), {
      status: 400,
      code: "file_empty",
    });
    await assert.rejects(one.upload(new Blob(["MZ\0"]), "a.exe"), { code: "file_type_refused" });
    const late = client(ben);
    await late.connect();
    await online(late);
    await late.loadOlder(annId);
    assert.deepEqual(
      late.messages(annId).map(({ parentId }) => parentId),
      [null, heard.id],
    );
    for (const each of [one, other, late]) each.close();
  },

  /** Two people in a channel: order, typing, read marks, answers, and what was missed. */
  async channels() {
    const signedIn = async (login) => {
      let cookie = "";
      const remember = async (...request) => {
        const answer = await fetch(...request);
        cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
        return answer;
      };
      const entering = new ChannelsClient({ url, fetch: remember, WebSocket, storage: null });
      const me = await entering.signIn(login, password);
      const options = {
        url,
        headers: { Cookie: cookie },
        WebSocket,
        storage: null,
        random: () => 0,
      };
      return [me, (more) => new ChannelsClient({ ...options, ...more })];
    };
    const [, asAnn] = await signedIn(ann);
    const [benUser, asBen] = await signedIn(ben);
    const [one, other] = [asAnn(), asBen()];
    await one.connect();
    await online(one);
    const workspace = await one.createWorkspace("school");
    const { id } = await one.createChannel(workspace.id, "general");
    await one.addMember(workspace.id, benUser.id);
    await other.connect();
    await online(other);
    one.send(id, "hello");
    await until(other, () => other.messages(id).length === 1);
    const [hello] = other.messages(id);
    assert.equal(hello.isMine, false);
    assert.equal(typeof hello.authorName, "string");
    await other.markRead(id);
    await until(one, () => statuses(one, id)[0] === Status.READ);
    other.typing(id);
    for await (const { type, detail } of one.events()) {
      if (type !== "typing") continue;
      assert.deepEqual(detail, { conversationId: id, who: benUser.username, isTyping: true });
      break;
    }
    other.send(id, "hi", { parentId: hello.id });
    await until(one, () => one.messages(id).length === 2);
    assert.equal(one.messages(id)[1].parentId, hello.id);
    other.close();
    for (const word of ["missed 1", "missed 2"]) one.send(id, word);
    await until(one, () => one.queued === 0);
    await other.connect();
    await online(other);
    assert.deepEqual(contents(other, id), ["hello", "hi", "missed 1", "missed 2"]);
    const late = asBen();
    await late.connect();
    await online(late);
    assert.deepEqual(contents(late, id), []);
    const second = await one.createChannel(workspace.id, "second");
    assert.equal(late.isFollowing(second.id), false);
    await late.workspaces();
    one.send(second.id, "new");
    await until(late, () => contents(late, second.id).length === 1);
    assert.equal(await late.loadOlder(id, 3), true);
    assert.equal(await late.loadOlder(id, 3), false);
    assert.deepEqual(contents(late, id), ["hello", "hi", "missed 1", "missed 2"]);
    assert.equal(await late.unread(id), 2);
    class Blocked {
      constructor() {
        queueMicrotask(() => this.onclose({ code: 1006 }));
      }
      close() {}
    }
    const polling = asBen({ WebSocket: Blocked });
    await polling.connect();
    polling.send(id, "over REST");
    await until(one, () => contents(one, id).includes("over REST"));
    one.send(id, "heard");
    await until(polling, () => contents(polling, id).includes("heard"));
    for (const each of [one, other, late, polling]) each.close();
  },

  /** A connection that nothing is heard on is asked, and left when it does not answer. */
  async silence() {
    mock.timers.enable({ apis: ["setTimeout"] });
    const sockets = [];
    class Quiet {
      readyState = 1;
      said = [];
      constructor() {
        sockets.push(this);
      }
      send(text) {
        this.said.push(JSON.parse(text).type);
      }
      hear(frame) {
        this.onmessage({ data: JSON.stringify(frame) });
      }
      close() {}
    }
    const fetch = async (address) => Response.json(address.endsWith("/session") ? { id: 1 } : []);
    const one = new ParlourClient({ url, fetch, WebSocket: Quiet, storage: null, random: () => 0 });
    await one.connect();
    const [socket] = sockets;
    socket.onopen();
    socket.hear({ type: "resumed", complete: true, after: {} });
    assert.equal(one.status, Connection.ONLINE);
    mock.timers.tick(30_000);
    assert.deepEqual(socket.said, ["resume", "heartbeat"]);
    socket.hear({ type: "heartbeat_ack" });
    mock.timers.tick(30_000);
    mock.timers.tick(9_000);
    assert.deepEqual(socket.said, ["resume", "heartbeat", "heartbeat"]);
    assert.equal(one.status, Connection.ONLINE);
    mock.timers.tick(1_000);
    assert.equal(one.status, Connection.WAITING);
    mock.timers.tick(250);
    while (sockets.length < 2) await new Promise(setImmediate);
    one.close();
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
    assert.deepEqual(
      timeline.all().map(({ seq }) => seq),
      [3, 4, 5, 9],
    );
    assert.deepEqual([timeline.first.seq, timeline.last.seq], [3, 9]);
    timeline.mark({ seq: 5 }, Status.READ);
    timeline.mark({ seq: 5 }, Status.DELIVERED); // what was read is not merely delivered
    const read = timeline.all().filter(({ status }) => status === Status.READ);
    assert.deepEqual(
      read.map(({ seq }) => seq),
      [3, 5],
    );
  },
};

await FLOWS[flow]();
process.exit(0);
