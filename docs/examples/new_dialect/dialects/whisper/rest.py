"""REST of `/whisper`: how it spells errors. Must not know: HTTP, sessions, the store."""

from collections.abc import Mapping
from typing import Final

from protocol.dialect import SESSION_COOKIE
from protocol.rest import RestDialect


def _error(_: int, text: str, code: str) -> Mapping[str, object]:
    return {"no": code, "because": text}


REST: Final = RestDialect(
    "whisper",
    SESSION_COOKIE,
    _error,
    unauthorized=_error(401, "There is no live session", "not_signed_in"),
)
