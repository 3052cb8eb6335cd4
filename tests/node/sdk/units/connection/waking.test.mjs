/** What makes a client look at its connection at once, in a page that the test plays. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Connection, Reason } from "../../../../../hub/web/sdk/parlour.js";
import { FakeHub } from "../fake_hub.mjs";

const PAGE = new EventTarget();
const DOCUMENT = Object.assign(new EventTarget(), { visibilityState: "visible" });

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  Object.assign(globalThis, {
    addEventListener: PAGE.addEventListener.bind(PAGE),
    removeEventListener: PAGE.removeEventListener.bind(PAGE),
    document: DOCUMENT,
  });
});
afterEach(() => {
  mock.timers.reset();
  for (const name of ["addEventListener", "removeEventListener", "document"]) {
    Reflect.deleteProperty(globalThis, name);
  }
});

/** @type {[string, () => void][]} */
const WAKES = [
  ["there is a network", () => PAGE.dispatchEvent(new Event("online"))],
  ["the window has the focus", () => PAGE.dispatchEvent(new Event("focus"))],
  ["the page comes out of the cache", () => PAGE.dispatchEvent(new Event("pageshow"))],
  ["the tab is looked at", () => DOCUMENT.dispatchEvent(new Event("visibilitychange"))],
];

for (const [what, wake] of WAKES) {
  test(`it comes back at once when ${what}`, async () => {
    const hub = new FakeHub();
    const client = await hub.onlineClient();
    hub.socket.end();
    assert.equal(client.status, Connection.WAITING);
    wake();
    assert.equal(client.status, Connection.CONNECTING);
    await hub.openedSockets(2);
    client.close();
    wake();
    assert.equal(client.status, Connection.IDLE);
  });

  test(`it sees within 5 s whether the connection still works when ${what}`, async () => {
    const hub = new FakeHub();
    const client = await hub.onlineClient();
    const { socket } = hub;
    wake();
    assert.equal(client.status, Connection.ONLINE);
    assert.equal(socket.sentOf("heartbeat").length, 1);
    socket.deliver({ type: "heartbeat_ack" });
    mock.timers.tick(29_999);
    assert.equal(socket.sentOf("heartbeat").length, 1);
    wake();
    mock.timers.tick(4_999);
    assert.equal(client.status, Connection.ONLINE);
    mock.timers.tick(1);
    assert.deepEqual(client.state, {
      status: Connection.WAITING,
      reason: Reason.SILENT,
      retryInMs: 500,
    });
  });
}

test("a tab that is left does not wake it", async () => {
  const hub = new FakeHub();
  const client = await hub.onlineClient();
  hub.socket.end();
  DOCUMENT.visibilityState = "hidden";
  DOCUMENT.dispatchEvent(new Event("visibilitychange"));
  DOCUMENT.visibilityState = "visible";
  assert.equal(client.status, Connection.WAITING);
});

test("while it connects, nothing begins anew", async () => {
  const hub = new FakeHub();
  const client = hub.client();
  await client.connect();
  for (const [, wake] of WAKES) wake();
  assert.equal(hub.sockets.length, 1);
  assert.deepEqual(hub.socket.sent, []);
});
