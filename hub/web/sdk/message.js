/** What messages have in common, whatever dialect they came in. */

/** How far a message of one's own has come. */
export const Status = Object.freeze({
  SENDING: "sending",
  SENT: "sent",
  DELIVERED: "delivered",
  READ: "read",
  FAILED: "failed",
});

/** How a message is to be shown. */
export const Kind = Object.freeze({ TEXT: "text", FILE: "file", IMAGE: "image" });

/** A message in the outbox. */
export function pending({ key, place, content, kind, fileUrl, parentId, at, failure }) {
  return {
    id: null,
    seq: null,
    key,
    place,
    author: null,
    authorName: null,
    isMine: true,
    content,
    kind,
    fileUrl,
    parentId,
    at,
    status: failure === null ? Status.SENDING : Status.FAILED,
    failure,
  };
}
