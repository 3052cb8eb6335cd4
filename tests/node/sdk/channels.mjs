/** Two people in a channel of `/ws/chat`. */

import assert from "node:assert/strict";
import { ChannelsClient, Status } from "../../../hub/web/sdk/parlour.js";
import { pins } from "./finding.mjs";
import { channelNotes } from "./notes.mjs";
import { channelThreads } from "./threads.mjs";
import {
  BlockedWebSocket,
  contents,
  nextTyping,
  nodeOptions,
  online,
  statuses,
  until,
} from "./clients.mjs";

/**
 * @import { Options, PlatformUser } from "../../../hub/web/sdk/parlour.js"
 * @import { Flow } from "./run.mjs"
 *
 * @typedef {{ me: PlatformUser, client: (more?: Options) => ChannelsClient }} Person
 */

/**
 * A session, and clients with it.
 * @param {string} url
 * @param {string} login
 * @param {string} password
 * @returns {Promise<Person>}
 */
async function signedIn(url, login, password) {
  let cookie = "";
  /** @type {typeof fetch} */
  const remember = async (...request) => {
    const response = await fetch(...request);
    cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    return response;
  };
  const entering = new ChannelsClient({ ...nodeOptions(url, ""), fetch: remember });
  const me = await entering.signIn(login, password);
  const options = { ...nodeOptions(url, cookie), random: () => 0 };
  return { me, client: (more) => new ChannelsClient({ ...options, ...more }) };
}

/**
 * Order, typing, read marks and replies.
 * @param {ChannelsClient} one
 * @param {ChannelsClient} other
 * @param {number} id
 */
async function talk(one, other, id) {
  one.send(id, "hello");
  await until(other, () => other.messages(id).length === 1);
  const [hello] = other.messages(id);
  assert.ok(hello);
  assert.equal(hello.isMine, false);
  assert.equal(hello.authorName, one.me?.username);
  await other.markRead(id);
  await until(one, () => statuses(one, id)[0] === Status.READ);
  const typing = nextTyping(one);
  other.typing(id);
  const who = other.me?.username;
  assert.deepEqual(await typing, { conversationId: id, who, isTyping: true });
  other.send(id, "hi", { parentId: hello.id });
  await until(one, () => one.messages(id).length === 2);
  assert.equal(one.messages(id)[1]?.parentId, hello.id);
}

/**
 * Whom a message mentions is known, and told, until it does so no longer.
 * @param {ChannelsClient} one
 * @param {ChannelsClient} other
 * @param {number} id
 */
async function mentions(one, other, id) {
  /** @type {boolean[]} */
  const told = [];
  const stop = new AbortController();
  const note = (/** @type {{ detail: { isMentioned: boolean } }} */ { detail }) =>
    told.push(detail.isMentioned);
  other.addEventListener("mention", note, { signal: stop.signal });
  one.send(id, `@${other.me?.username} and @nobody`);
  await until(other, () => told.length === 1);
  const mentioning = () => one.messages(id).at(-1);
  await until(one, () => mentioning()?.id !== null);
  await until(one, () => mentioning()?.mentions.length === 1);
  assert.deepEqual(mentioning()?.mentions, [{ user: other.me?.id, username: other.me?.username }]);
  assert.deepEqual(other.messages(id).at(-1)?.mentions, mentioning()?.mentions);
  const [workspace] = await other.workspaces();
  const listed = workspace?.channels.find((each) => each.id === id);
  assert.equal(listed?.unreadMentions, 1);
  const message = mentioning();
  assert.ok(message);
  await one.remove(message);
  await until(other, () => told.length === 2);
  assert.deepEqual(told, [true, false]);
  stop.abort();
}

/**
 * Whoever was away gets what was missed.
 * @param {ChannelsClient} one
 * @param {ChannelsClient} other
 * @param {number} id
 */
async function resume(one, other, id) {
  other.close();
  for (const word of ["missed 1", "missed 2"]) one.send(id, word);
  await until(one, () => one.queued === 0);
  await online(other);
  assert.deepEqual(contents(other, id), ["hello", "hi", "missed 1", "missed 2"]);
}

/**
 * A new client loads history when it is wanted, and follows channels that it hears of.
 * @param {ChannelsClient} one
 * @param {ChannelsClient} late
 * @param {number} id
 * @param {number} workspaceId
 */
async function comeLate(one, late, id, workspaceId) {
  await online(late);
  assert.deepEqual(contents(late, id), []);
  const second = await one.createChannel(workspaceId, "second");
  await until(late, () => late.isFollowing(second.id));
  one.send(second.id, "new");
  await until(late, () => contents(late, second.id).length === 1);
  assert.equal(await late.loadOlder(id, 3), true);
  assert.equal(await late.loadOlder(id, 3), false);
  assert.deepEqual(contents(late, id), ["hello", "hi", "missed 1", "missed 2"]);
  const channels = (await late.workspaces()).flatMap((workspace) => workspace.channels);
  const listed = channels.find((channel) => channel.id === id);
  assert.equal(listed?.unreadCount, 2);
  assert.equal(listed?.lastMessage?.content, "missed 2");
}

/**
 * Where WebSockets are blocked, messages go and come over REST.
 * @param {ChannelsClient} one
 * @param {ChannelsClient} blocked
 * @param {number} id
 */
async function poll(one, blocked, id) {
  await blocked.connect();
  blocked.send(id, "over REST");
  await until(one, () => contents(one, id).includes("over REST"));
  one.send(id, "heard");
  await until(blocked, () => contents(blocked, id).includes("heard"));
}

/** @type {Flow} */
export async function channels({ url, ann, ben, password }) {
  const anns = await signedIn(url, ann, password);
  const bens = await signedIn(url, ben, password);
  const [one, other, late] = [anns.client(), bens.client(), bens.client()];
  await online(one);
  const workspace = await one.createWorkspace("school");
  const { id } = await one.createChannel(workspace.id, "general");
  await one.addMember(workspace.id, bens.me.id);
  await online(other);
  await talk(one, other, id);
  await resume(one, other, id);
  await comeLate(one, late, id, workspace.id);
  await pins(one, other, id);
  await channelThreads(one, other, id);
  await channelNotes(other, late, id);
  const blocked = bens.client({ WebSocket: BlockedWebSocket });
  await poll(one, blocked, id);
  await mentions(one, other, id);
  for (const each of [one, other, late, blocked]) each.close();
}
