"""Headers that every response has: what browsers must not do with it.

Guarantees: a response is what its type says, is no part of a page of another origin unless that
asked by CORS, and its address is told to nobody; over TLS a browser comes back by TLS alone. What
an endpoint says itself stays. Must not know: what is served.
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
"""For a year this host is opened by TLS (RFC 6797). Browsers take it by TLS alone."""

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
