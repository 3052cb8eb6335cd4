import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Kind,
  Status,
  UNANSWERED,
  UNCHANGED,
} from "../../../../../hub/web/sdk/messages/message.js";
import { Timeline } from "../../../../../hub/web/sdk/messages/timeline.js";
import { Timelines } from "../../../../../hub/web/sdk/messages/timelines.js";

/**
 * @param {number} seq
 * @param {{ isMine?: boolean, key?: string | null }} [more]
 */
function stored(seq, { isMine = true, key = null } = {}) {
  return {
    id: 100 + seq,
    seq,
    key,
    conversationId: 7,
    author: 1,
    authorName: null,
    isMine,
    content: `message ${seq}`,
    kind: Kind.TEXT,
    fileUrl: null,
    parentId: null,
    rootId: null,
    ...UNANSWERED,
    thread: null,
    isForwarded: false,
    at: "2024-01-01T12:00:00.000Z",
    ...UNCHANGED,
    status: Status.SENT,
    failure: null,
  };
}

/** @param {string} key */
function pending(key) {
  return { ...stored(0), id: null, seq: null, author: null, key, status: Status.SENDING };
}

/** @param {Timeline} timeline */
function seqs(timeline) {
  return timeline.all().map(({ seq }) => seq);
}

test("each message is there once, by seq, whatever order they come in", () => {
  const timeline = new Timeline();
  const isNew = [5, 3, 9, 3, 4, 9].map((seq) => timeline.add(stored(seq)));
  assert.deepEqual(isNew, [true, true, true, false, true, false]);
  assert.deepEqual(seqs(timeline), [3, 4, 5, 9]);
  assert.deepEqual([timeline.first?.seq, timeline.last?.seq], [3, 9]);
});

test("what is unsent stands at the end, in the order it was written", () => {
  const timeline = new Timeline();
  timeline.addPending(pending("a"));
  timeline.addPending(pending("b"));
  timeline.add(stored(8));
  timeline.addPending({ ...pending("a"), status: Status.FAILED });
  assert.deepEqual(
    timeline.all().map(({ seq, key, status }) => [seq, key, status]),
    [
      [8, null, Status.SENT],
      [null, "a", Status.FAILED],
      [null, "b", Status.SENDING],
    ],
  );
  timeline.removePending("b");
  assert.deepEqual(seqs(timeline), [8, null]);
});

test("a mark covers one's own messages up to it, and never goes back", () => {
  const timeline = new Timeline();
  timeline.addAll([3, 4, 5, 9].map((seq) => stored(seq, { isMine: seq !== 4 })));
  const statuses = () => timeline.all().map(({ status }) => status);
  timeline.mark({ seq: 5 }, Status.READ);
  assert.deepEqual(statuses(), [Status.READ, Status.SENT, Status.READ, Status.SENT]);
  timeline.mark({ seq: 5 }, Status.DELIVERED);
  assert.deepEqual(statuses(), [Status.READ, Status.SENT, Status.READ, Status.SENT]);
  timeline.mark({ id: 109 }, Status.DELIVERED);
  assert.deepEqual(statuses(), [Status.READ, Status.SENT, Status.READ, Status.DELIVERED]);
});

test("what is shown is the same array until it changes, and a changed message another object", () => {
  const timeline = new Timeline();
  timeline.addAll([stored(1), stored(2)]);
  const before = timeline.all();
  assert.equal(timeline.all(), before);
  assert.equal(timeline.add(stored(2)), false);
  timeline.mark({ seq: 0 }, Status.READ);
  assert.equal(timeline.all(), before);
  timeline.mark({ seq: 1 }, Status.READ);
  const after = timeline.all();
  assert.notEqual(after, before);
  assert.notEqual(after[0], before[0]);
  assert.equal(after[1], before[1]);
  assert.equal(before[0]?.status, Status.SENT);
  const changes = [
    () => timeline.add(stored(3)),
    () => timeline.addPending(pending("a")),
    () => timeline.removePending("a"),
    () => timeline.addAll([stored(4)]),
  ];
  for (const change of changes) {
    const known = timeline.all();
    change();
    assert.notEqual(timeline.all(), known);
  }
  assert.throws(() => Array.prototype.push.call(timeline.all(), stored(9)), TypeError);
});

test("resume asks for what comes after the newest message or the head of then", () => {
  const timelines = new Timelines(
    new Map([
      [1, 10],
      [2, 20],
    ]),
  );
  timelines.get(2).addAll([stored(5), stored(21)]);
  timelines.get(1).add(stored(3)); // older history
  timelines.get(3).add(stored(1)); // of a conversation that began since
  timelines.get(4); // looked at, and empty
  assert.deepEqual(timelines.positions(), [{ 1: 10, 2: 21, 3: 1 }]);
  assert.equal(timelines.lastSeq(4), 0);
  assert.equal(timelines.isFollowed(4), false);
  timelines.follow(new Map([[4, 30]]));
  assert.equal(timelines.isFollowed(4), true);
  assert.deepEqual(timelines.positions(), [{ 1: 10, 2: 21, 3: 1, 4: 30 }]);
});
