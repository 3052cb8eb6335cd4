/** What a user notes, on two devices of theirs: live and after a break. */

import assert from "node:assert/strict";
import { online, privateClient, until } from "./clients.mjs";

/**
 * @import { ChannelsClient, Message, ParlourClient } from "../../../hub/web/sdk/parlour.js"
 * @import { Flow } from "./run.mjs"
 */

/**
 * @param {ParlourClient} client
 * @param {number} id
 * @param {string[]} wanted
 */
async function shows(client, id, wanted) {
  const shown = () => client.messages(id).map(({ content }) => content);
  await until(client, () => JSON.stringify(shown()) === JSON.stringify(wanted));
}

/**
 * @param {ParlourClient} client
 * @param {number} id
 * @param {string} text
 * @returns {Message}
 */
function saying(client, id, text) {
  const found = client.messages(id).find(({ content }) => content === text);
  assert.ok(found);
  return found;
}

/**
 * @param {ParlourClient} client
 * @param {number} id
 */
async function unread(client, id) {
  const found = (await client.conversations()).find(({ user }) => user.id === id);
  return [found?.unread_count, found?.is_muted];
}

/** @type {Flow} */
export async function notes({ url, ann, ben, ann_id: annsId, ben_id: bensId }) {
  const author = privateClient(url, ann);
  const [one, other] = [privateClient(url, ben), privateClient(url, ben)];
  await online(author, one, other);
  for (const word of ["one", "two", "three"]) author.send(bensId, word);
  for (const device of [one, other]) await shows(device, annsId, ["one", "two", "three"]);
  await one.markRead(annsId);
  assert.deepEqual(await unread(other, annsId), [0, false]);

  await one.markUnread(saying(one, annsId, "two"));
  await until(other, () => other.marks(annsId).unreadFrom === 2);
  assert.deepEqual(await unread(other, annsId), [2, false]);
  await one.mute(annsId);
  await until(other, () => other.marks(annsId).isMuted);
  assert.deepEqual(await unread(other, annsId), [2, true]);
  assert.deepEqual(await other.call("GET", "/api/messages/unread-count"), { count: 0 });
  await other.markRead(annsId);
  await until(one, () => one.marks(annsId).unreadFrom === null);

  const hidden = saying(one, annsId, "two");
  await one.hide(hidden);
  await shows(other, annsId, ["one", "three"]);
  await shows(author, bensId, ["one", "two", "three"]);

  other.close();
  await one.unmute(annsId);
  await one.hide(saying(one, annsId, "three"));
  await one.unhide(hidden);
  await shows(one, annsId, ["one", "two"]);
  await online(other);
  await shows(other, annsId, ["one", "two"]);
  assert.equal(other.marks(annsId).isMuted, false);

  await one.mute(annsId, new Date(Date.now() + 3_600_000));
  const late = privateClient(url, ben);
  await online(late);
  assert.equal(late.marks(annsId).isMuted, true);
  await late.loadOlder(annsId);
  await shows(late, annsId, ["one", "two"]);
  await assert.rejects(one.mute(annsId, new Date(0)), { code: "invalid_field" });
  await assert.rejects(one.hide({ ...hidden, id: 987_654_321 }), { code: "message_not_found" });
  for (const client of [author, one, other, late]) client.close();
}

/**
 * The same in a channel.
 * @param {ChannelsClient} one
 * @param {ChannelsClient} other a device of the same person
 * @param {number} id
 */
export async function channelNotes(one, other, id) {
  const listed = async () => {
    const all = (await other.workspaces()).flatMap((workspace) => workspace.channels);
    return all.find((channel) => channel.id === id);
  };
  await one.mute(id);
  await until(other, () => other.marks(id).isMuted);
  assert.equal((await listed())?.isMuted, true);
  const [first] = one.messages(id);
  assert.ok(first);
  await one.markRead(id);
  await one.markUnread(first);
  await until(other, () => other.marks(id).unreadFrom === first.seq);
  await one.hide(first);
  await until(other, () => other.messages(id)[0]?.id !== first.id);
  await one.unhide(first);
  await one.unmute(id);
  await until(other, () => !other.marks(id).isMuted);
}
