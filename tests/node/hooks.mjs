// The behaviour that the learning platform documents of its two socket hooks (docs/dialects),
// driven by the ws package. Everything that happens is printed as one line of JSON; a line on
// standard input is sent as a frame.
//
//   node hooks.mjs chat|messenger URL COOKIE [CHANNEL]

import { WebSocket } from "ws";
import { endInput, onLine, print } from "./program.mjs";

/**
 * @typedef {object} Hook
 * @property {string} path
 * @property {(socket: WebSocket) => void} opened
 * @property {(code: number, failures: number) => number | null} pause until the next attempt, in
 *   ms; null: there is none
 */

const [kind = "", url = "", cookie = "", channel] = process.argv.slice(2);

/** @type {Record<string, Hook>} */
const HOOKS = {
  chat: {
    path: "/ws/chat",
    opened: (socket) =>
      socket.send(JSON.stringify({ type: "join_channel", channelId: Number(channel) })),
    // 1 s, 2 s, 4 s ... at most 30 s; never after 4001
    pause: (code, failures) => (code === 4001 ? null : Math.min(1000 * 2 ** failures, 30_000)),
  },
  messenger: {
    path: "/message",
    opened: async () => {
      const response = await fetch(`${url}/api/message/conversations`, { headers: { cookie } });
      print({ conversations: await response.json() });
    },
    pause: () => 3000, // whatever happened
  },
};

const hook = HOOKS[kind];
if (hook === undefined) throw new Error(`there is no hook ${kind}`);
/** @type {WebSocket} */
let socket;
let failures = 0;
let isMounted = true;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retry;

/** @param {Hook} hook */
function connect({ path, opened, pause }) {
  socket = new WebSocket(url.replace("http", "ws") + path, { headers: { cookie } });
  socket.onopen = () => {
    failures = 0;
    opened(socket);
  };
  socket.onmessage = (message) => print({ frame: JSON.parse(String(message.data)) });
  socket.onerror = () => socket.close();
  socket.onclose = ({ code, reason }) => {
    const milliseconds = isMounted ? pause(code, failures) : null;
    failures += 1;
    print({ closed: code, reason, pause: milliseconds });
    if (milliseconds === null) {
      endInput(); // nothing is left to do, so the process ends
    } else {
      retry = setTimeout(() => connect({ path, opened, pause }), milliseconds);
    }
  };
}

onLine((line) => {
  if (line === "unmount") {
    isMounted = false;
    clearTimeout(retry);
    socket.close(1000, "Component unmounted");
    endInput();
  } else {
    socket.send(line);
  }
});
connect(hook);
