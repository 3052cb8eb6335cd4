"""What an HTTP endpoint is: one row from which the route and its documentation derive.

Guarantees: a handler that needs a session gets one; a state-changing request comes from an allowed
origin; a body is JSON of the declared shape; every error has a text and a stable code.
Must not know: any particular endpoint.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeAlias, TypeVar

import orjson
from attrs import field, frozen
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from hub.services import Services
from hub.tokens import COOKIE, token_hash
from protocol.errors import ErrorCode, WireError
from protocol.handshake import Head, origin_allowed
from protocol.jsontext import parse_object
from protocol.model import MAX_ID, Refusal, Session, UserId
from protocol.structuring import structure

T = TypeVar("T")

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

REFUSAL_STATUS: Final[Mapping[Refusal, HTTPStatus]] = {
    Refusal.RECIPIENT_NOT_FOUND: HTTPStatus.NOT_FOUND,
    Refusal.CANNOT_MESSAGE_SELF: HTTPStatus.BAD_REQUEST,
    Refusal.NOT_ALLOWED: HTTPStatus.FORBIDDEN,
    Refusal.KEY_CONFLICT: HTTPStatus.CONFLICT,
    Refusal.UNSTORABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
}


class HttpError(Exception):
    """An answer other than 2xx: `{"error": text, "code": code}`."""

    def __init__(
        self, status: int, code: str, text: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.text = text
        self.headers = headers or {}
        super().__init__(text)


class NotSignedIn(Exception):
    """There is no live session; the endpoint says how that is answered."""


class JSON(Response):
    """A JSON answer. Never cached: it is somebody's private view."""

    media_type = "application/json"

    def __init__(
        self, content: object, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(
            orjson.dumps(content), status, {"Cache-Control": "no-store", **(headers or {})}
        )


@frozen
class Call:
    """One request to one endpoint."""

    request: Request
    services: Services
    _session: Session | None

    @property
    def session(self) -> Session:
        """The caller's session.

        Raises:
            NotSignedIn: the endpoint is open to everybody and this caller has none.
        """
        if self._session is None:
            raise NotSignedIn
        return self._session

    @property
    def me(self) -> UserId:
        """The caller."""
        return self.session.user.id

    @property
    def token(self) -> str | None:
        """The session token as sent, valid or not."""
        return self.request.cookies.get(COOKIE)

    async def body(self, shape: type[T]) -> T:
        """The JSON body.

        Raises:
            HttpError: 415 when it does not claim to be JSON.
            WireError: it is not, or has not this shape.
        """
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise HttpError(415, "json_required", "The body must be application/json")
        return structure(parse_object(await self.request.body()), shape)

    def user_id(self) -> UserId:
        """The user id in the path.

        Raises:
            HttpError: 400 when it is none.
        """
        text = self.request.path_params["user_id"]
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))):
            raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid user ID")
        number = int(text)
        if not 1 <= number <= MAX_ID:
            raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid user ID")
        return UserId(number)

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A number in the query; the default when it is missing, no number or out of range."""
        text = self.request.query_params.get(name, "")
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))):
            return default
        number = int(text)
        return number if low <= number <= high else default

    @property
    def is_secure(self) -> bool:
        """Whether the caller speaks TLS, to the hub or to a trusted proxy."""
        if self._is_proxied and "x-forwarded-proto" in self.request.headers:
            return self.request.headers["x-forwarded-proto"].strip().lower() == "https"
        return self.request.url.scheme == "https"

    @property
    def address(self) -> str:
        """Where the request came from: the peer, or whom a trusted proxy names."""
        if self._is_proxied:
            forwarded = self.request.headers.get("x-forwarded-for", "")
            return forwarded.rpartition(",")[2].strip() or self._peer
        return self._peer

    @property
    def _peer(self) -> str:
        return self.request.client.host if self.request.client is not None else ""

    @property
    def _is_proxied(self) -> bool:
        return self._peer in self.services.config.trusted_proxies


Handle: TypeAlias = Callable[[Call], Awaitable[Response]]


def plain_unauthorized() -> Response:
    """How seed 004's session middleware says 401 (contract R.0)."""
    return PlainTextResponse("Unauthorized", 401)


@frozen
class Endpoint:
    """One method on one path.

    Args:
        method: in upper case.
        path: Starlette's syntax.
        summary: one line for the documentation.
        handle: answers it.
        answers: status -> meaning, for the documentation.
        body: the shape of the request's body.
        query: names of query parameters.
        open_to_all: whether it works without a session.
        unauthorized: what to answer without one.
    """

    method: str
    path: str
    summary: str
    handle: Handle
    answers: Mapping[int, str]
    body: type | None = None
    query: tuple[str, ...] = ()
    open_to_all: bool = False
    unauthorized: Callable[[], Response] = field(default=plain_unauthorized)

    async def answer(self, request: Request, services: Services) -> Response:
        """Check what every endpoint demands, then handle the request."""
        if request.method not in SAFE_METHODS and not _from_allowed_origin(request, services):
            raise HttpError(403, "origin_refused", "This origin may not use the hub")
        token = request.cookies.get(COOKIE)
        session = None
        if token and not self.open_to_all:
            session = await services.store.sessions.find(token_hash(token))
        call = Call(request, services, session)
        if session is None and not self.open_to_all:
            return self.unauthorized()
        try:
            return await self.handle(call)
        except NotSignedIn:
            return self.unauthorized()


def _from_allowed_origin(request: Request, services: Services) -> bool:
    head = Head(b"", b"", b"", tuple(request.headers.raw))
    return origin_allowed(head, services.config.allowed_origins, request.url.scheme)


def from_wire(error: WireError) -> HttpError:
    """A malformed request, with the catalogue's code."""
    return HttpError(400, error.code, error.text)
