/** A hub that a test plays itself: sockets that it speaks on, and REST responses from a table. */

import assert from "node:assert/strict";
import { afterEach } from "node:test";
import { ChannelsClient, ParlourClient } from "../../../../hub/web/sdk/parlour.js";
import { FakeSocket } from "../fake_socket.mjs";

/**
 * @import { ClientEvent, Options } from "../../../../hub/web/sdk/parlour.js"
 *
 * @typedef {{ method: string, path: string, body: unknown, headers: Record<string, string> }} Call
 * @typedef {(call: Call) => unknown} Route the response's JSON, or a Refusal; may throw
 */

export const URL = "http://hub.example";
export const ME = { id: 1, username: "ann", name: "Ann", is_public: true };
export const BEN = 2;
export const RESUMED = { type: "resumed", complete: true, after: {} };

/** @param {Record<number, number>} after which a new client asks for */
export function resume(after) {
  return { type: "resume", after, revs: {}, notes: 0 };
}

/** @type {{ close(): void }[]} */
const clients = []; // of the current test

afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

export class FakeHub {
  /** @type {FakeSocket[]} */
  sockets = [];
  /** @type {Call[]} */
  calls = [];
  /** @type {(() => void)[]} */
  #waiting = [];
  /** @type {Record<string, Route>} by "METHOD path"; a path without its query */
  routes;
  epoch = ""; // that responses name, as it is when the hub is asked; empty: none

  /** @param {Record<string, Route>} routes */
  constructor(routes = {}) {
    this.routes = {
      "GET /private_messages/api/auth/session": () => ME,
      "GET /private_messages/api/messages/conversations": () => [],
      ...routes,
    };
    const hub = this;
    this.WebSocket = class extends FakeSocket {
      /**
       * @param {string} address
       * @param {...unknown} options
       */
      constructor(address, ...options) {
        super(address, ...options);
        hub.sockets.push(this);
        hub.#happened();
      }
    };
  }

  /** The newest socket. */
  get socket() {
    const socket = this.sockets.at(-1);
    assert.ok(socket, "no socket was opened");
    return socket;
  }

  /**
   * A client of this hub.
   * @param {Options} [options]
   */
  client(options) {
    const client = new ParlourClient(this.#options(options));
    clients.push(client);
    return client;
  }

  /** @param {Options} [options] */
  channelsClient(options) {
    const client = new ChannelsClient(this.#options(options));
    clients.push(client);
    return client;
  }

  /**
   * A client that is online.
   * @param {Options} [options]
   */
  async onlineClient(options) {
    return await this.#online(this.client(options));
  }

  /** The same of a client for channels. */
  async onlineChannelsClient() {
    return await this.#online(this.channelsClient());
  }

  /**
   * @template {{ connect(): Promise<unknown> }} Client
   * @param {Client} client
   */
  async #online(client) {
    await client.connect();
    this.socket.open();
    this.socket.deliver(RESUMED);
    return client;
  }

  /**
   * Wait until so many sockets were opened.
   * @param {number} count
   */
  async openedSockets(count) {
    await this.#until(() => this.sockets.length >= count);
    return this.socket;
  }

  /**
   * Wait until a call was made so many times.
   * @param {string} name "METHOD path"
   */
  async called(name, count = 1) {
    await this.#until(() => this.callsOf(name).length >= count);
    return this.callsOf(name);
  }

  /** @param {string} name "METHOD path" */
  callsOf(name) {
    return this.calls.filter(({ method, path }) => `${method} ${path.split("?")[0]}` === name);
  }

  /**
   * @param {Options} [options]
   * @returns {Options}
   */
  #options(options) {
    const { WebSocket } = this;
    const fetch = /** @type {typeof globalThis.fetch} */ (
      (address, request) => this.#respond(String(address), request)
    );
    return { url: URL, WebSocket, fetch, storage: null, random: () => 1, ...options };
  }

  /**
   * @param {string} address
   * @param {RequestInit} request
   */
  async #respond(address, { method = "GET", body, headers } = {}) {
    const path = address.slice(URL.length);
    const call = {
      method,
      path,
      body: typeof body === "string" ? JSON.parse(body) : body,
      headers: /** @type {Record<string, string>} */ (headers),
    };
    const route = this.routes[`${method} ${path.split("?")[0]}`];
    if (route === undefined) return noRoute(call);
    const { epoch } = this;
    const result = await route(call);
    this.calls.push(call);
    this.#happened();
    const isBody = !(result instanceof Refusal || result instanceof Page);
    return isBody ? response(result, { epoch }) : response(result.body, { ...result, epoch });
  }

  /** @param {() => boolean} holds */
  async #until(holds) {
    while (!holds()) {
      await new Promise((resolve) => this.#waiting.push(() => resolve(undefined)));
    }
  }

  #happened() {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** A page of a list that another one follows. */
export class Page {
  /**
   * @param {unknown} body
   * @param {string} next the query of the next page
   */
  constructor(body, next) {
    this.body = body;
    this.link = `<${next}>; rel="next"`;
  }
}

class Refusal {
  retryAfter = "";

  /**
   * @param {number} status
   * @param {object} body
   */
  constructor(status, body) {
    this.status = status;
    this.body = body;
  }
}

/** A refusal over REST. */
export function refusal(/** @type {number} */ status, code = "refused", error = "Refused") {
  return new Refusal(status, { code, error });
}

/**
 * What the SDK uses of a Response, without streams: reading it takes no turn of the event loop.
 * @param {unknown} body JSON
 */
function response(body, { status = 200, retryAfter = "", link = "", epoch = "" } = {}) {
  const text = JSON.stringify(body);
  const headers = new Headers({ "Retry-After": retryAfter, Link: link });
  if (epoch !== "") headers.set("Parlour-Epoch", epoch);
  const used = { ok: status < 400, status, headers, text: async () => text };
  return /** @type {Response} */ (/** @type {unknown} */ (used));
}

/**
 * The SDK takes what `fetch` throws for a server that is not reached: the test must fail all the same.
 * @param {Call} call
 */
function noRoute({ method, path }) {
  queueMicrotask(() => assert.fail(`the test has no route for ${method} ${path}`));
  return response({}, { status: 404 });
}

/** Everything that responses have set off is done: they take no turn of the event loop. */
export function settled() {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** The server is not reached. */
export function unreachable() {
  throw new TypeError("fetch failed");
}

/**
 * A private message as `/ws` shows it: from Ben to me, or the other way.
 * @param {number} seq
 * @param {{ isMine?: boolean, key?: string | null, content?: string }} [more]
 */
export function wireMessage(seq, { isMine = false, key = null, content = `message ${seq}` } = {}) {
  return {
    id: 100 + seq,
    seq,
    sender_id: isMine ? ME.id : BEN,
    recipient_id: isMine ? BEN : ME.id,
    content,
    created_at: "2024-01-01T12:00:00.000Z",
    is_read: false,
    ...(key === null ? {} : { client_id: key }),
  };
}

/**
 * @param {number} seq
 * @param {{ isMine?: boolean, key?: string | null, content?: string }} [more]
 */
export function posted(seq, more) {
  return { type: "private_message", message: wireMessage(seq, more) };
}

/**
 * Everything that a client dispatches, from now on.
 * @param {{ addEventListener: ParlourClient["addEventListener"] }} client
 */
export function recorded(client) {
  /** @type {[ClientEvent["type"], ClientEvent["detail"]][]} */
  const events = [];
  /** @type {ClientEvent["type"][]} */
  const names = [
    "status",
    "message",
    "changed",
    "typing",
    "presence",
    "read",
    "delivered",
    "thread",
    "noted",
    "hidden",
    "channels",
    "invitations",
    "revoked",
    "reset",
    "request",
    "announcement",
    "queue",
    "problem",
  ];
  for (const name of names) {
    client.addEventListener(name, ({ detail }) => events.push([name, detail]));
  }
  return events;
}
