"""The head of an HTTP request, and whether it may become a WebSocket (RFC 6455 section 4.2.1).

Guarantees: nothing in a head raises anything but `HandshakeError`, which names the status of the
response.
Must not know: sockets, sessions, which paths exist.
"""

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Final, TypeAlias
from urllib.parse import SplitResult, parse_qsl, urlsplit

from attrs import frozen

Header = tuple[bytes, bytes]
Cookies: TypeAlias = Mapping[str, Sequence[str]]
"""The values of each cookie in the order in which they were sent. A browser that has several of one
name, for different paths or a parent domain, sends the one with the longest path first.
"""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_KEY_BYTES: Final = 16
_BEARER: Final = b"bearer "
_OFFERED_TOKEN: Final = b"parlour.bearer."

SUBPROTOCOL: Final = "parlour"
"""Selected if it is offered: a browser that offers any insists that one is selected."""
HOST_PREFIX: Final = "__Host-"
"""The prefix of names of cookies that only this host, over TLS, can have set."""
_OF_ANOTHER_SITE: Final = (b"cross-site", b"same-site")


class HandshakeError(Exception):
    """An upgrade request that is refused with an HTTP error."""

    def __init__(self, status: HTTPStatus, text: str, headers: tuple[Header, ...] = ()) -> None:
        self.status = status
        self.text = text
        self.headers = headers
        super().__init__(text)


@frozen
class Head:
    """A request's first line and headers. Names are lower case, values without outer spaces."""

    method: bytes
    target: bytes
    http_version: bytes
    headers: tuple[Header, ...]

    @property
    def path(self) -> str:
        """The target without its query; dialects claim whole paths."""
        return self.target.partition(b"?")[0].decode("ascii", "replace")

    @property
    def query(self) -> dict[str, str]:
        """The target's parameters; the last of a name wins."""
        query = self.target.partition(b"?")[2].decode("ascii", "replace")
        return dict(parse_qsl(query, keep_blank_values=True))

    def all(self, name: bytes) -> list[bytes]:
        """The values of every header of that (lower-case) name."""
        return [value for key, value in self.headers if key == name]

    def header(self, name: bytes) -> bytes | None:
        """The first value of that (lower-case) name."""
        return next(iter(self.all(name)), None)

    def has_token(self, name: bytes, token: bytes) -> bool:
        """Whether a comma-separated header contains `token`, in any case."""
        return any(
            part.strip().lower() == token for value in self.all(name) for part in value.split(b",")
        )

    @property
    def bearer(self) -> str:
        """The token in `Authorization: Bearer`; empty when there is none."""
        value = self.header(b"authorization") or b""
        is_bearer = value[: len(_BEARER)].lower() == _BEARER
        return value[len(_BEARER) :].strip().decode("latin-1") if is_bearer else ""

    @property
    def offered_token(self) -> str:
        """The token among the subprotocols, where browsers can put one; or empty."""
        offered = b",".join(self.all(b"sec-websocket-protocol")).split(b",")
        found = [each.strip() for each in offered if each.strip().startswith(_OFFERED_TOKEN)]
        return found[0].removeprefix(_OFFERED_TOKEN).decode("latin-1") if found else ""

    def cookies(self) -> Cookies:
        """Cookies by exact name; junk is skipped. A cookie with the prefix `__Host-` is returned
        without the prefix, and replaces those of that name that other hosts could have set.
        """
        found: dict[str, list[str]] = {}
        for value in self.all(b"cookie"):
            for pair in value.decode("latin-1").split(";"):
                name, equals, content = pair.strip().partition("=")
                if equals:
                    found.setdefault(name.strip(), []).append(content.strip().strip('"'))
        for name in [each for each in found if each.startswith(HOST_PREFIX)]:
            found[name.removeprefix(HOST_PREFIX)] = found.pop(name)
        return found


def wants_upgrade(head: Head) -> bool:
    """Whether a request asks for a WebSocket, correctly or not."""
    return head.has_token(b"upgrade", b"websocket")


def check_upgrade(head: Head) -> None:
    """Refuse what violates RFC 6455 section 4.2.1, and what the next parser could not read.

    Raises:
        HandshakeError: 400, 405, 426 or 505 with a text for people.
    """
    if head.method != b"GET":
        raise HandshakeError(
            HTTPStatus.METHOD_NOT_ALLOWED, "A WebSocket is opened with GET", ((b"Allow", b"GET"),)
        )
    if head.http_version != b"1.1":
        raise HandshakeError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "A WebSocket needs HTTP/1.1")
    if not all(value.isascii() for _, value in head.headers) or not head.target.isascii():
        raise HandshakeError(HTTPStatus.BAD_REQUEST, "Headers must be ASCII")
    if len(head.all(b"host")) != 1:
        raise HandshakeError(HTTPStatus.BAD_REQUEST, "Exactly one Host header is needed")
    if not head.has_token(b"connection", b"upgrade"):
        raise HandshakeError(HTTPStatus.BAD_REQUEST, "Connection must say Upgrade")
    if head.all(b"sec-websocket-version") != [b"13"]:
        raise HandshakeError(
            HTTPStatus.UPGRADE_REQUIRED,
            "Only WebSocket version 13 is spoken here",
            ((b"Sec-WebSocket-Version", b"13"), (b"Upgrade", b"websocket")),
        )
    if not _is_key(head.all(b"sec-websocket-key")):
        raise HandshakeError(HTTPStatus.BAD_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base64")
    if head.header(b"content-length") not in (None, b"0") or head.all(b"transfer-encoding"):
        raise HandshakeError(HTTPStatus.BAD_REQUEST, "An upgrade request has no body")


def _is_key(values: list[bytes]) -> bool:
    try:
        return len(values) == 1 and len(base64.b64decode(values[0], validate=True)) == _KEY_BYTES
    except binascii.Error:
        return False


def origin_allowed(head: Head, allowed: Collection[str], scheme: str) -> bool:
    """Whether a browser page of this origin may use the server with its user's cookies.

    Args:
        head: the request.
        allowed: origins beside the server's own, e.g. `https://app.example`.
        scheme: "http" or "https": how the server was reached.

    A request without Origin is of no browser, a browser's GET from the same origin, or a GET whose
    response no page can read, such as a picture's. The last kind could still change state; browsers
    mark it with Sec-Fetch-Site, but not over plain HTTP (https://www.w3.org/TR/fetch-metadata/).
    """
    origins = head.all(b"origin")
    if not origins:
        return head.header(b"sec-fetch-site") not in _OF_ANOTHER_SITE
    if len(origins) > 1:
        return False
    origin = _normal(origins[0].decode("latin-1"))
    if origin is None:
        return False
    own = _normal(f"{scheme}://{(head.header(b'host') or b'').decode('latin-1')}")
    return origin == own or origin in {_normal(entry) for entry in allowed}


def _normal(origin: str) -> tuple[str, str, int] | None:
    """(scheme, host, port) of an origin, or None if it is none."""
    try:
        parts: SplitResult = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or not parts.hostname or parts.username is not None:
        return None
    if parts.path or parts.query or parts.fragment:
        return None
    return parts.scheme, parts.hostname, port or default


def request_bytes(head: Head) -> bytes:
    """The head as it goes over the wire, for a parser that wants to read it itself."""
    lines = [b"%s %s HTTP/%s" % (head.method, head.target, head.http_version)]
    lines += [b"%s: %s" % header for header in head.headers]
    return b"\r\n".join((*lines, b"", b""))
