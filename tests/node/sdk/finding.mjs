/** Searching messages and people, reading history around a message, and pins. */

import assert from "node:assert/strict";
import { online, privateClient, until } from "./clients.mjs";

/**
 * @import { ChannelsClient, FoundPage, ParlourClient } from "../../../hub/web/sdk/parlour.js"
 * @import { Flow } from "./run.mjs"
 */

/**
 * Search until so many are found: the hub makes new messages found a little later.
 * @param {ParlourClient} client
 * @param {string} query
 * @param {number} count
 * @returns {Promise<FoundPage>}
 */
async function found(client, query, count) {
  const page = await client.search(query, { limit: 2 });
  if (page.found.length >= count) return page;
  await new Promise((resolve) => setTimeout(resolve, 500));
  return found(client, query, count);
}

/** @type {Flow} */
export async function finding({ url, ann, ben, ann_id: annsId, ben_id: bensId }) {
  const [one, other] = [privateClient(url, ann), privateClient(url, ben)];
  await online(one, other);
  for (let number = 0; number < 9; number += 1) one.send(bensId, `😀 hay ${number}`);
  await until(other, () => other.messages(annsId).length === 9);

  await found(other, "hay 8", 1);
  const first = await found(other, "hay", 2);
  assert.deepEqual(
    first.found.map(({ message }) => [message.content, message.conversationId]),
    [
      ["😀 hay 8", annsId],
      ["😀 hay 7", annsId],
    ],
  );
  const [{ text, marks } = { text: "", marks: [] }] = first.found.map(({ snippet }) => snippet);
  assert.deepEqual(
    marks.map(({ start, end }) => text.slice(start, end)),
    ["hay"],
  );
  const next = await other.search("hay", { limit: 2, cursor: first.cursor ?? "" });
  assert.deepEqual(
    next.found.map(({ message }) => message.content),
    ["😀 hay 6", "😀 hay 5"],
  );
  const all = await other.search("hay");
  assert.deepEqual([all.found.length, all.cursor], [9, null]);
  await assert.rejects(other.search(" "), { code: "invalid_field" });

  const fresh = privateClient(url, ben);
  await online(fresh);
  const [middle] = next.found;
  assert.ok(middle);
  const around = await fresh.history(annsId, { around: middle.message.id ?? 0, limit: 3 });
  assert.deepEqual(numbers(around), ["5", "6", "7"]);
  const [before, after] = [around[0], around[2]];
  assert.ok(before && after);
  assert.deepEqual(numbers(await fresh.history(annsId, { before, limit: 2 })), ["3", "4"]);
  assert.deepEqual(numbers(await fresh.history(annsId, { after })), ["8"]);
  assert.deepEqual(numbers(await fresh.history(annsId, { limit: 1 })), ["8"]);
  assert.equal(fresh.messages(annsId).length, 0);
  const { unread_count: unread } = (await fresh.conversations())[0] ?? {};
  assert.equal(unread, 9);

  const username = other.me?.username ?? "";
  const people = await one.people(`@${username}`);
  assert.deepEqual(
    people.map(({ id }) => id),
    [bensId],
  );
  for (const client of [one, other, fresh]) client.close();
}

/** @param {readonly { content: string }[]} messages */
function numbers(messages) {
  return messages.map(({ content }) => content.slice(-1));
}

/**
 * @param {ChannelsClient} tea who owns the workspace
 * @param {ChannelsClient} pupil
 * @param {number} id of a channel
 */
export async function pins(tea, pupil, id) {
  const [message] = tea.messages(id);
  assert.ok(message);
  const isPinned = () => pupil.messages(id).find((each) => each.id === message.id)?.isPinned;
  assert.equal(isPinned(), false);
  await tea.pin(message);
  await until(pupil, () => isPinned() === true);
  const pinned = await pupil.pinned(id);
  assert.deepEqual(
    pinned.map((each) => [each.id, each.isPinned]),
    [[message.id, true]],
  );
  await assert.rejects(pupil.unpin(message), { code: "not_allowed" });
  await tea.unpin(message);
  await until(pupil, () => isPinned() === false);
  assert.deepEqual(await pupil.pinned(id), []);
}
