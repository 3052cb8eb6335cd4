"""The dialect that a REST call means.

Guarantees: for a path that several dialects serve, a mount prefix decides, then a bearer token,
the cookie, the shape of the body, and the default; see docs/dialects/README.md#rest-selection.
Must not know: any dialect, any endpoint.
"""

from collections.abc import Collection

from starlette.requests import Request

from hub.http.responses import JSON
from protocol.errors import WireError
from protocol.parsing.jsontext import parse_object
from protocol.rest import RestDialect
from protocol.websocket.handshake import Head


def head_of(request: Request) -> Head:
    """The headers, parsed like those of an upgrade: two parsers could find two different users."""
    return Head(b"", b"", b"", tuple(request.headers.raw))


def bearer_token(request: Request) -> str | None:
    """The token in `Authorization: Bearer`, or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def choose(
    candidates: Collection[RestDialect], request: Request, default: str, *, may_read: bool
) -> RestDialect:
    """The dialect that a request to a shared path means.

    Args:
        candidates: the dialects that claim the path; at least one.
        request: its body is read when its headers do not decide.
        default: the name of the dialect that is chosen when nothing else decides.
        may_read: whether a JSON body may be read, although the peer is not authenticated yet.
    """
    by_bearer = [each for each in candidates if each.cookie is None]
    if by_bearer and bearer_token(request) is not None:
        return by_bearer[0]
    cookies = head_of(request).cookies()
    by_cookie = [each for each in candidates if each.cookie in cookies]
    if len(by_cookie) == 1:
        return by_cookie[0]
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        body = parse_object(await request.body() if may_read and kind == JSON.media_type else b"")
    except WireError:
        body = {}
    by_body = [each for each in candidates if each.claims(body)]
    if len(by_body) == 1:
        return by_body[0]
    by_name = {each.name: each for each in candidates}
    with_cookie = [each for each in candidates if each.cookie is not None]  # no token was sent
    return by_name.get(default) or next(iter(with_cookie or candidates))
