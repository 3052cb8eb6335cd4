"""What an HTTP endpoint is: one row from which the route and its documentation derive.

Guarantees: a handler that needs a session gets one; a state-changing request comes from an allowed
origin; a body is JSON of the declared shape; every error has a text and a stable code, in the
spelling of the endpoint's dialect. Must not know: any particular endpoint.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final, TypeAlias, TypeVar
from urllib.parse import urlencode

import trio
from attrs import evolve, field, frozen
from starlette.requests import Request
from starlette.responses import Response

from hub.assembly import Services
from hub.http.responses import JSON, HttpError
from hub.http.visitors import Visitor
from hub.identity.cookies import CookieScope, expired_cookies, session_cookie
from hub.limits.pace import BYTES_OF_ONE, Flooded
from hub.limits.quotas import MAX_WAITING_REQUESTS, Kind
from hub.rest.parameters import AFTER_SEQ, KEY, Cursor, Number, Parameter, Text, decimal
from hub.rest.replies import (
    ErrorWording,
    answer_to,
    error_response,
    from_wire,
    refusal_error,
    too_many_requests,
    unauthorized,
    unavailable,
)
from hub.rest.selection import bearer_token, head_of
from hub.services.asker import Asker, ChannelScope
from hub.settings.config import Config
from persistence.records import Gone, Span, StoreUnavailable
from persistence.sessions import time_left
from protocol.commands import RequestCommand
from protocol.dialect import Stranger
from protocol.errors import CONVERSATION_CLOSED, TOO_OFTEN, ErrorCode, WireError
from protocol.events import Refused
from protocol.model import (
    MAX_ID,
    ChannelId,
    Message,
    Session,
    User,
    UserId,
)
from protocol.parsing.content import check_key
from protocol.parsing.jsontext import parse_object
from protocol.parsing.structuring import structure
from protocol.rest import RestDialect
from protocol.websocket.handshake import Cookies, origin_allowed

__all__ = ["JSON", "Call", "Endpoint", "Handle", "HttpError", "NotSignedIn"]

A = TypeVar("A")
T = TypeVar("T")

_PURPOSES: Final = ("sec-purpose", "purpose", "x-moz")
REQUEST_FRAMES: Final = 4  # what a request takes the hub, in frames
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

NO_WORDING: Final[Mapping[ErrorCode, ErrorWording]] = {}


class NotSignedIn(Exception):
    """There is no live session; the REST dialect has its own response for that."""


@frozen
class Call:
    """One request to one endpoint."""

    request: Request
    services: Services
    surface: RestDialect
    _session: Session | None
    _parameters: Collection[Parameter] = ()
    _set_cookies: list[str] = field(factory=list)

    @property
    def session(self) -> Session:
        """The caller's session.

        Raises:
            NotSignedIn: the endpoint works without a session, and this caller has none.
        """
        if self._session is None:
            raise NotSignedIn
        return self._session

    @property
    def user(self) -> User:
        """The caller."""
        return self.session.user

    @property
    def me(self) -> UserId:
        """The caller's id."""
        return self.session.user.id

    async def body(self, shape: type[T]) -> T:
        """The JSON body.

        Raises:
            HttpError: 415 when its type is not JSON.
            WireError: it is malformed, or not of this shape.
        """
        return structure(await self.json_object(), shape, naming=self.surface.naming)

    async def json_object(self) -> dict[str, object]:
        """The body, a JSON object of any shape.

        Raises:
            HttpError: 415 when its type is not JSON.
            WireError: it is malformed.
        """
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise HttpError(415, "json_required", "The body must be application/json")
        return parse_object(await self.request.body())

    def idempotency_key(self, given: str | None, *, field: str) -> str | None:
        """The key in the header `Idempotency-Key`, or else the one given in `field` of the body.

        Raises:
            WireError: it is malformed.
        """
        header = self.text(KEY)
        if header is None:
            return check_key(given, field=field)
        return check_key(header, field=KEY.name)

    async def carry_out(
        self,
        command: RequestCommand,
        expected: type[A],
        wording: Mapping[ErrorCode, ErrorWording] = NO_WORDING,
    ) -> A:
        """Carry out a command of the caller's and wait for its answer.

        Args:
            command: what to do.
            expected: the class of the answer when it is carried out.
            wording: the endpoint's own words for refusals.

        Raises:
            HttpError: it is refused.
        """
        quota, dialect = self.services.quotas.of(self.me), self.surface.name
        asker = Asker(self.user, quota, ChannelScope.VISIBLE, dialect)
        answer = await answer_to(self.services.commands, asker, command)
        if isinstance(answer, Refused):
            raise refusal_error(answer, wording)
        if not isinstance(answer, expected):
            raise TypeError(f"{type(command).__name__} was answered by {type(answer).__name__}")
        return answer

    def path_id(self, name: str) -> int | None:
        """An id in the path, or None if it is malformed."""
        number = decimal(self.request.path_params[name])
        return number if number is not None and number > 0 else None

    def user_id(self) -> UserId:
        """The user id in the path.

        Raises:
            HttpError: 400 when it is malformed.
        """
        number = self.path_id("user_id")
        if number is None:
            raise HttpError(400, ErrorCode.INVALID_FIELD, "Invalid user ID")
        return UserId(number)

    async def missed(self, channel_id: ChannelId, limit: int) -> Sequence[Message] | None:
        """The messages after `after_seq`, oldest first; None without that parameter."""
        after_seq = self.optional(AFTER_SEQ)
        if after_seq is None:
            return None
        span = Span(channel_id, after_seq, MAX_ID)
        return await self.services.store.messages.in_spans(self.me, [span], limit=limit)

    async def conversation_with(self, peer_id: UserId, missing: ErrorWording) -> dict[UserId, User]:
        """The two users of a conversation that is not closed to the caller; it need not have begun.

        Args:
            peer_id: the other user.
            missing: the error when there is no such user, or they block the caller.

        Raises:
            HttpError: `missing`; or 403 when the conversation is closed to the caller.
        """
        store = self.services.store
        peer = await store.accounts.get(peer_id)
        view = await store.relations.conversation_view(self.me, peer_id)
        if peer is None or view.is_hidden:
            raise missing.error()
        if view.is_closed:
            raise HttpError(403, ErrorCode.NOT_ALLOWED, CONVERSATION_CLOSED)
        return {self.me: self.user, peer_id: peer}

    def number(self, parameter: Number) -> int:
        """A number in the query; its default when it is missing.

        Raises:
            WireError: it is malformed or out of range.
        """
        return parameter.read(self._given(parameter))

    def optional(self, parameter: Number) -> int | None:
        """A number in the query; None when it is missing.

        Raises:
            WireError: it is malformed or out of range.
        """
        given = self._given(parameter)
        return parameter.read(given) if given else None

    def cursor(self, parameter: Cursor) -> tuple[int | str, ...] | None:
        """The parts of a cursor in the query; None when it is missing.

        Raises:
            WireError: it is malformed.
        """
        return parameter.read(self._given(parameter))

    def next_page(self, parameter: Parameter, value: int | str | None) -> Mapping[str, str]:
        """The `Link` header of the next page.

        Args:
            parameter: names where a page begins.
            value: the value of that parameter; None: this is the last page.
        """
        if value is None:
            return {}
        asked = {name: given for name, given in self.request.query_params.items() if name != "page"}
        return {"Link": f'<?{urlencode({**asked, parameter.name: value})}>; rel="next"'}

    def text(self, parameter: Text) -> str | None:
        """A text in the query or a header; None when it is missing."""
        return self._given(parameter)

    def _given(self, parameter: Parameter) -> str | None:
        """The value of a parameter in the request, None when it is missing.

        Raises:
            LookupError: the endpoint does not declare the parameter, so it is not documented.
        """
        if parameter not in self._parameters:
            raise LookupError(f"{parameter.name} is no declared parameter")
        is_header = parameter.place == "header"
        given = self.request.headers if is_header else self.request.query_params
        return given.get(parameter.name)

    def pay(self, kind: Kind) -> None:
        """Count one action of this kind for the caller.

        Raises:
            HttpError: 429 when the caller's allowance is used up.
        """
        quota, now = self.services.quotas.of(self.me), trio.current_time()
        if not quota.take(kind, now):
            retry = {"Retry-After": str(quota.retry_after(kind, now))}
            raise HttpError(429, ErrorCode.RATE_LIMITED, TOO_OFTEN, retry)

    @property
    def is_shown(self) -> bool:
        """Whether the user will see the response: not if the method is not GET, if a browser
        prefetches, or if a page of an origin that is not allowed sent the request.
        """
        purposes = [self.request.headers.get(name, "") for name in _PURPOSES]
        is_early = any("prefetch" in purpose.lower() for purpose in purposes)
        origins = self.services.config.web_origins
        is_ours = origin_allowed(head_of(self.request), origins, self.request.url.scheme)
        return self.request.method == "GET" and not is_early and is_ours

    @property
    def cookies(self) -> Cookies:
        """The cookies of the request."""
        return head_of(self.request).cookies()

    async def find_session(self) -> Session | Stranger:
        """The session that the request names. It is noted as used, and may be extended.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        authenticator, cookie = self.services.authenticator, self.surface.cookie
        token = bearer_token(self.request) or ""
        if cookie is None:
            found = await authenticator.find_by_token(token)
        else:
            found = await authenticator.find(cookie, self.cookies, token)
        if isinstance(found, Session):
            self.services.renewals.note(found)
            if cookie is not None and cookie in self.cookies:
                return await self._extended(found, cookie)
        return found

    async def _extended(self, session: Session, cookie: str) -> Session:
        """The session, extended if that is due; then every cookie that names it is set again."""
        longer = await self.services.renewals.extend(session, cookie)
        if longer is None:
            return session
        values = await self.services.authenticator.values_of(session, self.cookies)
        for name, value in values.items():
            self.set_cookie(name, value, time_left(longer.due))
        return longer

    async def while_waited_for(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, which is cancelled when the client leaves. The body must have been
        read before.

        Raises:
            HttpError: 503 when the client has left, so no client receives it.
        """
        done: list[T] = []
        failed: list[Exception] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._cancel_when_left, nursery.cancel_scope)
            try:
                done.append(await work())
            except Exception as error:  # noqa: BLE001  raised below, where it is not in a group
                failed.append(error)
            nursery.cancel_scope.cancel()
        if failed:
            raise failed[0]
        if not done:
            raise unavailable()
        return done[0]

    async def _cancel_when_left(self, scope: trio.CancelScope) -> None:
        while (await self.request.receive())["type"] != "http.disconnect":
            pass  # the end of the body
        scope.cancel()

    def set_cookie(self, cookie: str, value: str, lifetime: timedelta) -> None:
        """Give the caller's browser a cookie."""
        self._set_cookies.append(session_cookie(cookie, value, lifetime, self.cookie_scope))

    def expire_cookie(self, cookie: str, *, everywhere: bool = False) -> None:
        """Make the caller's browser forget a cookie; `everywhere`: the one for the whole host."""
        scope = self.cookie_scope
        if everywhere:
            scope = evolve(scope, path="/")
        self._set_cookies.extend(expired_cookies(cookie, scope))

    def finish(self, response: Response) -> Response:
        """The response, with the cookies that are to be set."""
        for value in self._set_cookies:
            response.headers.append("Set-Cookie", value)
        return response

    @property
    def cookie_scope(self) -> CookieScope:
        """The requests to which the caller's browser is to add the cookies that it gets."""
        return CookieScope(self.services.config.base_path, secure=self._is_secure)

    @property
    def _is_secure(self) -> bool:
        """Whether the caller's connection uses TLS, to the hub or to a proxy."""
        if self.services.config.is_only_tls:
            return True
        return self.visitor.scheme == "https"

    @property
    def owner(self) -> UserId | str:
        """The owner of the caller's work: the user, or without a session the network."""
        return self.network if self._session is None else self.me

    @property
    def network(self) -> str:
        """The client's network: its IPv4 address, or the /64 of its IPv6 address."""
        return self.visitor.network

    @property
    def visitor(self) -> Visitor:
        """The sender of the request, as far as the connection shows."""
        visitor: Visitor = self.request.scope["visitor"]
        return visitor


Handle: TypeAlias = Callable[[Call], Awaitable[Response]]


@frozen(eq=False)
class Endpoint:
    """One method on one path.

    Args:
        method: in upper case.
        path: Starlette's syntax. A parameter `..._id` is an id; a last `text` may have slashes.
        summary: one line for the documentation.
        handle: responds to it. Its declared return type is the shape of its responses.
        answers: by status, the meaning of a response, or the codes of an error; without the errors
            that every such endpoint has.
        body: the shape of the request's body.
        media: the type of that body.
        parameters: what is read from the query and the headers.
        path_types: the types of parameters in the path that are no ids.
        open_to_all: whether it works without a session.
        body_limit: how many bytes a body may have, if more than at other endpoints.
        costs: the kinds of actions that a call counts as, for the user.
    """

    method: str
    path: str
    summary: str
    handle: Handle
    answers: Mapping[int, str | Sequence[str]]
    body: type | None = None
    media: str = JSON.media_type
    parameters: tuple[Parameter, ...] = ()
    path_types: Mapping[str, object] = field(factory=dict)
    open_to_all: bool = False
    body_limit: Callable[[Config], int] | None = None
    costs: tuple[Kind, ...] = ()

    async def answer(
        self,
        request: Request,
        services: Services,
        surface: RestDialect,
        until_sent: AsyncExitStack,
    ) -> Response:
        """Check what every endpoint requires, then handle the request.

        Args:
            request: the request.
            services: what it works with.
            surface: spells errors.
            until_sent: a context that is left once the response has been sent.
        """
        call = Call(request, services, surface, None, self.parameters)
        try:
            _require_allowed_origin(request, services)
            return call.finish(await self.respond(call, until_sent))
        except (NotSignedIn, Gone):  # the caller's account was deleted since it was looked up
            return call.finish(unauthorized(surface))
        except HttpError as error:
            return call.finish(error_response(surface, error))
        except WireError as error:
            return call.finish(error_response(surface, from_wire(error)))
        except StoreUnavailable:
            return call.finish(error_response(surface, unavailable()))
        except Flooded:
            return call.finish(error_response(surface, too_many_requests()))

    async def respond(self, call: Call, until_sent: AsyncExitStack) -> Response:
        """Look up the caller's session, and handle the request.

        Raises:
            HttpError: it is refused; and what else a handler may raise.
        """
        if self.open_to_all:
            return await self.handle(call)
        found = await call.find_session()
        if not isinstance(found, Session):
            raise NotSignedIn
        call = evolve(call, session=found)
        quota = call.services.quotas.of(found.user.id)
        await call.visitor.recognize(found.user.id, quota.pace, REQUEST_FRAMES)
        for kind in self.costs:
            call.pay(kind)
        await until_sent.enter_async_context(_in_turn(quota.responses))
        async with _in_turn(quota.requests):
            response = await self.handle(call)
        # the size of this response delays the user's next request
        if isinstance(response, JSON):
            quota.pace.take(len(response.body) / BYTES_OF_ONE, trio.current_time())
        return response


@asynccontextmanager
async def _in_turn(limiter: trio.CapacityLimiter) -> AsyncIterator[None]:
    """Hold one of a user's places, once one is free.

    Raises:
        HttpError: too many of their requests wait already.
    """
    if limiter.statistics().tasks_waiting >= MAX_WAITING_REQUESTS:
        raise too_many_requests()
    async with limiter:
        yield


def _require_allowed_origin(request: Request, services: Services) -> None:
    """Refuse a change that was requested by a page of another origin."""
    if request.method in SAFE_METHODS:
        return
    if not origin_allowed(head_of(request), services.config.web_origins, request.url.scheme):
        raise HttpError(403, "origin_refused", "This origin may not use the hub")
