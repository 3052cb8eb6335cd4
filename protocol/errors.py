"""Error codes with their texts, and the reasons for which a connection is closed.

Guarantees: a code never changes its meaning once published. Must not know: any dialect's spelling.

    WireError        a malformed frame or body; the peer gets the error, the connection stays open
    CloseReason      the peer broke the protocol or a bound, or the connection has to end
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from protocol.model import Refusal


class ErrorCode(StrEnum):
    """Machine-readable companion of every error text, the same in all dialects and over REST."""

    INVALID_JSON = "invalid_json"
    INVALID_FRAME = "invalid_frame"
    UNKNOWN_TYPE = "unknown_type"
    INVALID_FIELD = "invalid_field"
    CONTENT_EMPTY = "content_empty"
    CONTENT_TOO_LONG = "content_too_long"
    CONTENT_INVALID = "content_invalid"
    RECIPIENT_NOT_FOUND = Refusal.RECIPIENT_NOT_FOUND.value
    CANNOT_MESSAGE_SELF = Refusal.CANNOT_MESSAGE_SELF.value
    NOT_ALLOWED = Refusal.NOT_ALLOWED.value
    KEY_CONFLICT = Refusal.KEY_CONFLICT.value
    CHANNEL_NOT_FOUND = Refusal.CHANNEL_NOT_FOUND.value
    NOT_A_MEMBER = Refusal.NOT_A_MEMBER.value
    READ_ONLY = Refusal.READ_ONLY.value
    NOT_JOINED = "not_joined"
    RATE_LIMITED = "rate_limited"
    HISTORY_UNAVAILABLE = "history_unavailable"
    MESSAGE_NOT_FOUND = "message_not_found"
    NOT_YOURS = "not_yours"
    TOO_LATE = "too_late"
    TOO_MANY_REACTIONS = "too_many_reactions"
    NO_EMOJI = "no_emoji"
    CONVERSATION_NOT_FOUND = "conversation_not_found"
    STAFF_ONLY = "staff_only"
    LOOKUP_FAILED = "lookup_failed"
    LOGIN_ENDED = "login_ended"
    ASSISTANT_UNAVAILABLE = "assistant_unavailable"
    UNSTORABLE = Refusal.UNSTORABLE.value
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


ERROR_TEXTS: Final[dict[ErrorCode, str]] = {
    ErrorCode.INVALID_JSON: "Invalid JSON payload.",
    ErrorCode.INVALID_FRAME: 'A frame must be a JSON object with a string "type".',
    ErrorCode.UNKNOWN_TYPE: "Unknown event type.",
    ErrorCode.INVALID_FIELD: "A field is missing or has the wrong type.",
    ErrorCode.CONTENT_EMPTY: "Message content cannot be empty",
    ErrorCode.CONTENT_TOO_LONG: "Message content is too long",
    ErrorCode.CONTENT_INVALID: "Message content must be valid text without NUL",
    ErrorCode.RECIPIENT_NOT_FOUND: "Recipient not found",
    ErrorCode.CANNOT_MESSAGE_SELF: "You cannot message yourself",
    ErrorCode.NOT_ALLOWED: "You are not allowed to message this user",
    ErrorCode.KEY_CONFLICT: "This key was already used for another message",
    ErrorCode.CHANNEL_NOT_FOUND: "Channel not found.",
    ErrorCode.NOT_A_MEMBER: "You are not a member of this workspace.",
    ErrorCode.READ_ONLY: "You may read here, but not write.",
    ErrorCode.NOT_JOINED: "Join the channel before sending messages.",
    ErrorCode.RATE_LIMITED: "You are sending messages too fast. Please wait.",
    ErrorCode.HISTORY_UNAVAILABLE: "Failed to fetch message history",
    ErrorCode.MESSAGE_NOT_FOUND: "Message not found",
    ErrorCode.NOT_YOURS: "Only its author may do this",
    ErrorCode.TOO_LATE: "This message can no longer be edited",
    ErrorCode.TOO_MANY_REACTIONS: "This message has too many different reactions",
    ErrorCode.NO_EMOJI: "A reaction is one emoji",
    ErrorCode.CONVERSATION_NOT_FOUND: "Conversation not found",
    ErrorCode.STAFF_ONLY: "Only teachers may do this",
    ErrorCode.LOGIN_ENDED: "Unauthorized",
    ErrorCode.LOOKUP_FAILED: "This cannot be looked up now, please try again",
    ErrorCode.ASSISTANT_UNAVAILABLE: "The assistant cannot answer now",
    ErrorCode.UNSTORABLE: "This message cannot be stored",
    ErrorCode.UNAVAILABLE: "The service is temporarily unavailable, please try again",
    ErrorCode.INTERNAL: "Internal error",
}

REFUSAL_CODES: Final[Mapping[Refusal, ErrorCode]] = {
    Refusal.RECIPIENT_NOT_FOUND: ErrorCode.RECIPIENT_NOT_FOUND,
    Refusal.CANNOT_MESSAGE_SELF: ErrorCode.CANNOT_MESSAGE_SELF,
    Refusal.NOT_ALLOWED: ErrorCode.NOT_ALLOWED,
    Refusal.KEY_CONFLICT: ErrorCode.KEY_CONFLICT,
    Refusal.CHANNEL_NOT_FOUND: ErrorCode.CHANNEL_NOT_FOUND,
    Refusal.NOT_A_MEMBER: ErrorCode.CHANNEL_NOT_FOUND,
    Refusal.READ_ONLY: ErrorCode.READ_ONLY,
    Refusal.PARENT_NOT_FOUND: ErrorCode.INVALID_FIELD,
    Refusal.ORIGINAL_NOT_FOUND: ErrorCode.MESSAGE_NOT_FOUND,
    Refusal.FILE_NOT_FOUND: ErrorCode.INVALID_FIELD,
    Refusal.UNSTORABLE: ErrorCode.UNSTORABLE,
}
"""The code that a client sees when its message was not stored."""

REFUSAL_TEXTS: Final[Mapping[Refusal, str]] = {
    **{refusal: ERROR_TEXTS[code] for refusal, code in REFUSAL_CODES.items()},
    Refusal.PARENT_NOT_FOUND: "There is no such message to reply to",
    Refusal.FILE_NOT_FOUND: "There is no such file",
}
"""The text shown for each refusal."""

TOO_MANY_CONNECTIONS: Final = "You have too many connections"
TOO_OFTEN: Final = "You are doing this too often, please wait"
MAY_NOT_CHANGE: Final = "You are not allowed to do this to this message"
CONVERSATION_CLOSED: Final = "You can no longer see this conversation"
NO_LONGER_MEMBER: Final = "You are no longer a member"
CHANNEL_DELETED: Final = "This channel was deleted"


class WireError(Exception):
    """A frame or body that is malformed. Its sender gets the error; a connection stays open.

    Args:
        code: the stable code.
        text: what a person reads; defaults to the catalogue's text. Nothing parses it.
        key: the client's idempotency key, if it could be read from the frame.
        field: the name of the field at fault, as the client spells it, with dots where it is
            nested (`message.content`); None: the frame or body as a whole.
    """

    def __init__(
        self,
        code: ErrorCode,
        text: str | None = None,
        *,
        key: str | None = None,
        field: str | None = None,
    ) -> None:
        self.code = code
        self.text = text or ERROR_TEXTS[code]
        self.key = key
        self.field = field
        super().__init__(self.text)


@frozen
class CloseReason:
    """Why a WebSocket is closed: status code (RFC 6455 section 7.4) and a text of <= 123 bytes.

    `reconnect`: whether a new connection may succeed.
    """

    code: int
    text: str
    reconnect: bool = field(default=True)


GOING_AWAY: Final = CloseReason(1001, "Server shutting down")
PROTOCOL_ERROR: Final = CloseReason(1002, "Protocol error", reconnect=False)
BINARY_REFUSED: Final = CloseReason(1003, "Text frames only", reconnect=False)
INVALID_UTF8: Final = CloseReason(1007, "Invalid UTF-8", reconnect=False)
INVALID_COMPRESSION: Final = CloseReason(1007, "Invalid compression", reconnect=False)
FLOODED: Final = CloseReason(1008, "Too many frames")
FRAME_TOO_BIG: Final = CloseReason(1009, "Frame too big", reconnect=False)
INTERNAL_ERROR: Final = CloseReason(1011, "Internal error")
START_OVER: Final = CloseReason(1012, "Come back and resume")
TRY_AGAIN: Final = CloseReason(1013, "Try again later")
KICKED: Final = CloseReason(4003, "Disconnected by the operator", reconnect=False)
TOO_SLOW: Final = CloseReason(4008, "Too slow, reconnect and resume")
SESSION_ENDED: Final = CloseReason(4001, "Session ended", reconnect=False)
