/** Clients in Node, and how a flow waits for what they say. */

import { WebSocket } from "ws";
import { Connection, ParlourClient } from "../../../hub/web/sdk/parlour.js";

/**
 * @import { Client, ClientEvents, ConversationId, Options } from "../../../hub/web/sdk/parlour.js"
 */

/** @type {(keyof ClientEvents)[]} */
const CHANGES = [
  "status",
  "message",
  "changed",
  "typing",
  "read",
  "delivered",
  "mention",
  "thread",
  "noted",
  "hidden",
  "channels",
  "queue",
  "reset",
];

/**
 * @param {string} url
 * @param {string} cookie
 * @param {Options} [options]
 */
export function privateClient(url, cookie, options) {
  return new ParlourClient({ ...nodeOptions(url, cookie), ...options });
}

/**
 * @param {string} url
 * @param {string} cookie
 * @returns {Options}
 */
export function nodeOptions(url, cookie) {
  return { url, headers: { Cookie: cookie }, WebSocket, storage: null };
}

/** A WebSocket that a proxy on the way does not let through. */
export class BlockedWebSocket {
  readyState = 0;
  onopen = null;
  onmessage = null;
  onerror = null;
  /** @type {((event: { code: number }) => void) | null} */
  onclose = null;

  constructor() {
    queueMicrotask(() => this.onclose?.({ code: 1006 }));
  }

  send() {
    throw new Error("it never opened");
  }

  close() {
    this.readyState = 3;
  }
}

/**
 * Wait until something holds, looking at it whenever the client says anything.
 * @param {Client<unknown>} client
 * @param {() => boolean} holds
 * @returns {Promise<void>}
 */
export function until(client, holds) {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const { signal } = listening;
    const look = () => {
      if (!holds()) return;
      listening.abort();
      resolve();
    };
    for (const name of CHANGES) client.addEventListener(name, look, { signal });
    look();
  });
}

/**
 * Connect, and wait until they are online.
 * @param {...Client<unknown>} clients
 */
export async function online(...clients) {
  await Promise.all(
    clients.map(async (client) => {
      await client.connect();
      await until(client, () => client.status === Connection.ONLINE);
    }),
  );
}

/**
 * @param {Client<unknown>} client
 * @param {ConversationId} id
 */
export function contents(client, id) {
  return client.messages(id).map(({ content }) => content);
}

/**
 * @param {Client<unknown>} client
 * @param {ConversationId} id
 */
export function statuses(client, id) {
  return client.messages(id).map(({ status }) => status);
}

/**
 * The next time that somebody begins to type.
 * @param {Client<unknown>} client
 */
export async function nextTyping(client) {
  for await (const event of client.events()) if (event.type === "typing") return event.detail;
  throw new Error("the events have no end");
}
