import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Kind } from "../../../../../hub/web/sdk/messages/message.js";
import { Outbox } from "../../../../../hub/web/sdk/messages/outbox.js";
import { MemoryStorage } from "../../memory_storage.mjs";

const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

beforeEach(() => mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_000 }));
afterEach(() => mock.timers.reset());

/** @param {Outbox} outbox */
function contents(outbox) {
  return outbox.entries().map(({ content }) => content);
}

test("after a reload everything unsent is there, in the order it was written", () => {
  const storage = new MemoryStorage();
  const outbox = new Outbox(storage, "box.1.");
  const written = [...Array(12).keys()].map(String);
  for (const content of written) {
    outbox.put(2, content);
    if (content === "5") mock.timers.tick(1);
  }
  assert.deepEqual(contents(outbox), written);
  const reloaded = new Outbox(storage, "box.1.");
  assert.deepEqual(contents(reloaded), written);
  assert.deepEqual(
    reloaded.entries().map(({ key }) => key),
    outbox.entries().map(({ key }) => key),
  );
});

test("everything of a message is kept", () => {
  const storage = new MemoryStorage();
  new Outbox(storage, "box.1.").put(2, "cat", {
    kind: Kind.IMAGE,
    fileUrl: "/uploads/cat.png",
    parentId: 5,
  });
  const [entry] = new Outbox(storage, "box.1.").entries();
  assert.ok(entry);
  const { conversationId, content, kind, fileUrl, parentId, at, failure } = entry;
  assert.deepEqual(
    { conversationId, content, kind, fileUrl, parentId, at, failure },
    {
      conversationId: 2,
      content: "cat",
      kind: "image",
      fileUrl: "/uploads/cat.png",
      parentId: 5,
      at: "2023-11-14T22:13:20.000Z",
      failure: null,
    },
  );
});

test("each message has a key of its own, also where a page came over plain http", (context) => {
  const { crypto } = globalThis;
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  context.after(() => Reflect.deleteProperty(crypto, "randomUUID"));
  const outbox = new Outbox(null, "box.1.");
  const keys = [...Array(100)].map(() => outbox.put(2, "same").key);
  assert.equal(new Set(keys).size, 100);
  for (const key of keys) assert.match(key, UUID_4);
});

test("what was confirmed or discarded is gone, from the storage too", () => {
  const storage = new MemoryStorage();
  const outbox = new Outbox(storage, "box.1.");
  const { key } = outbox.put(2, "one");
  outbox.put(2, "two");
  assert.equal(outbox.remove(key), true);
  assert.equal(outbox.remove(key), false);
  assert.deepEqual(contents(outbox), ["two"]);
  assert.deepEqual(contents(new Outbox(storage, "box.1.")), ["two"]);
});

test("what failed stays until it is discarded, and does not count as waiting", () => {
  const storage = new MemoryStorage();
  const outbox = new Outbox(storage, "box.1.");
  const { key } = outbox.put(2, "one");
  outbox.put(2, "two");
  assert.equal(outbox.size, 2);
  assert.equal(outbox.fail(key, "not allowed")?.failure, "not allowed");
  assert.equal(outbox.size, 1);
  const reloaded = new Outbox(storage, "box.1.");
  assert.equal(reloaded.get(key)?.failure, "not allowed");
  assert.equal(reloaded.size, 1);
  assert.equal(outbox.fail("unknown", "not allowed"), undefined);
});

test("two tabs do not overwrite each other's messages", () => {
  const storage = new MemoryStorage();
  const [one, other] = [new Outbox(storage, "box.1."), new Outbox(storage, "box.1.")];
  one.put(2, "from one");
  mock.timers.tick(1);
  other.put(2, "from the other");
  assert.deepEqual(contents(new Outbox(storage, "box.1.")), ["from one", "from the other"]);
});

test("another user's messages and what others stored are left alone", () => {
  const storage = new MemoryStorage();
  new Outbox(storage, "box.1.").put(2, "mine");
  storage.setItem("other", "x");
  assert.deepEqual(contents(new Outbox(storage, "box.11.")), []);
  assert.equal(storage.getItem("other"), "x");
});

test("an item that is not readable is dropped", () => {
  const storage = new MemoryStorage();
  storage.setItem("box.1.5", "{");
  storage.setItem("box.1.6", "null");
  assert.deepEqual(contents(new Outbox(storage, "box.1.")), []);
  assert.deepEqual(Object.keys(storage), []);
});

test("a storage that is full loses nothing while the page lives", () => {
  const storage = new MemoryStorage();
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  const outbox = new Outbox(storage, "box.1.");
  outbox.put(2, "one");
  assert.deepEqual(contents(outbox), ["one"]);
});
