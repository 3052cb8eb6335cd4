// The official client against docs.examples.socketio_echo: one line of JSON for each thing that
// happens. The scenario is the first argument, the server's address the second.

import { io } from "socket.io-client";
import { print } from "./program.mjs";

/** @import { Socket } from "socket.io-client" */

const [name = "", url = ""] = process.argv.slice(2);
const OPTIONS = { reconnection: false, forceNew: true };
const PINGS = 4;

/**
 * The arguments of the next event of a name.
 * @param {Socket} socket
 * @param {string} event
 * @returns {Promise<unknown[]>}
 */
function once(socket, event) {
  return new Promise((resolve) => {
    socket.once(event, (...args) => resolve(args));
  });
}

/** @param {Socket} socket */
function transportOf(socket) {
  return socket.io.engine.transport.name;
}

/** @param {string[]} transports */
async function talk(transports) {
  const socket = io(url, { ...OPTIONS, transports, auth: { token: "abc" } });
  const [auth] = await once(socket, "auth");
  print({ auth, transport: transportOf(socket) });
  socket.emit("message", 1, "two", { three: [4, null] }, "€");
  print({ back: await once(socket, "message-back") });
  print({ ack: await socket.timeout(2000).emitWithAck("message-with-ack", "x", { y: 1 }) });
  socket.emit("message", new Uint8Array([1, 2, 3]), { deep: [new Uint8Array([4])] });
  const [first, second] = /** @type {[Buffer, { deep: [Buffer] }]} */ (
    await once(socket, "message-back")
  );
  print({ binary: [[...new Uint8Array(first)], [...new Uint8Array(second.deep[0])]] });
  const many = [...Array(200).keys()];
  print({ inOrder: await echoes(socket, many) });
  print({ transport: transportOf(socket) });
  socket.disconnect();
  print({ done: true });
}

/**
 * Whether numbers come back in their order.
 * @param {Socket} socket
 * @param {number[]} numbers
 */
async function echoes(socket, numbers) {
  /** @type {number[]} */
  const received = [];
  const all = new Promise((resolve) => {
    socket.on("message-back", (number) => {
      received.push(number);
      if (received.length === numbers.length) resolve(undefined);
    });
  });
  for (const number of numbers) socket.emit("message", number);
  await all;
  return received.every((number, at) => number === numbers[at]);
}

/** @type {Record<string, () => Promise<void>>} */
const SCENARIOS = {
  polling: () => talk(["polling"]),
  websocket: () => talk(["websocket"]),

  /** It stays connected: so many pings of the server were answered in time. */
  async upgrade() {
    const socket = io(url, OPTIONS);
    const upgraded = new Promise((resolve) => {
      socket.io.once("open", () => {
        print({ transport: transportOf(socket) });
        socket.io.engine.once("upgrade", resolve);
      });
    });
    await Promise.all([upgraded, once(socket, "auth")]);
    print({ transport: transportOf(socket) });
    socket.emit("message", "after");
    print({ back: await once(socket, "message-back") });
    let pings = 0;
    await new Promise((resolve) => {
      socket.io.on("ping", () => {
        pings += 1;
        if (pings === PINGS) resolve(undefined);
      });
    });
    print({ stillConnected: socket.connected });
    socket.disconnect();
  },

  async namespaces() {
    const options = { ...OPTIONS, forceNew: false };
    const first = io(url, { ...options, auth: { a: 1 } });
    const second = io(`${url}/custom`, { ...options, auth: { b: 2 } });
    print({ auths: await Promise.all([once(first, "auth"), once(second, "auth")]) });
    print({ shared: first.io === second.io, ids: first.id !== second.id });
    second.emit("message", "there");
    print({ back: await once(second, "message-back") });
    second.disconnect();
    first.emit("message", "here");
    print({ back: await once(first, "message-back") });
    first.disconnect();
  },

  async unknown() {
    const socket = io(`${url}/random`, OPTIONS);
    const [error] = await once(socket, "connect_error");
    print({ error: /** @type {Error} */ (error).message });
    socket.disconnect();
  },

  async ackTimeout() {
    const socket = io(url, OPTIONS);
    await once(socket, "auth");
    try {
      print({ answer: await socket.timeout(300).emitWithAck("nobody-answers") });
    } catch (error) {
      print({ timedOut: /** @type {Error} */ (error).message });
    }
    socket.disconnect();
  },

  async reconnect() {
    const socket = io(url, { forceNew: true, reconnectionDelay: 100 });
    socket.on("auth", () => print({ connected: true }));
    socket.on("disconnect", (reason) => print({ disconnected: reason }));
    await once(socket, "auth");
    await once(socket, "disconnect");
    await once(socket, "auth");
    socket.emit("message", "again");
    print({ back: await once(socket, "message-back") });
    socket.disconnect();
  },
};

const scenario = SCENARIOS[name];
if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
await scenario();
