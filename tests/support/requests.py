"""What the small servers of the tests share: requests, one after another, on one connection."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import h11
import trio

Respond: TypeAlias = Callable[
    [h11.Connection, trio.abc.Stream, h11.Request, bytes], Awaitable[bool]
]
"""Responds to a request with this body; returns whether the connection goes on."""


async def serve_requests(stream: trio.abc.Stream, respond: Respond) -> None:
    """Serve a connection to its end. A client may leave in the middle of a request."""
    state = h11.Connection(h11.SERVER)
    async with stream:
        try:
            while (received := await _receive(state, stream)) is not None:
                if not await respond(state, stream, *received):
                    return
                state.start_next_cycle()
        except (trio.BrokenResourceError, h11.ProtocolError):
            pass


async def _receive(
    state: h11.Connection, stream: trio.abc.Stream
) -> tuple[h11.Request, bytes] | None:
    """The next request with its body; None at the end."""
    body, head = b"", None
    while True:
        event = state.next_event()
        if event is h11.NEED_DATA:
            state.receive_data(bytes(await stream.receive_some()))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return head, body
        else:
            return None
