"""The codes and texts of errors for which Socket.IO's clients expect their own.

See docs/dialects/channel_messages.md#errors; `protocol.errors` has the others.
"""

from collections.abc import Mapping
from typing import Final

from attrs import evolve

from protocol.errors import ERROR_TEXTS, ErrorCode
from protocol.events import Refused

INVALID: Final = "Invalid message format"
UNAUTHORIZED: Final = "Unauthorized"

TEXTS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.INVALID_FIELD: INVALID,
    ErrorCode.INVALID_FRAME: INVALID,
    ErrorCode.CONTENT_EMPTY: INVALID,
    ErrorCode.CONTENT_TOO_LONG: INVALID,
    ErrorCode.CONTENT_INVALID: INVALID,
    ErrorCode.NOT_A_MEMBER: UNAUTHORIZED,
    ErrorCode.NOT_ALLOWED: UNAUTHORIZED,
    ErrorCode.RATE_LIMITED: "Too many messages, please slow down.",
}

_CODES: Final[Mapping[ErrorCode, ErrorCode]] = {
    # a channel that is not there is shown like one that the user may not see
    ErrorCode.CHANNEL_NOT_FOUND: ErrorCode.NOT_A_MEMBER,
}


def shown_refusal(refused: Refused) -> Refused:
    """A refusal with the code and the text of this dialect."""
    code = _CODES.get(refused.code, refused.code)
    text = refused.text if code is refused.code else ERROR_TEXTS[code]
    return evolve(refused, code=code, text=TEXTS.get(code, text))
