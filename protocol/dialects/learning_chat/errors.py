"""The texts of errors for which clients of `/ws/chat` expect their own.

See docs/dialects/learning_chat.md#errors; `protocol.errors` has the others.
"""

from collections.abc import Mapping
from typing import Final

from protocol.errors import ErrorCode

NOT_SAVED: Final = "Failed to save message."

TEXTS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.INVALID_FRAME: "Unknown event type: undefined",
    ErrorCode.NOT_ALLOWED: NOT_SAVED,
    ErrorCode.STAFF_ONLY: "Only teachers can pin messages.",
    ErrorCode.KEY_CONFLICT: NOT_SAVED,
    ErrorCode.UNSTORABLE: NOT_SAVED,
    ErrorCode.UNAVAILABLE: NOT_SAVED,
}
