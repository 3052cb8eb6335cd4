/** What `client.status` may be. */
export const Connection = Object.freeze({
  IDLE: "idle",
  CONNECTING: "connecting",
  ONLINE: "online",
  WAITING: "waiting",
  POLLING: "polling",
  SIGNED_OUT: "signed-out",
});
