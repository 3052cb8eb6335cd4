// The behaviour that the learning platform documents of its two socket hooks (docs/dialects),
// driven by the ws package. Every thing that happens is printed as one line of JSON; a line on
// standard input is sent as a frame.
//
//   node hooks.mjs chat|messenger URL COOKIE [CHANNEL]

import readline from "node:readline";
import WebSocket from "ws";

const [kind, url, cookie, channel] = process.argv.slice(2);
const print = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const hooks = {
  chat: {
    path: "/ws/chat",
    opened: (socket) =>
      socket.send(JSON.stringify({ type: "join_channel", channelId: Number(channel) })),
    // 1 s, 2 s, 4 s ... at most 30 s; never after 4001
    pause: (code, failures) => (code === 4001 ? null : Math.min(1000 * 2 ** failures, 30000)),
  },
  messenger: {
    path: "/message",
    opened: () =>
      fetch(`${url}/api/message/conversations`, { headers: { cookie } })
        .then((reply) => reply.json())
        .then((conversations) => print({ conversations })),
    // a flat 3 s, whatever happened
    pause: () => 3000,
  },
};

const hook = hooks[kind];
let socket = null;
let failures = 0;
let retry = null;

function connect() {
  socket = new WebSocket(url.replace("http", "ws") + hook.path, { headers: { cookie } });
  socket.onopen = () => {
    failures = 0;
    hook.opened(socket);
  };
  socket.onmessage = (message) => print({ frame: JSON.parse(message.data) });
  socket.onerror = () => socket.close();
  socket.onclose = ({ code, reason }) => {
    const pause = hook.pause(code, failures);
    failures += 1;
    print({ closed: code, reason, pause });
    if (pause !== null) {
      retry = setTimeout(connect, pause);
    } else {
      input.close(); // nothing is left to do, so the process ends
    }
  };
}

const input = readline.createInterface({ input: process.stdin });
input.on("line", (line) => {
  if (line === "unmount") {
    clearTimeout(retry);
    hook.pause = () => null;
    socket.close(1000, "Component unmounted");
  } else {
    socket.send(line);
  }
});
connect();
