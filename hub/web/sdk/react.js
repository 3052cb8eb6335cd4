/** Hooks for React, for both clients: the entry `parlour-client/react`. */

// biome-ignore-all lint/performance/noBarrelFile: this is an entry of the package

export { useConnection, useMe, useMessages, useQueued, useStatus, useTypists } from "./hooks.js";
