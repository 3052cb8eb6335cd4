import { Connection } from "../../sdk/parlour.js";

/** @import { AnyClient } from "./conversation.js" */

/**
 * Call when a client has a connection again: what could not be loaded meanwhile can be.
 * @param {AnyClient} client
 * @param {() => void} act
 * @param {AbortSignal} signal ends it
 */
export function onConnected(client, act, signal) {
  const changed = (/** @type {{ detail: { status: string } }} */ { detail: { status } }) => {
    if (status === Connection.ONLINE || status === Connection.POLLING) act();
  };
  client.addEventListener("status", changed, { signal });
}
