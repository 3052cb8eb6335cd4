"""Keeps secrets out of everything that people or log files see.

Guarantees: a `Secret` shows its text only to code that calls `reveal`, so it may be printed, logged
or stand in a traceback. `redact` masks passwords in text that others wrote, such as the message of
an exception, and values of URL parameters that are not known to be harmless.
Must not know: which settings are secret.
"""

import re
from typing import Final
from urllib.parse import urlsplit

MASK: Final = "***"

_USERINFO: Final = re.compile(r"(?<=://)\S{1,512}@")  # greedy: a password may hold an "@" itself
_PASSWORD: Final = re.compile(
    r"""((?:password|passwd|secret)['"]?\s*=\s*)"""
    r"""('[^']{0,512}'|"[^"]{0,512}"|[^\s&'",;)}\]]+)""",
    re.IGNORECASE,
)
_QUERY: Final = re.compile(r"""(://[^\s?'"]{0,2048}\?)([^\s'"]+)""")
_PARAMETER: Final = re.compile("[^&;]+")
_HARMLESS: Final = frozenset(
    {
        "api-version",
        "application_name",
        "connect_timeout",
        "database",
        "dbname",
        "host",
        "port",
        "sslmode",
        "sslrootcert",
        "target_session_attrs",
        "user",
    }
)
"""The parameters of URLs whose values are shown. Any other may hold a secret."""


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
    """The text of a secret; None if there is none."""
    return None if secret is None else secret.reveal()


def redact(text: str) -> str:
    """`text` with what may be a password masked: in URLs, and after `password=`."""
    without_users = _USERINFO.sub(f"{MASK}@", text)
    without_values = _QUERY.sub(lambda url: url[1] + _redact_query(url[2]), without_users)
    return _PASSWORD.sub(rf"\1{MASK}", without_values)


def redact_url(url: str) -> str:
    """A URL without user information, and with the values of harmless query parameters only."""
    parts = urlsplit(url)
    _, at, host = parts.netloc.rpartition("@")
    query = _redact_query(parts.query)
    shown = f"{parts.scheme}://{MASK + at if at else ''}{host}{parts.path}"
    return f"{shown}?{query}" if query else shown


def _redact_query(query: str) -> str:
    return _PARAMETER.sub(_redact_parameter, query)


def _redact_parameter(parameter: "re.Match[str]") -> str:
    name, equals, value = parameter[0].partition("=")
    if name in _HARMLESS and "=" not in value:
        return parameter[0]
    return f"{name}={MASK}" if equals else MASK
