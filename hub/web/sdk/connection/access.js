/**
 * What requests carry for authentication: custom headers, a token that `getToken` fetches, and the
 * cookies of the session where no browser keeps them.
 *
 * What it promises: a token is used until the hub refuses it, and requests at the same time share
 * one; cookies are kept in memory only.
 */

import { CallFailed } from "../errors.js";

/**
 * @import { Options } from "../parlour.js"
 *
 * @typedef {Pick<Options, "headers" | "credentials" | "getToken">} AccessOptions
 */

const SUBPROTOCOL = "parlour"; // which the hub selects; browsers insist that it selects one
const TOKEN_PREFIX = "parlour.bearer."; // pages cannot set headers for a WebSocket

export class Access {
  /** @readonly */
  credentials;
  #headers;
  #getToken;
  /** @type {Promise<string> | null} */
  #token = null;
  /** @type {string | undefined} */
  #authorization; // with the token that was fetched last
  /** @type {Map<string, string>} */
  #cookies = new Map();

  /** @param {AccessOptions} options */
  constructor({ headers = {}, getToken, credentials = getToken ? "omit" : "include" }) {
    const { Cookie: cookie = "", ...others } = headers;
    this.#headers = others;
    this.credentials = credentials;
    this.#getToken = getToken;
    for (const pair of cookie.split(";")) this.#remember(pair.trim());
  }

  /**
   * The headers of a request over REST.
   * @returns {Promise<Record<string, string>>}
   */
  async headers() {
    const token = await this.#currentToken();
    if (token === null) return this.#ownHeaders();
    this.#authorization = `Bearer ${token}`;
    return { ...this.#ownHeaders(), Authorization: this.#authorization };
  }

  /** The arguments after the address when a WebSocket is opened. */
  async socketArguments() {
    const token = await this.#currentToken();
    const headers = this.#ownHeaders();
    const protocols = token === null ? [] : [[SUBPROTOCOL, TOKEN_PREFIX + token]];
    return [...protocols, ...(Object.keys(headers).length > 0 ? [{ headers }] : [])];
  }

  /**
   * Fetch a new token for the next request.
   * @param {string} [refused] the header with the one that was refused, if it is not the last one
   * @returns {boolean} whether this client uses tokens
   */
  renew(refused = this.#authorization) {
    if (refused === this.#authorization) {
      this.#token = null;
      this.#authorization = undefined; // until the new one is used: requests that are refused meanwhile share it
    }
    return this.#getToken !== undefined;
  }

  /**
   * Keep what a response sets; browsers keep it themselves and do not show it.
   * @param {Headers} headers
   */
  received(headers) {
    for (const line of headers.getSetCookie?.() ?? []) {
      const [pair = "", ...attributes] = line.split(";");
      const isOver = attributes.some((attribute) => /^\s*max-age=0*$/i.test(attribute));
      this.#remember(isOver ? `${pair.split("=")[0]}=` : pair);
    }
  }

  #ownHeaders() {
    const pairs = [...this.#cookies].map(([name, value]) => `${name}=${value}`);
    return { ...this.#headers, ...(pairs.length > 0 ? { Cookie: pairs.join("; ") } : {}) };
  }

  /** An error that `getToken` throws synchronously is a rejection, too. */
  async #fetchToken() {
    return this.#getToken?.() ?? "";
  }

  /**
   * @returns {Promise<string | null>} null: there are no tokens here
   * @throws {CallFailed} with the code `no_token`
   */
  async #currentToken() {
    if (this.#getToken === undefined) return null;
    this.#token ??= this.#fetchToken();
    const fetching = this.#token;
    try {
      return await fetching;
    } catch (error) {
      if (this.#token === fetching) this.#token = null;
      throw new CallFailed(0, "no_token", `getToken failed: ${error}`);
    }
  }

  /** @param {string} pair `name=value`; without a value it is forgotten */
  #remember(pair) {
    const at = pair.indexOf("=");
    if (at < 1) return;
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (value === "") this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}
