"""Keeps secrets out of everything that people or log files see.

Guarantees: a `Secret` shows its text only to code that calls `reveal`, so it may be printed, logged
or stand in a traceback. `redact` masks passwords in text that others wrote, such as the message of
an exception. Must not know: which settings are secret.
"""

import re
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

MASK: Final = "***"

_USERINFO: Final = re.compile(r"(?<=://)\S{1,512}@")  # greedy: a password may hold an "@" itself
_PASSWORD: Final = re.compile(
    r"""((?:password|passwd|secret)['"]?\s*=\s*)"""
    r"""('[^']{0,512}'|"[^"]{0,512}"|[^\s&'",;)}\]]+)""",
    re.IGNORECASE,
)
_SECRET_PARAMETER: Final = re.compile("pass|secret|token|key", re.IGNORECASE)


class Secret:
    """A text that is not shown by accident.

    Args:
        text: what is secret.
        shown: what stands for it in output.
    """

    __slots__ = ("_shown", "_text")

    def __init__(self, text: str, shown: str = "(set)") -> None:
        self._text = text
        self._shown = shown

    def reveal(self) -> str:
        """The text, for the code that needs it."""
        return self._text

    def __repr__(self) -> str:
        return self._shown

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)


def revealed(secret: Secret | None) -> str | None:
    """The text of a secret that need not be there."""
    return None if secret is None else secret.reveal()


def redact(text: str) -> str:
    """`text` with what looks like a password masked: in URLs, and after `password=`."""
    return _PASSWORD.sub(rf"\1{MASK}", _USERINFO.sub(f"{MASK}@", text))


def redact_url(url: str) -> str:
    """A URL without user information and without the values of secret query parameters."""
    parts = urlsplit(url)
    _, at, host = parts.netloc.rpartition("@")
    query = urlencode(
        [
            (name, MASK if _SECRET_PARAMETER.search(name) else value)
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ],
        safe="*/:,",
    )
    shown = f"{parts.scheme}://{MASK + at if at else ''}{host}{parts.path}"
    return f"{shown}?{query}" if query else shown
