"""The texts of errors for which clients of the messenger expect their own.

See docs/dialects/messenger.md#errors; `protocol.errors` has the others.
"""

from collections.abc import Mapping
from typing import Final

from protocol.errors import ErrorCode

NOT_SENT: Final = "Failed to send message"
INVALID: Final = "Invalid message format"

TEXTS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.INVALID_JSON: INVALID,
    ErrorCode.INVALID_FRAME: INVALID,
    ErrorCode.RECIPIENT_NOT_FOUND: NOT_SENT,
    ErrorCode.CANNOT_MESSAGE_SELF: NOT_SENT,
    ErrorCode.NOT_ALLOWED: NOT_SENT,
    ErrorCode.KEY_CONFLICT: NOT_SENT,
    ErrorCode.UNSTORABLE: NOT_SENT,
    ErrorCode.UNAVAILABLE: NOT_SENT,
}
