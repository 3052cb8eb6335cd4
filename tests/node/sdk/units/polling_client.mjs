/** A client that polls, as its sockets never open, and a hub with a log of one conversation. */

import assert from "node:assert/strict";
import { mock } from "node:test";
import { Connection } from "../../../../hub/web/sdk/parlour.js";
import { BEN, FakeHub, settled, wireMessage } from "./fake_hub.mjs";

/** @import { Call } from "./fake_hub.mjs" */

export const CONVERSATIONS = "GET /private_messages/api/messages/conversations";
export const HISTORY = `GET /private_messages/api/messages/${BEN}`;
export const POST = `POST /private_messages/api/messages/${BEN}`;

/**
 * A client whose sockets never opened, in its first round of polling.
 * @param {FakeHub} hub
 * @param {string[]} written before
 */
export async function pollingClient(hub, written = []) {
  const client = hub.client();
  await client.connect();
  for (const content of written) client.send(BEN, content);
  for (const [at, pause] of [500, 1_000, 2_000].entries()) {
    hub.socket.end();
    assert.equal(client.status, Connection.WAITING);
    mock.timers.tick(pause);
    if (at < 2) await hub.openedSockets(at + 2);
  }
  await entered(client, Connection.POLLING);
  return client;
}

/**
 * @param {{ status: string, addEventListener: Function }} client
 * @param {string} status
 */
export function entered(client, status) {
  return new Promise((resolve) => {
    const look = () => client.status === status && resolve(undefined);
    client.addEventListener("status", look);
    look();
  });
}

/** A hub with a log of one conversation. */
export function hubWithLog() {
  /** @type {ReturnType<typeof wireMessage>[]} */
  const log = [];
  const hub = new FakeHub({
    [CONVERSATIONS]: () => (log.length > 0 ? [{ user: { id: BEN }, last_seq: log.length }] : []),
    [HISTORY]: ({ path }) => {
      const query = new globalThis.URL(path, "http://x").searchParams;
      const after = Number(query.get("after_seq"));
      assert.equal(query.get("mark_read"), "false"); // what has come is not read yet
      return log.filter(({ seq }) => seq > after);
    },
    [POST]: ({ body }) => {
      const { content } = /** @type {{ content: string }} */ (body);
      log.push(wireMessage(log.length + 1, { isMine: true, content }));
      return log.at(-1);
    },
  });
  return { hub, log };
}

/** @param {Call[]} calls */
export function contentsAndKeys(calls) {
  return calls.map(({ body, headers }) => [
    /** @type {{ content: string }} */ (body).content,
    headers["Idempotency-Key"],
  ]);
}

/**
 * So many rounds of polling.
 * @param {FakeHub} hub
 * @param {number} count
 */
export async function rounds(hub, count) {
  for (let round = 0; round < count; round += 1) {
    const before = hub.callsOf(CONVERSATIONS).length;
    mock.timers.tick(3_000);
    await hub.called(CONVERSATIONS, before + 1);
    await settled();
  }
}
