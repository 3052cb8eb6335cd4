// Official clients, two and two, that write to each other all the time. For each line of the test it
// is printed when all are connected. When no more lines come they write no more, and each prints what
// it saw, as soon as all have heard everything.
//
//   node socketio_crowd.mjs URL PAIRS PAUSE_MS
//
// PAIRS: [{"channel": "7", "auths": [{...}, {...}], "transports": ["polling"]}, ...]; without
// transports a client polls first.

import { setTimeout as sleep } from "node:timers/promises";
import { io } from "socket.io-client";
import { onEnd, onLine, print } from "./program.mjs";

const ANSWER_MS = 5_000;
const END_MS = 30_000;

/**
 * @typedef {object} Pair
 * @property {string} channel
 * @property {Record<string, unknown>[]} auths
 * @property {string[]} [transports]
 */

/**
 * @param {unknown} details of a disconnection: an error, or what the transport knows
 * @returns {number | undefined}
 */
const codeOf = (details) => /** @type {any} */ (details)?.context?.code;

/** A client, and what it saw. */
class Client {
  /** @type {string[]} */
  acknowledged = [];
  /** @type {string[]} */
  heard = [];
  /** @type {string[]} */
  refused = [];
  /** Where it was, how long it had been away before, whether it was recovered.
   * @type {{ node: string | undefined, awayMs: number, recovered: boolean }[]} */
  visits = [];
  /** With which its WebSockets were closed; of polling there is none.
   * @type {(number | undefined)[]} */
  codes = [];
  #leftAt = performance.now();
  #socket;
  #channel;

  /**
   * @param {string} url
   * @param {Pair} pair
   * @param {Record<string, unknown>} auth
   */
  constructor(url, pair, auth) {
    this.#channel = pair.channel;
    this.name = String(auth["userId"]);
    const { transports } = pair;
    this.#socket = io(url, { auth, forceNew: true, ...(transports && { transports }) });
    this.#socket.on("connect", async () => {
      const awayMs = Math.round(performance.now() - this.#leftAt);
      const { recovered } = this.#socket;
      const node = this.#socket.io.engine.id?.split(".")[0];
      if (!recovered) await this.#socket.emitWithAck("channel:join", { channelId: this.#channel });
      this.visits.push({ node, awayMs, recovered });
    });
    this.#socket.on("disconnect", (_, details) => {
      this.#leftAt = performance.now();
      this.codes.push(codeOf(details));
    });
    this.#socket.on("connect_error", (error) => this.refused.push(error.message));
    this.#socket.on("message:new", ({ content }) => {
      // a client that was recovered is sent its own messages whose acknowledgement was lost
      if (!content.startsWith(`${this.name}:`)) this.heard.push(content);
    });
  }

  /** @param {() => boolean} isOver */
  async write(isOver) {
    for (let number = 0; !isOver(); number++) {
      const content = `${this.name}:${number}`;
      const message = { content, channelId: this.#channel, tempId: content };
      while (!(await this.#isStored(message))) await sleep(pauseMs);
      this.acknowledged.push(content);
      await sleep(pauseMs);
    }
  }

  /** @param {object} message */
  async #isStored(message) {
    try {
      const answer = await this.#socket.timeout(ANSWER_MS).emitWithAck("message:send", message);
      return answer.success === true;
    } catch {
      return false; // no answer: it may be stored or not, so it is sent again
    }
  }

  get isConnected() {
    return this.visits.length > 0 && this.#socket.connected;
  }

  leave() {
    this.#socket.disconnect();
  }
}

const [url = "", given = "[]", pause = "40"] = process.argv.slice(2);
const pauseMs = Number(pause); // of each, between two messages
const pairs = /** @type {Pair[]} */ (JSON.parse(given)).map((pair) =>
  pair.auths.map((auth) => new Client(url, pair, auth)),
);
const clients = pairs.flat();
let isOver = false;

/** Whether each of two has heard all that the other one wrote. */
const areEven = () =>
  pairs.every(([one, other]) =>
    [one?.heard.length, other?.heard.length].every(
      (count, at) => count === [other, one][at]?.acknowledged.length,
    ),
  );

async function allConnected() {
  while (clients.some((client) => !client.isConnected)) await sleep(10);
  print({ connected: clients.length });
}

onLine(() => void allConnected());
onEnd(() => {
  isOver = true;
});
await allConnected();
await Promise.all(clients.map((client) => client.write(() => isOver)));
for (const until = performance.now() + END_MS; !areEven() && performance.now() < until; )
  await sleep(10);
for (const { name, acknowledged, heard, refused, visits, codes } of clients)
  print({ name, acknowledged, heard, refused, visits, codes });
for (const client of clients) client.leave();
