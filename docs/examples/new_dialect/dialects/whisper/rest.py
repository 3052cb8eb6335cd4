"""REST of `/whisper`: how it spells errors. Must not know: HTTP, sessions, the store."""

from typing import Final, TypedDict

from protocol.dialect import SESSION_COOKIE
from protocol.rest import RestDialect


class ErrorObject(TypedDict):
    """An error."""

    no: str
    because: str


def _error(_: int, text: str, code: str) -> ErrorObject:
    return {"no": code, "because": text}


REST: Final = RestDialect(
    "whisper",
    SESSION_COOKIE,
    _error,
    unauthorized=_error(401, "There is no live session", "not_signed_in"),
)
