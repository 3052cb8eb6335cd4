/** Calls over REST: JSON both ways, refusals as errors. */

import { CallFailed } from "../errors.js";
import { fetchWithProgress } from "./progress.js";

/**
 * @import { Sending } from "../parlour.js"
 * @import { Access } from "./access.js"
 * @import { Log } from "./log.js"
 */

const UNAUTHORIZED = 401;
const NEXT = /<(\?[^>]*)>;\s*rel="next"/; // in the header Link, relative to the call

export class Rest {
  #url;
  #access;
  #fetch;
  #log;
  #onOtherLog;

  /**
   * @param {string} url where the dialect's REST is, without a slash at the end
   * @param {Access} access
   * @param {typeof fetch} fetchFunction
   * @param {Log} log
   * @param {() => void} onOtherLog called when a response shows another log, before the response is
   *   returned to the caller
   */
  constructor(url, access, fetchFunction, log, onOtherLog) {
    this.#url = url;
    this.#access = access;
    this.#fetch = fetchFunction;
    this.#log = log;
    this.#onOtherLog = onOtherLog;
  }

  /**
   * One call, with the session; if the hub refuses the token, again with a new one.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body] JSON, or a form
   * @param {Record<string, string>} [headers]
   * @param {Sending} [sending]
   * @returns {Promise<unknown>} the response's JSON; null when it has none
   * @throws {CallFailed} and the signal's reason, if it is aborted
   */
  async call(method, path, body, headers = {}, sending = {}) {
    return (await this.#exchange(method, path, body, headers, sending)).data;
  }

  /**
   * A page of a list.
   * @param {string} path
   * @returns {Promise<{ items: unknown[], next: string | null }>} `next`: the path of the next page
   * @throws {CallFailed}
   */
  async page(path) {
    const { data, response } = await this.#exchange("GET", path, undefined, {}, {});
    const [, query] = NEXT.exec(response.headers.get("link") ?? "") ?? [];
    const items = /** @type {unknown[]} */ (data);
    return { items, next: query === undefined ? null : path.split("?")[0] + query };
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} body
   * @param {Record<string, string>} headers
   * @param {Sending} sending
   */
  async #exchange(method, path, body, headers, sending) {
    const form = body instanceof FormData ? body : undefined; // sets its own content type
    const content = body === undefined || form ? undefined : JSON.stringify(body);
    const request = {
      method,
      headers: {
        ...headers,
        ...(content === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: form ?? content,
      signal: sending.signal ?? null,
    };
    const send = this.#sender(sending);
    let { response, text, authorization } = await this.#send(path, request, send);
    if (response.status === UNAUTHORIZED && this.#access.renew(authorization)) {
      ({ response, text } = await this.#send(path, request, send));
    }
    const json = parsed(text);
    if (response.ok && json !== null) return { data: json.data, response };
    const refusal = json?.data ?? {};
    throw new CallFailed(
      response.status,
      refusal.code ?? codeOf(response.status),
      refusal.error ?? refusal.message ?? text,
      Number(response.headers.get("retry-after")) || null,
    );
  }

  /** @param {Sending} sending */
  #sender({ onProgress }) {
    const isPossible = onProgress !== undefined && "XMLHttpRequest" in globalThis;
    return isPossible ? fetchWithProgress(onProgress) : this.#fetch;
  }

  /**
   * @param {string} path
   * @param {RequestInit & { headers: Record<string, string> }} request
   * @param {typeof fetch} send
   */
  async #send(path, request, send) {
    const { credentials } = this.#access;
    const headers = { ...(await this.#access.headers()), ...request.headers };
    const { epoch } = this.#log;
    let response;
    let text;
    try {
      response = await send(this.#url + path, { ...request, credentials, headers });
      this.#access.received(response.headers);
      text = await response.text();
    } catch (error) {
      request.signal?.throwIfAborted();
      throw new CallFailed(0, "unreachable", `${this.#url} could not be reached: ${error}`);
    }
    if (this.#log.is(response.headers.get("parlour-epoch"), epoch)) this.#onOtherLog();
    return { response, text, authorization: headers.Authorization };
  }
}

/**
 * The code of a response that has none.
 * @param {number} status
 */
function codeOf(status) {
  if (status < 400) return "malformed"; // the server is not a hub
  return status === UNAUTHORIZED ? "unauthorized" : "refused";
}

/**
 * @param {string} text
 * @returns {{ data: any } | null} null: it is not JSON
 */
function parsed(text) {
  try {
    return { data: text === "" ? null : JSON.parse(text) };
  } catch {
    return null;
  }
}
