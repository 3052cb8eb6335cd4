"""The texts of errors for which Socket.IO's clients expect their own.

See docs/dialects/channel_messages.md#errors; `protocol.errors` has the others.
"""

from collections.abc import Mapping
from typing import Final

from protocol.errors import ErrorCode

INVALID: Final = "Invalid message format"
UNAUTHORIZED: Final = "Unauthorized"

TEXTS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.INVALID_FIELD: INVALID,
    ErrorCode.INVALID_FRAME: INVALID,
    ErrorCode.CONTENT_EMPTY: INVALID,
    ErrorCode.CONTENT_TOO_LONG: INVALID,
    ErrorCode.CONTENT_INVALID: INVALID,
    ErrorCode.CHANNEL_NOT_FOUND: UNAUTHORIZED,
    ErrorCode.NOT_A_MEMBER: UNAUTHORIZED,
    ErrorCode.NOT_A_PARTICIPANT: UNAUTHORIZED,
    ErrorCode.NOT_ALLOWED: UNAUTHORIZED,
    ErrorCode.RATE_LIMITED: "Too many messages, please slow down.",
}
