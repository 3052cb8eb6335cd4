"""With which route and status a request is counted."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from starlette.types import Message, Receive, Scope, Send

from hub.http.measuring import UNMATCHED, Measuring
from hub.http.responses import HttpError

ENDPOINT = object()
Respond = Callable[[Scope, Receive, Send], Awaitable[None]]


async def measured(app: Respond, raised: type[Exception] | None = None) -> tuple[str, int | None]:
    """The route and status that a request is counted with."""
    noted: list[tuple[str, str, int | None, float]] = []

    def note(route: str, method: str, status: int | None, seconds: float) -> None:
        noted.append((route, method, status, seconds))

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_: Message) -> None:
        await trio.lowlevel.checkpoint()

    scope = {"type": "http", "method": "GET", "path": "/users/7"}
    whole = Measuring(app, {ENDPOINT: "/users/{user_id}"}, note)
    if raised is None:
        await whole(scope, receive, send)
    else:
        with pytest.raises(raised):
            await whole(scope, receive, send)
    ((route, _, status, _),) = noted
    return route, status


async def test_a_request_is_counted_by_the_pattern_of_its_path() -> None:
    async def app(scope: Scope, _: Receive, send: Send) -> None:
        scope["endpoint"] = ENDPOINT
        await send({"type": "http.response.start", "status": 204})

    assert await measured(app) == ("/users/{user_id}", 204)


async def test_paths_without_a_route_are_counted_together() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 404})

    assert await measured(app) == (UNMATCHED, 404)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (HttpError(413, "body_too_large", "Too large"), 413),
        (RuntimeError("a bug"), 500),
        (trio.BrokenResourceError(), None),
    ],
    ids=["refused", "a bug", "the client left"],
)
async def test_an_exception_is_counted_with_the_status_of_its_response(
    error: Exception, status: int | None
) -> None:
    async def app(_: Scope, __: Receive, ___: Send) -> None:
        await trio.lowlevel.checkpoint()
        raise error

    assert await measured(app, type(error)) == (UNMATCHED, status)
