// One official client that does what standard input says and prints what happens, a line of JSON
// each:  {"emit": [event, ...args], "ack": true}   {"auth": {...}}   {"disconnect": true}
//        {"carrier": "websocket"}, which is printed when that carries it
//
//   node socketio_client.mjs URL AUTH [TRANSPORTS]

import { io } from "socket.io-client";
import { endInput, onLine, print } from "./program.mjs";

/**
 * @typedef {object} Command
 * @property {[event: string, ...args: unknown[]]} emit
 * @property {boolean} [ack] whether an acknowledgement is waited for
 * @property {Record<string, unknown>} [auth] of another attempt to connect
 * @property {string} [carrier] that is waited for
 * @property {boolean} [disconnect]
 */

const OFFSET = "recovery:offset";
const [url = "", auth = "{}", transports] = process.argv.slice(2);

const socket = io(url, {
  auth: JSON.parse(auth),
  withCredentials: true,
  reconnectionDelay: 100,
  ...(transports === undefined ? {} : { transports: transports.split(",") }),
});
socket.on("connect", () =>
  print({ connected: true, ...(socket.recovered && { recovered: true }) }),
);
socket.on("connect_error", (error) => print({ refused: error.message }));
socket.on("disconnect", (reason) => print({ disconnected: reason }));
socket.onAny((event, ...args) => {
  if (event === OFFSET) return; // for the client itself
  print(args.length === 1 ? { event, data: args[0] } : { event, args });
});

/** @param {Command["emit"]} emitted */
async function emitWithAck(emitted) {
  try {
    print({ answer: await socket.timeout(5000).emitWithAck(...emitted) });
  } catch (error) {
    print({ failed: String(error) });
  }
}

/** @param {string} carrier */
function carriedBy(carrier) {
  const { engine } = socket.io;
  if (engine.transport.name === carrier) print({ carrier });
  else engine.once("upgrade", (transport) => print({ carrier: transport.name }));
}

onLine((line) => {
  const command = /** @type {Command} */ (JSON.parse(line));
  if (command.auth) {
    socket.auth = command.auth;
    socket.connect();
  } else if (command.carrier) {
    carriedBy(command.carrier);
  } else if (command.disconnect) {
    socket.off();
    socket.offAny();
    socket.disconnect();
    endInput();
  } else if (command.ack) {
    void emitWithAck(command.emit);
  } else {
    socket.emit(...command.emit);
  }
});
