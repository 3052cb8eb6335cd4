// The official client against docs.examples.socketio_echo: one line of JSON for each thing that
// happens. The scenario is the first argument, the server's address the second.

import { io } from "socket.io-client";

const [scenario, url] = process.argv.slice(2);
const print = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);
const once = (socket, event) =>
  new Promise((resolve) => {
    socket.once(event, (...args) => resolve(args));
  });
const options = { reconnection: false, forceNew: true };

async function talk(transports) {
  const socket = io(url, { ...options, transports, auth: { token: "abc" } });
  const [auth] = await once(socket, "auth");
  print({ auth, transport: socket.io.engine.transport.name });
  socket.emit("message", 1, "two", { three: [4, null] }, "€");
  print({ back: await once(socket, "message-back") });
  print({ ack: await socket.timeout(2000).emitWithAck("message-with-ack", "x", { y: 1 }) });
  socket.emit("message", new Uint8Array([1, 2, 3]), { deep: [new Uint8Array([4])] });
  const [first, second] = await once(socket, "message-back");
  print({ binary: [[...new Uint8Array(first)], [...new Uint8Array(second.deep[0])]] });
  const many = Array.from({ length: 200 }, (_, n) => n);
  const received = [];
  socket.on("message-back", (n) => {
    received.push(n);
    if (received.length === many.length) {
      print({ inOrder: received.every((value, index) => value === index) });
      print({ transport: socket.io.engine.transport.name });
      socket.disconnect();
      print({ done: true });
    }
  });
  many.forEach((n) => socket.emit("message", n));
}

const scenarios = {
  polling: () => talk(["polling"]),
  websocket: () => talk(["websocket"]),
  async upgrade() {
    const socket = io(url, options);
    const upgraded = new Promise((resolve) => {
      socket.io.once("open", () => {
        print({ transport: socket.io.engine.transport.name });
        socket.io.engine.once("upgrade", resolve);
      });
    });
    await Promise.all([upgraded, once(socket, "auth")]);
    print({ transport: socket.io.engine.transport.name });
    socket.emit("message", "after");
    print({ back: await once(socket, "message-back") });
    setTimeout(() => {
      print({ stillConnected: socket.connected }); // four heartbeats later
      socket.disconnect();
    }, 2000);
  },
  async namespaces() {
    const first = io(url, { ...options, forceNew: false, auth: { a: 1 } });
    const second = io(`${url}/custom`, { ...options, forceNew: false, auth: { b: 2 } });
    print({ auths: [await once(first, "auth"), await once(second, "auth")] });
    print({ shared: first.io === second.io, ids: first.id !== second.id });
    second.emit("message", "there");
    print({ back: await once(second, "message-back") });
    second.disconnect();
    first.emit("message", "here");
    print({ back: await once(first, "message-back") });
    first.disconnect();
  },
  async unknown() {
    const socket = io(`${url}/random`, options);
    const [error] = await once(socket, "connect_error");
    print({ error: error.message });
    socket.disconnect();
  },
  async ackTimeout() {
    const socket = io(url, options);
    await once(socket, "auth");
    try {
      await socket.timeout(300).emitWithAck("nobody-answers");
    } catch (error) {
      print({ timedOut: error.message });
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

await scenarios[scenario]();
