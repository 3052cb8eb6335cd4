"""A school with a tutor: a model server that the test controls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from persistence.interface import Store
from tests.support.clients.websocket import WebSocket
from tests.support.programs.completions import Manner, ModelServer, model_server
from tests.support.school import School, open_school
from tests.support.world import open_world


@asynccontextmanager
async def classroom(
    store: Store, manner: Manner = "answers", **settings: Any
) -> AsyncIterator[tuple[School, ModelServer]]:
    """A school whose tutor is reachable."""
    async with model_server(manner) as server:
        settings = {"assistant_model": "m", "assistant_url": server.url, **settings}
        async with open_world(store, **settings) as world:
            yield await open_school(world), server


async def ask(socket: WebSocket, channel_id: int, content: str) -> None:
    await socket.send({"type": "send_message", "channelId": channel_id, "content": content})


async def answer_of(socket: WebSocket) -> dict[str, Any]:
    """The assistant's message, past its typing."""
    frame = await socket.receive_type("user_typing")
    while frame["type"] == "user_typing":
        assert (frame["userId"], frame["username"]) == (999, "AI Tutor")
        frame = await socket.receive()
    assert frame["type"] == "new_message", frame
    message: dict[str, Any] = frame["message"]
    return message
