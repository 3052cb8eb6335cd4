/** Messages that are edited, deleted and reacted to: live, after a break, and while polling. */

import assert from "node:assert/strict";
import { BlockedWebSocket, online, privateClient, until } from "./clients.mjs";

/**
 * @import { Message, ParlourClient } from "../../../hub/web/sdk/parlour.js"
 * @import { Flow } from "./run.mjs"
 */

const HEART = "❤️";

/**
 * What is shown of each message: null for one that was deleted.
 * @param {ParlourClient} client
 * @param {number} id
 */
function shown(client, id) {
  return client.messages(id).map(({ content, isDeleted }) => (isDeleted ? null : content));
}

/**
 * @param {ParlourClient} client
 * @param {number} id
 * @param {(string | null)[]} wanted
 */
async function shows(client, id, wanted) {
  await until(client, () => JSON.stringify(shown(client, id)) === JSON.stringify(wanted));
}

/**
 * @param {ParlourClient} client
 * @param {number} id
 * @param {number} at
 */
function message(client, id, at) {
  const found = client.messages(id)[at];
  assert.ok(found);
  return found;
}

/** @param {Message} message */
function reactors({ reactions }) {
  return reactions.map(({ emoji, count, users }) => [emoji, count, ...users]);
}

/** @type {Flow} */
export async function revisions({ url, ann, ben, ann_id: annsId, ben_id: bensId }) {
  const [one, other] = [privateClient(url, ann), privateClient(url, ben)];
  await online(one, other);
  for (const word of ["one", "two", "three"]) one.send(bensId, word);
  await shows(other, annsId, ["one", "two", "three"]);
  await until(one, () => one.queued === 0);

  await one.edit(message(one, bensId, 0), "One");
  assert.deepEqual(shown(one, bensId), ["One", "two", "three"]); // as soon as it is done
  await shows(other, annsId, ["One", "two", "three"]);
  assert.ok(message(other, annsId, 0).editedAt);
  await other.react(message(other, annsId, 0), "❤"); // as some keyboards give it
  await until(one, () => message(one, bensId, 0).reactions.length > 0);
  assert.deepEqual(reactors(message(one, bensId, 0)), [[HEART, 1, bensId]]);
  await assert.rejects(other.edit(message(other, annsId, 0), "mine"), { code: "not_yours" });
  await assert.rejects(other.react(message(other, annsId, 0), "no"), { code: "no_emoji" });

  await assert.rejects(other.forward({ ...message(other, annsId, 0), id: 987_654_321 }, annsId), {
    code: "message_not_found",
  });

  other.close();
  await one.edit(message(one, bensId, 1), "Two");
  await one.remove(message(one, bensId, 2));
  await one.react(message(one, bensId, 0), HEART);
  one.send(bensId, "four");
  await online(other);
  await shows(other, annsId, ["One", "Two", null, "four"]);
  assert.deepEqual(reactors(message(other, annsId, 0)), [[HEART, 2, bensId, annsId]]);

  const polling = privateClient(url, ben, { WebSocket: BlockedWebSocket, random: () => 0 });
  await polling.connect();
  await polling.loadOlder(annsId);
  await shows(polling, annsId, ["One", "Two", "four"]); // what was deleted before is not there
  await until(polling, () => polling.status === "polling");
  await polling.unreact(message(polling, annsId, 0), HEART);
  await until(one, () => message(one, bensId, 0).reactions[0]?.count === 1);
  await one.edit(message(one, bensId, 0), "once more");
  await one.remove(message(one, bensId, 3));
  await shows(polling, annsId, ["once more", "Two", null]);
  assert.deepEqual(reactors(message(polling, annsId, 0)), [[HEART, 1, annsId]]);
  await shows(other, annsId, ["once more", "Two", null, null]);

  await one.forward(message(one, bensId, 1), bensId);
  await shows(other, annsId, ["once more", "Two", null, null, "Two"]);
  const copy = message(other, annsId, 4);
  assert.ok(copy.isForwarded);
  assert.equal((await other.original(copy)).id, message(other, annsId, 1).id);
  await assert.rejects(other.original(message(other, annsId, 1)), { code: "message_not_found" });
  for (const client of [one, other, polling]) client.close();
}
