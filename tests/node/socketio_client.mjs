// One official client that does what standard input says and prints what happens, a line of JSON
// each:  {"emit": [event, ...args], "ack": true}   {"auth": {...}}   {"disconnect": true}
//
//   node socketio_client.mjs URL AUTH [TRANSPORTS]

import readline from "node:readline";
import { io } from "socket.io-client";

const [url, auth, transports] = process.argv.slice(2);
const print = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const socket = io(url, {
  auth: JSON.parse(auth),
  withCredentials: true,
  reconnectionDelay: 100,
  ...(transports ? { transports: transports.split(",") } : {}),
});
socket.on("connect", () =>
  print({ connected: true, ...(socket.recovered && { recovered: true }) }),
);
socket.on("connect_error", (error) => print({ refused: error.message }));
socket.on("disconnect", (reason) => print({ disconnected: reason }));
socket.onAny((event, ...args) => print({ event, data: args[0] }));

const input = readline.createInterface({ input: process.stdin });
input.on("line", async (line) => {
  const command = JSON.parse(line);
  if (command.auth) {
    socket.auth = command.auth;
    socket.connect();
  } else if (command.disconnect) {
    socket.disconnect();
    input.close();
  } else if (command.ack) {
    try {
      print({ answer: await socket.timeout(5000).emitWithAck(...command.emit) });
    } catch (error) {
      print({ failed: error.message });
    }
  } else {
    socket.emit(...command.emit);
  }
});
