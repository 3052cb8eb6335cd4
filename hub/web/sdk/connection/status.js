/** The states of a connection, and their reasons. */

/** The values of `client.status`. */
export const Connection = Object.freeze({
  IDLE: "idle",
  CONNECTING: "connecting",
  ONLINE: "online",
  WAITING: "waiting",
  POLLING: "polling",
  SIGNED_OUT: "signed-out",
});

/** Why it is not online: `client.state.reason`. */
export const Reason = Object.freeze({
  CLOSED: "closed", // `close` was called
  UNREACHABLE: "unreachable", // the server could not be reached
  REFUSED: "refused", // it was reached, and responded with an error
  LOST: "lost", // the connection broke
  SILENT: "silent", // no reply came in time
  BUSY: "busy", // the hub could not take a message now
  BLOCKED: "blocked", // WebSockets do not get through
  NOT_SIGNED_IN: "not-signed-in", // there is no session
  SESSION_ENDED: "session-ended", // it has ended, whoever ended it
  SIGNED_OUT: "signed-out", // `signOut` was called
  KICKED: "kicked", // the operator closed it; the client does not connect again by itself
});
