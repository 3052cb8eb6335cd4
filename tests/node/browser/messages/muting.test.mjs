/** For how long conversations are muted. */

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { MuteEnds, muteChoices, mutedWords } from "../../../../hub/web/app/conversation/muting.js";

/** @import { Conversation } from "../../../../hub/web/app/conversation/conversation.js" */

const NOW = new Date(2024, 1, 28, 23, 30);

/**
 * @param {Date | null} until
 * @param {boolean} [isMuted]
 */
function conversation(until, isMuted = true) {
  const mutedUntil = until?.toISOString() ?? null;
  return /** @type {Conversation} */ ({ isMuted, mutedUntil });
}

test("one can choose an hour, 8, the next morning, or for good", () => {
  assert.deepEqual(
    muteChoices(NOW).map(([, until]) => until),
    [
      new Date(2024, 1, 29, 0, 30),
      new Date(2024, 1, 29, 7, 30),
      new Date(2024, 1, 29, 8, 0),
      undefined,
    ],
  );
});

test("it is said until when", () => {
  const words = (/** @type {Date | null} */ until) => mutedWords(conversation(until), NOW);
  assert.equal(mutedWords(conversation(null, false), NOW), "");
  assert.equal(words(null), "muted");
  assert.match(words(new Date(2024, 1, 28, 23, 45)), /^muted until \D*11\D45/);
  assert.match(words(new Date(2024, 1, 29, 8)), /^muted until .*29.*, 0?8\D00/);
});

test("the end of the next mute is told, once, however far away it is", () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: NOW });
  let ended = 0;
  const ends = new MuteEnds(() => {
    ended += 1;
  });
  const soon = conversation(new Date(NOW.getTime() + 60_000));
  const far = conversation(new Date(NOW.getTime() + 90 * 86_400_000));
  ends.update([far, conversation(null), soon]);
  mock.timers.tick(59_999);
  assert.equal(ended, 0);
  mock.timers.tick(1);
  assert.equal(ended, 1);
  ends.update([far]);
  mock.timers.tick(1);
  assert.equal(ended, 1);
  ends.stop();
  mock.timers.tick(100 * 86_400_000);
  assert.equal(ended, 1);
  mock.timers.reset();
});
