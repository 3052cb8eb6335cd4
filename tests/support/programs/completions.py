"""A server that speaks the chat-completions protocol over real sockets, and can misbehave."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import h11
import trio
from attrs import define, field

from tests.support.requests import serve_requests

Manner = Literal["answers", "fails", "hangs", "floods", "is empty", "breaks off", "talks nonsense"]


@define
class ModelServer:
    """The requests that it got, and how it responds."""

    url: str = ""
    manner: Manner = "answers"
    answer: tuple[str, ...] = ("For", "ty-", "two")
    asked: list[dict[str, Any]] = field(factory=list)
    keys: list[str] = field(factory=list)
    running: int = 0
    most: int = 0
    proceed: trio.Event = field(factory=trio.Event)

    async def serve(self, stream: trio.abc.Stream) -> None:
        await serve_requests(stream, self._exchange)

    async def _exchange(
        self, state: h11.Connection, stream: trio.abc.Stream, head: h11.Request, body: bytes
    ) -> bool:
        assert head.target == b"/v1/chat/completions"
        self.keys.append(dict(head.headers)[b"authorization"].decode())
        self.asked.append(json.loads(body))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            return await self._answer(state, stream)
        finally:
            self.running -= 1

    async def _answer(self, state: h11.Connection, stream: trio.abc.Stream) -> bool:
        if self.manner == "fails":
            text = b'{"error":{"message":"overloaded"}}'
            headers = [("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
            await send(state, stream, h11.Response(status_code=400, headers=headers))
            await send(state, stream, h11.Data(data=text))
            await send(state, stream, h11.EndOfMessage())
            return True
        headers = [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")]
        await send(state, stream, h11.Response(status_code=200, headers=headers))
        if self.manner == "hangs":
            await self.proceed.wait()
        if self.manner == "talks nonsense":
            await send(state, stream, h11.Data(data=b"data: {nonsense\n\n"))
        for part in self._parts():
            await send(state, stream, h11.Data(data=chunk(part)))
        if self.manner == "breaks off":
            return False
        await send(state, stream, h11.Data(data=b"data: [DONE]\n\n"))
        await send(state, stream, h11.EndOfMessage())
        return True

    def _parts(self) -> tuple[str, ...]:
        if self.manner == "is empty":
            return ("", " ")
        return ("x" * 1_000,) * 10_000 if self.manner == "floods" else self.answer


def chunk(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    event = {
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [choice],
    }  # fmt: skip
    return f"data: {json.dumps(event)}\n\n".encode()


async def send(state: h11.Connection, stream: trio.abc.Stream, event: h11.Event) -> None:
    await stream.send_all(state.send(event) or b"")


@asynccontextmanager
async def model_server(manner: Manner = "answers") -> AsyncIterator[ModelServer]:
    """A running server on a port of its own."""
    server = ModelServer(manner=manner)
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listeners[0].socket.getsockname()[1]
        server.url = f"http://127.0.0.1:{port}/v1"
        nursery.start_soon(trio.serve_listeners, server.serve, listeners)
        yield server
        nursery.cancel_scope.cancel()
