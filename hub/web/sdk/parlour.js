/** Clients for Parlour, for browsers and Node: private messages, and channels of workspaces. */

// biome-ignore-all lint/performance/noBarrelFile: this is the SDK's one entry

export { Connection, Reason } from "./connection/status.js";
export { ChannelsClient } from "./dialects/learning_chat.js";
export { ParlourClient } from "./dialects/private_messages.js";
export { CallFailed, ParlourError, UsageError } from "./errors.js";
export { Kind, Status } from "./messages/message.js";
