"""The rules for a message's text, the same in every dialect and over REST.

Guarantees: text that passes can be stored by Postgres and sent as UTF-8. Must not know: who
sends it.
"""

import re
from collections.abc import Sequence
from typing import Annotated, TypeAlias

from protocol.errors import ErrorCode, WireError
from protocol.model import PLAIN_KINDS, MessageKind
from protocol.schemas import Keywords

MAX_KEY_CHARS = 255
IdempotencyKey: TypeAlias = Annotated[str, Keywords(minLength=1, maxLength=MAX_KEY_CHARS)]
"""What `check_key` accepts."""
MAX_URL_CHARS = 2_000

KindName: TypeAlias = Annotated[str, Keywords(enum=list(PLAIN_KINDS))]
"""What `check_kind` accepts."""
_SHOWS_SOMETHING = (  # no white space, and no character that is ignored in display, or blank
    r"[^\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]"
)
Content: TypeAlias = Annotated[str, Keywords(pattern=_SHOWS_SOMETHING)]
"""What `check_content` accepts, except for the length limit, which is a setting."""
FileUrl: TypeAlias = Annotated[
    str,
    Keywords(
        pattern=r"^(https?://.*|/uploads(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+)$", maxLength=MAX_URL_CHARS
    ),
]
"""What `check_file_url` accepts."""
_SHOWN = re.compile(f"{_SHOWS_SOMETHING[:-1]}\U000e0000-\U000e0fff]")  # nor tag characters
_URL_PREFIXES = ("http://", "https://")
_UPLOAD = re.compile(r"/uploads(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")  # no `..`, which leads upwards


def check_content(text: str, limit: int, *, field: str = "content") -> str:
    """`text` unchanged: content is stored byte for byte.

    Args:
        text: what the author wrote.
        limit: the longest content allowed, in characters (code points).
        field: where the client wrote it.

    Raises:
        WireError: CONTENT_EMPTY (nothing that can be seen), CONTENT_TOO_LONG or CONTENT_INVALID
            (NUL, which Postgres cannot store, or a lone surrogate, which is no UTF-8).
    """
    if len(text) > limit:
        too_long = f"Message content is longer than {limit} characters"
        raise WireError(ErrorCode.CONTENT_TOO_LONG, too_long, field=field)
    if _SHOWN.search(text) is None:
        raise WireError(ErrorCode.CONTENT_EMPTY, field=field)
    if not is_storable(text):
        raise WireError(ErrorCode.CONTENT_INVALID, field=field)
    return text


def check_key(key: str | None, *, field: str) -> str | None:
    """An idempotency key of 1 to 255 storable characters, or None when none was given.

    Raises:
        WireError: INVALID_FIELD.
    """
    if key is not None and not (1 <= len(key) <= MAX_KEY_CHARS and is_storable(key)):
        text = f"An idempotency key has 1 to {MAX_KEY_CHARS} characters"
        raise WireError(ErrorCode.INVALID_FIELD, text, field=field)
    return key


def is_storable(text: str) -> bool:
    """Whether Postgres takes `text`: no NUL, and encodable as UTF-8."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_kind(
    name: str | None, *, field: str, among: Sequence[MessageKind] = PLAIN_KINDS
) -> MessageKind:
    """How a message is to be presented; text if `name` is None.

    Raises:
        WireError: INVALID_FIELD.
    """
    if name is not None and name not in among:
        *others, last = among
        text = f"{field} must be {', '.join(others)} or {last}"
        raise WireError(ErrorCode.INVALID_FIELD, text, field=field)
    return MessageKind.TEXT if name is None else MessageKind(name)


def check_file_url(url: str | None, *, field: str) -> str | None:
    """The address of a message's file: an upload of this hub, or http(s); None if there is none.

    Other schemes and paths are refused, because clients show addresses as links and load pictures.

    Raises:
        WireError: INVALID_FIELD.
    """
    if url is None:
        return None
    fits = len(url) <= MAX_URL_CHARS and is_storable(url) and url.isprintable()
    if not fits or not (url.startswith(_URL_PREFIXES) or _UPLOAD.fullmatch(url)):
        text = f"{field} must be an upload or http(s)://"
        raise WireError(ErrorCode.INVALID_FIELD, text, field=field)
    return url
