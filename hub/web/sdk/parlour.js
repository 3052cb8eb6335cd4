/** Clients for Parlour, for browsers and Node: people write to each other, and in channels. */

export { ChannelsClient } from "./channels.js";
export { Connection } from "./connection.js";
export { Kind, Status } from "./message.js";
export { ParlourClient } from "./private.js";
export { CallFailed } from "./rest.js";
