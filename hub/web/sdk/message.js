/** Messages as the page sees them, from the hub's frames and from the outbox. */

/** How far a message of one's own has come. */
export const Status = Object.freeze({
  SENDING: "sending",
  SENT: "sent",
  READ: "read",
  FAILED: "failed",
});

/**
 * A message that the hub has stored.
 * @param {object} raw as in a frame or over REST
 * @param {number} me who looks at it
 */
export function stored(raw, me) {
  const isMine = raw.sender_id === me;
  return {
    id: raw.id,
    seq: raw.seq,
    key: raw.client_id ?? null,
    peer: isMine ? raw.recipient_id : raw.sender_id,
    isMine,
    content: raw.content,
    at: raw.created_at,
    status: raw.is_read ? Status.READ : Status.SENT,
    failure: null,
  };
}

/** A message in the outbox. */
export function pending(entry) {
  return {
    id: null,
    seq: null,
    key: entry.key,
    peer: entry.peer,
    isMine: true,
    content: entry.content,
    at: entry.at,
    status: entry.failure === null ? Status.SENDING : Status.FAILED,
    failure: entry.failure,
  };
}
