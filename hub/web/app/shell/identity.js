/**
 * The user of this page.
 *
 * What it promises: one person at a time, signed in once for private messages and channels, the same
 * in every tab. A pair of clients belongs to one person and is thrown away with them, so nothing of
 * one person is ever shown to, or sent by, the next. A sign-out takes effect here at once;
 * the server learns of it as soon as it can be reached. It must not know how anything looks.
 */

import { CallFailed, ChannelsClient, Connection, ParlourClient } from "../../sdk/parlour.js";
import { keep, kept, keptNames } from "../dom/storage.js";

/**
 * @import { ConnectionStatus, User } from "../../sdk/parlour.js"
 *
 * @typedef {object} Pair the clients of one person
 * @property {ParlourClient} client
 * @property {ChannelsClient} channels
 * @property {boolean} isRenewing whether channels are being given a new session
 *
 * @typedef {object} Handlers
 * @property {(isReachable: boolean) => void} onWait it is not known yet which user is signed in
 * @property {(note: string) => void} onNobody
 * @property {(pair: Pair, me: User) => void} onPerson
 * @property {(isSignedIn: boolean) => void} onChannels whether the person is signed in to channels too
 */

const PENDING = "parlour.sign-out"; // the storage item: the server does not know of it yet
const RETRY_MS = 5_000;
const HUB = "."; // where this page came from, which behind a proxy may be below a path
/** @type {Set<ConnectionStatus>} */
const LIVE = new Set([Connection.ONLINE, Connection.POLLING]);

export class Identity {
  #handlers;
  /** @type {Pair} */
  #pair;
  /** @type {User | null} */
  #me = null;
  #isLeaving = kept(PENDING) !== null;
  #refusal = ""; // the text to show if there is no session
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  #tabs = "BroadcastChannel" in globalThis ? new BroadcastChannel("parlour.identity") : null;

  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#pair = this.#newPair();
    if (this.#tabs !== null) this.#tabs.onmessage = ({ data }) => this.#changedElsewhere(data);
    globalThis.addEventListener("online", () => void this.#tellServer());
    document.addEventListener("visibilitychange", () => void this.#check());
  }

  /** Find out which user is signed in. */
  async start() {
    if (this.#isLeaving) await this.#leave("");
    else await this.#connect();
  }

  /**
   * @param {string} login
   * @param {string} password
   * @throws {CallFailed}
   */
  async signIn(login, password) {
    await this.#tellServer();
    const account = { email: login, password, all_dialects: true }; // the channels' cookie too
    await this.#pair.client.call("POST", "/api/auth/login", account);
    this.#setLeaving(false); // that session's cookie is gone
    this.#refusal = "This browser did not keep the session: signing in requires cookies.";
    await this.#connect();
    this.#refusal = "";
    this.#tabs?.postMessage({ forget: null });
  }

  /**
   * Leave this page for the provider's, which leads back here.
   * @throws {CallFailed}
   */
  async signInWithProvider() {
    await this.#tellServer();
    const begun = await this.#pair.client.call("POST", "/api/auth/provider");
    this.#setLeaving(false); // the session's cookie will be another
    location.assign(/** @type {{ url: string }} */ (begun).url);
  }

  /** @param {Record<string, string>} account */
  async signUp(account) {
    await this.#pair.client.signUp(account);
  }

  /** Sign out, and forget what was written and not sent. */
  async signOut() {
    const id = this.#me?.id ?? null;
    forget(id);
    this.#setLeaving(true);
    const left = this.#leave("");
    this.#tabs?.postMessage({ forget: id });
    await left;
  }

  /** Show the form again, for a user who is no longer signed in to channels; unsent texts are kept. */
  async signInAgain() {
    this.#setLeaving(true);
    await this.#leave("Sign in again to see your channels.");
  }

  /** @param {{ forget: number | null }} change from another tab */
  #changedElsewhere({ forget: id }) {
    if (this.#me === null && id !== null) return; // here no user is signed in
    this.#replacePair();
    this.#handlers.onWait(true); // the previous user may write nothing more
    if (id !== null) forget(id);
    void this.#connect();
  }

  /** Another user may have signed in without this page noticing. */
  async #check() {
    const { client } = this.#pair;
    if (document.hidden || this.#me === null) return;
    try {
      const found = /** @type {User} */ (await client.call("GET", "/api/auth/session"));
      if (client === this.#pair.client && found.id !== this.#me?.id) {
        this.#changedElsewhere({ forget: null });
      }
    } catch {
      // no connection, which the banner shows; or no session, which the hub reports
    }
  }

  async #connect() {
    const pair = this.#pair;
    const connecting = pair.client.connect();
    void pair.channels.connect();
    await connecting;
    this.#statusChanged(pair);
    if (pair === this.#pair && pair.client.status !== Connection.SIGNED_OUT) {
      this.#become(pair.client.me);
    }
  }

  /** @returns {Pair} */
  #newPair() {
    const pair = {
      client: new ParlourClient({ url: HUB }),
      channels: new ChannelsClient({ url: HUB }),
      isRenewing: false,
    };
    pair.client.addEventListener("status", () => this.#statusChanged(pair));
    pair.channels.addEventListener("status", () => this.#channelsChanged(pair));
    for (const client of [pair.client, pair.channels]) {
      client.addEventListener("reset", () => globalThis.location.reload()); // what is unsent is kept
    }
    return pair;
  }

  #replacePair() {
    const { client, channels } = this.#pair;
    this.#pair = this.#newPair();
    this.#me = null;
    client.close();
    channels.close();
  }

  /** @param {Pair} pair */
  #statusChanged(pair) {
    if (pair !== this.#pair) return;
    const { status, me } = pair.client;
    if (status === Connection.SIGNED_OUT) {
      const note = this.#me === null ? this.#refusal : "You were signed out.";
      this.#replacePair();
      this.#handlers.onNobody(note);
    } else if (LIVE.has(status)) {
      this.#become(me);
    } else if (this.#me === null && me === null) {
      this.#handlers.onWait(status !== Connection.WAITING);
    }
  }

  /** @param {User | null} me as the server says */
  #become(me) {
    if (me === null || me.id === this.#me?.id) return;
    if (this.#me !== null) {
      this.#changedElsewhere({ forget: null });
      return;
    }
    this.#me = me;
    this.#handlers.onPerson(this.#pair, me);
    this.#channelsChanged(this.#pair);
  }

  /**
   * The session of channels may end before the other, or be of a previous user.
   * @param {Pair} pair
   */
  #channelsChanged(pair) {
    if (pair !== this.#pair || this.#me === null) return;
    const { status, me } = pair.channels;
    const isOther = me !== null && me.id !== this.#me.id;
    if (status === Connection.SIGNED_OUT || isOther) void this.#renewChannels(pair);
    else if (LIVE.has(status)) this.#handlers.onChannels(true);
  }

  /** @param {Pair} pair */
  async #renewChannels(pair) {
    if (pair !== this.#pair || pair.isRenewing) return;
    pair.isRenewing = true;
    pair.channels.close();
    let isRefused;
    try {
      await pair.channels.call("POST", "/api/auth/session");
      if (pair === this.#pair) await pair.channels.connect();
      isRefused = pair.channels.status === Connection.SIGNED_OUT;
    } catch (error) {
      isRefused = isFinal(error);
      if (!isRefused) setTimeout(() => void this.#renewChannels(pair), RETRY_MS);
    }
    pair.isRenewing = false;
    if (isRefused && pair === this.#pair) this.#handlers.onChannels(false);
  }

  /** @param {string} note */
  async #leave(note) {
    this.#replacePair();
    this.#handlers.onNobody(note);
    if (await this.#tellServer()) return;
    const text =
      "You are signed out here. The server cannot be reached; it will be notified later.";
    if (this.#me === null && this.#isLeaving) this.#handlers.onNobody(text);
  }

  /** @returns {Promise<boolean>} whether the server has nothing left to learn */
  async #tellServer() {
    if (!this.#isLeaving) return true;
    clearTimeout(this.#retry);
    const { client, channels } = this.#pair;
    const calls = [client, channels].map((each) => each.call("POST", "/api/auth/logout"));
    const outcomes = await Promise.allSettled(calls);
    const isDone = outcomes.every(
      (outcome) => outcome.status === "fulfilled" || isFinal(outcome.reason),
    );
    if (isDone) this.#setLeaving(false);
    else this.#retry = setTimeout(() => void this.#tellServer(), RETRY_MS);
    return isDone;
  }

  /** @param {boolean} isLeaving */
  #setLeaving(isLeaving) {
    this.#isLeaving = isLeaving;
    keep(PENDING, isLeaving ? "yes" : null);
  }
}

/** @param {unknown} reason why the server did not end a session */
function isFinal(reason) {
  return reason instanceof CallFailed && reason.status >= 400 && reason.status < 500;
}

/**
 * What a user has written here and not sent.
 * @param {number} id
 */
export function unsentOf(id) {
  return keptNames(new RegExp(`^parlour\\.(draft|outbox\\.\\w+)\\.${id}\\.`));
}

/** @param {number | null} id whose unsent messages and drafts are forgotten */
function forget(id) {
  if (id !== null) for (const name of unsentOf(id)) keep(name, null);
}
