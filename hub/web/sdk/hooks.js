/**
 * Hooks for React 18 and later, for both clients. A hook returns the same object until it changes.
 * In StrictMode, where effects run twice, there is still one connection.
 */

import { useEffect, useSyncExternalStore } from "react";

/**
 * @import { Client, ConversationId } from "./parlour.js"
 */

/**
 * Keep the client connected while the component is mounted; used by one component for each client.
 * @param {Client<unknown>} client
 */
export function useConnection(client) {
  useEffect(() => {
    void client.connect();
    return () => client.close();
  }, [client]);
  return useStatus(client);
}

/**
 * The state of the connection, which another component keeps open.
 * @param {Client<unknown>} client
 */
export function useStatus(client) {
  return useSnapshot(client, () => client.state);
}

/**
 * The user who is signed in; null while that is not known.
 * @template Me
 * @param {Client<Me>} client
 */
export function useMe(client) {
  return useSnapshot(client, () => client.me);
}

/**
 * The messages of a conversation that are known here. `loadOlder` makes more of them known.
 * @param {Client<unknown>} client
 * @param {ConversationId} conversationId
 */
export function useMessages(client, conversationId) {
  return useSnapshot(client, () => client.messages(conversationId));
}

/**
 * The users who type in a conversation.
 * @param {Client<unknown>} client
 * @param {ConversationId} conversationId
 */
export function useTypists(client, conversationId) {
  return useSnapshot(client, () => client.typists(conversationId));
}

/**
 * How many messages wait to be confirmed.
 * @param {Client<unknown>} client
 */
export function useQueued(client) {
  return useSnapshot(client, () => client.queued);
}

/**
 * @template Snapshot
 * @param {Client<unknown>} client
 * @param {() => Snapshot} read
 * @returns {Snapshot}
 */
function useSnapshot(client, read) {
  return useSyncExternalStore(client.subscribe, read, read);
}
