/** Threads: counted and followed live and after a break, loaded page by page. */

import assert from "node:assert/strict";
import { online, privateClient, until } from "./clients.mjs";

/**
 * @import { ChannelsClient, Client, Message, ParlourClient } from "../../../hub/web/sdk/parlour.js"
 * @import { Flow } from "./run.mjs"
 */

/**
 * The message that says this, once it is stored.
 * @param {Client<unknown>} client
 * @param {number} id
 * @param {string} text
 * @returns {Promise<Message>}
 */
async function saying(client, id, text) {
  const find = () => client.messages(id).find((each) => each.content === text && each.id !== null);
  await until(client, () => find() !== undefined);
  const found = find();
  assert.ok(found);
  return found;
}

/**
 * Wait until what a message says of its replies is so.
 * @param {Client<unknown>} client
 * @param {number} id
 * @param {string} text of the message
 * @param {number} count
 */
async function replies(client, id, text, count) {
  await saying(client, id, text);
  await until(client, () =>
    client.messages(id).some((each) => each.content === text && each.replyCount === count),
  );
}

/** @param {readonly Message[]} messages */
function texts(messages) {
  return messages.map(({ content, isDeleted }) => (isDeleted ? null : content));
}

/** @type {Flow} */
export async function threads({ url, ann, ben, ann_id: annsId, ben_id: bensId }) {
  const [one, other] = [privateClient(url, ann), privateClient(url, ben)];
  await online(one, other);
  one.send(bensId, "root");
  const root = await saying(other, annsId, "root");
  other.send(annsId, "first", { parentId: root.id });
  await replies(one, bensId, "root", 1);
  const first = await saying(one, bensId, "first");
  assert.equal(first.rootId, root.id);
  assert.equal((await saying(one, bensId, "root")).lastReply?.author, bensId);

  one.send(bensId, "to the reply", { parentId: first.id });
  await replies(other, annsId, "root", 2);
  assert.equal((await saying(other, annsId, "to the reply")).rootId, root.id);
  await replies(one, bensId, "root", 2);

  other.close();
  await one.remove(await saying(one, bensId, "to the reply"));
  await replies(one, bensId, "root", 1);
  one.send(bensId, "missed", { parentId: root.id });
  await replies(one, bensId, "root", 2);
  await online(other);
  await replies(other, annsId, "root", 2);
  await until(other, () => texts(other.messages(annsId)).includes("missed"));

  await pages(privateClient(url, ann), privateClient(url, ann), other, root);
  for (const client of [one, other]) client.close();
}

/**
 * The thread is loaded page by page, listed, and followed or not.
 * @param {ParlourClient} late
 * @param {ParlourClient} again another device of the same person
 * @param {ParlourClient} other
 * @param {Message} root as the other one has it
 */
async function pages(late, again, other, root) {
  const [annsId, bensId] = [root.conversationId, other.me?.id ?? 0];
  await online(late, again);
  const [found] = await late.history(bensId, { around: root.id ?? 0, limit: 1 });
  assert.ok(found);
  assert.equal(found.replyCount, 2);
  assert.equal(await late.loadReplies(found, 1), true);
  assert.deepEqual(texts(late.thread(found)), ["root", "missed"]);
  assert.equal(late.thread(found)[0]?.isFollowed, true, "its author follows it");
  await late.loadReplies(found, 5);
  assert.deepEqual(texts(late.thread(found)), ["root", "first", "missed"]);
  other.send(annsId, "live", { parentId: root.id });
  await until(late, () => texts(late.thread(found)).includes("live"));

  const { threads: followed } = await late.threads();
  assert.deepEqual(
    followed.map(({ message, unreadCount }) => [message.content, unreadCount]),
    [["root", 2]],
  );
  await late.markThreadRead(found);
  assert.equal((await late.threads()).threads[0]?.unreadCount, 0);
  await late.unfollowThread(found);
  assert.equal(late.thread(found)[0]?.isFollowed, false);
  assert.deepEqual((await late.threads()).threads, []);
  await again.loadReplies(found);
  assert.equal(again.thread(found)[0]?.isFollowed, false);
  await again.followThread(found);
  assert.equal((await late.threads()).threads.length, 1);
  for (const client of [late, again]) client.close();
}

/**
 * The same in a channel, where who follows is told.
 * @param {ChannelsClient} one
 * @param {ChannelsClient} other
 * @param {number} id
 */
export async function channelThreads(one, other, id) {
  one.send(id, "a question");
  const root = await saying(other, id, "a question");
  other.send(id, "an answer", { parentId: root.id });
  await replies(one, id, "a question", 1);
  await until(one, () => one.messages(id).some((each) => each.isFollowed === true));
  assert.equal(await other.loadReplies(root, 10), false);
  assert.deepEqual(texts(other.thread(root)), ["a question", "an answer"]);
  await until(other, () => other.thread(root)[0]?.isFollowed === true);
  await other.remove(await saying(other, id, "an answer"));
  await replies(one, id, "a question", 0);
}
