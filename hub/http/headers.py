"""Headers that every response has: they restrict what browsers do with it.

Guarantees: a browser treats a response as its declared type, does not embed it in a page of another
origin unless that asked by CORS, and sends its address to no server as a referrer; over TLS, a
browser comes back by TLS alone. A header that an endpoint sets itself stays. Must not know: what is
served.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

PROTECTING: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
REQUEST_ID: Final = b"x-request-id"
ONLY_TLS: Final = (b"strict-transport-security", b"max-age=31536000")
"""Browsers open this host by TLS alone for a year (RFC 6797). They accept it only over TLS."""

RawHeaders: TypeAlias = Sequence[tuple[bytes, bytes]]


def protecting_headers(*, is_tls: bool) -> RawHeaders:
    """The headers of every response of a server.

    Args:
        is_tls: whether people reach it by TLS.
    """
    return (*PROTECTING, ONLY_TLS) if is_tls else PROTECTING


def with_headers(given: RawHeaders, more: RawHeaders) -> list[tuple[bytes, bytes]]:
    """The headers of a response, and those of `more` that it does not have itself."""
    names = {name.lower() for name, _ in given}
    return [*given, *(header for header in more if header[0] not in names)]
