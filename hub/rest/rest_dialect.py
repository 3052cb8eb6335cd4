"""Which dialect a REST call means, and how that dialect spells cookies, fields and errors.

Guarantees: which dialect a request to a shared path means is decided by the rules of
docs/dialects/README.md#rest-selection: an explicit mount prefix, then a bearer token, the cookie,
the shape of the body, and the configured default.
Must not know: any endpoint.
"""

import re
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import Final

from attrs import field, frozen
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hub.http.responses import JSON
from hub.identity.cookies import COOKIE as TOKEN_COOKIE
from protocol.errors import WireError
from protocol.express_session import COOKIE as SIGNED_COOKIE
from protocol.parsing.jsontext import parse_object
from protocol.parsing.structuring import identifier


@frozen(eq=False)
class RestDialect:
    """One dialect's REST.

    Args:
        name: its mount prefix: every call also exists below `/<name>`.
        cookie: which cookie carries the session; None: a bearer token does.
        error: (status, text, code) -> the body of an error.
        unauthorized: the response to a caller without a session.
        naming: the name of a field in JSON, from its name in Python.
        claims: whether a body can only be meant for this dialect.
    """

    name: str
    cookie: str | None
    error: Callable[[int, str, str], Mapping[str, object]]
    unauthorized: Callable[[], Response]
    naming: Callable[[str], str] = field(default=str)
    claims: Callable[[Mapping[str, object]], bool] = field(default=lambda _: False)


def bearer_token(request: Request) -> str | None:
    """The token in `Authorization: Bearer`, or None."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def camel_case(name: str) -> str:
    """`user_id` -> `userId`, `class_` -> `class`."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name.rstrip("_"))


def _error_and_code(_: int, text: str, code: str) -> Mapping[str, object]:
    return {"error": text, "code": code}


def _message_and_code(_: int, text: str, code: str) -> Mapping[str, object]:
    return {"message": text, "code": code}


def _status_and_message(status: int, text: str, code: str) -> Mapping[str, object]:
    return {"statusCode": status, "message": text, "error": HTTPStatus(status).phrase, "code": code}


def _plain_unauthorized() -> Response:
    return PlainTextResponse("Unauthorized", 401)


def _platform_unauthorized() -> Response:
    return JSON(_message_and_code(401, "Not authenticated", "not_signed_in"), 401)


def _messenger_unauthorized() -> Response:
    return JSON(_error_and_code(401, "Authentication required", "not_signed_in"), 401)


def _bearer_unauthorized() -> Response:
    body = _status_and_message(401, "Unauthorized", "not_signed_in")
    return JSON(body, 401, {"WWW-Authenticate": "Bearer"})


PRIVATE_MESSAGES: Final = RestDialect(
    "private_messages",
    TOKEN_COOKIE,
    _error_and_code,
    _plain_unauthorized,
    claims=lambda body: (
        bool({"recipient_id", "receiver_id"} & set(body))
        or ("email" in body and "username" not in body)
    ),
)
LEARNING_PLATFORM: Final = RestDialect(
    "learning_platform",
    SIGNED_COOKIE,
    _message_and_code,
    _platform_unauthorized,
    camel_case,
    claims=lambda body: "username" in body or identifier(body.get("channelId")) is not None,
)
MESSENGER: Final = RestDialect(
    "messenger", SIGNED_COOKIE, _error_and_code, _messenger_unauthorized, camel_case
)

CHANNEL_MESSAGES: Final = RestDialect(
    "channel_messages",
    None,
    _status_and_message,
    _bearer_unauthorized,
    camel_case,
    claims=lambda body: isinstance(body.get("channelId"), str),
)


async def choose(
    candidates: Collection[RestDialect], request: Request, default: str
) -> RestDialect:
    """The dialect that a request to a shared path means.

    Args:
        candidates: the dialects that have the path; at least one.
        request: its body is read when its headers do not decide.
        default: the name of the dialect that is taken when nothing decides.
    """
    by_bearer = [each for each in candidates if each.cookie is None]
    if by_bearer and bearer_token(request) is not None:
        return by_bearer[0]
    by_cookie = [each for each in candidates if each.cookie in request.cookies]
    if len(by_cookie) == 1:
        return by_cookie[0]
    try:
        body = parse_object(await request.body())
    except WireError:
        body = {}
    by_body = [each for each in candidates if each.claims(body)]
    if len(by_body) == 1:
        return by_body[0]
    by_name = {each.name: each for each in candidates}
    return by_name.get(default) or next(iter(candidates))
