/** @import { ClientEvent, ClientEvents, ClientEventTarget } from "./parlour.js" */

/** @type {Record<keyof ClientEvents, true>} */
const NAMES = {
  status: true,
  message: true,
  changed: true,
  typing: true,
  presence: true,
  mention: true,
  read: true,
  delivered: true,
  pinned: true,
  thread: true,
  noted: true,
  hidden: true,
  channels: true,
  invitations: true,
  revoked: true,
  reset: true,
  request: true,
  announcement: true,
  queue: true,
  problem: true,
};

/**
 * Every event of a client as an async iterator, in order, until `return` is called on it.
 * @param {ClientEventTarget} target
 * @returns {AsyncGenerator<ClientEvent, never, void>}
 */
export async function* eventStream(target) {
  /** @type {ClientEvent[]} */
  const waiting = [];
  /** @type {(value?: undefined) => void} */
  let wake = () => undefined;
  /** @param {CustomEvent} event */
  const receive = (event) => {
    waiting.push(/** @type {ClientEvent} */ (event));
    wake();
  };
  const arrival = () =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const names = /** @type {(keyof ClientEvents)[]} */ (Object.keys(NAMES));
  for (const name of names) target.addEventListener(name, receive);
  try {
    while (true) {
      const next = waiting.shift();
      if (next) yield next;
      // biome-ignore lint/performance/noAwaitInLoops: one event after the other
      else await arrival();
    }
  } finally {
    for (const name of names) target.removeEventListener(name, receive);
  }
}
