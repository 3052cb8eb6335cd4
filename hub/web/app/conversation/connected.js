import { Connection } from "../../sdk/parlour.js";

/** @import { AnyClient } from "./conversation.js" */

/**
 * Call `act` when a client has a connection again, to load what could not be loaded meanwhile.
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
