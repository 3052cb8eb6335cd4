"""Two users who write to each other over `/ws`, and their devices: one that is always connected,
one that comes and goes, and one that sends. Some repeat messages that were not acknowledged, some
never do.
"""

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from typing import Any, TypeAlias

import trio
from attrs import define, field

from tests.support.clients.websocket import Closed, Refused, WebSocket, open_websocket

RETRY_SECONDS = 0.05
IN_FLIGHT = 20  # of a sender that repeats
GONE = (
    Closed, Refused, OSError, trio.BrokenResourceError, trio.ClosedResourceError,
    trio.BusyResourceError,  # a ping came while a frame was sent
    trio.TooSlowError,
)  # fmt: skip
Connect: TypeAlias = Callable[[], Awaitable[trio.abc.Stream]]
Note: TypeAlias = Callable[[str, str], None]


@define(eq=False)
class Device:
    """Receives one conversation, in order, and resumes where it stopped.

    Args:
        name: of the device.
        cookie: of a session of its user.
        peer: the other user of the conversation.
        connect: opens a connection to the hub, as soon as it runs.
        note: writes the trace.
        dice: decide when it disconnects; without them it stays connected.
        stay: seconds that a connection lasts at most.
    """

    name: str
    cookie: str
    peer: int
    connect: Connect
    note: Note
    dice: random.Random | None = None
    stay: float = 0.8
    heard: list[str] = field(factory=list)
    problems: list[str] = field(factory=list)
    is_calm: bool = False
    connections: int = 0

    async def live(self) -> None:
        """Connect again and again until cancelled."""
        while True:
            with suppress(*GONE):
                await self._connect()
            await trio.sleep(RETRY_SECONDS)

    async def _connect(self) -> None:
        async with await self.connect() as stream:
            with trio.fail_after(5):
                socket = await open_websocket(stream, "/ws?resume", Cookie=self.cookie)
            self.connections += 1
            await self._resume(socket)
            seconds = inf
            if self.dice is not None and not self.is_calm:
                seconds = self.dice.random() * self.stay
            with trio.move_on_after(seconds):
                await self._stay(socket)

    async def _resume(self, socket: WebSocket) -> None:
        while True:
            await socket.send({"type": "resume", "after": {str(self.peer): len(self.heard)}})
            with trio.fail_after(5):
                while (frame := await socket.receive())["type"] != "resumed":
                    self.take(frame)
            if frame["complete"]:
                return

    async def _stay(self, socket: WebSocket) -> None:
        while True:
            self.take(await socket.receive())

    def take(self, frame: Any) -> None:
        """Take a frame; a message of this conversation must be the next one."""
        match frame:
            case {"type": "private_message", "message": {"seq": seq, "content": content}}:
                self.note(self.name, f"hears {seq} {content}")
                if seq == len(self.heard) + 1:
                    self.heard.append(content)
                elif not self.is_repeat(seq, content):
                    self.problems.append(f"{self.name} hears {seq} after {len(self.heard)}")
            case {"type": "error", "code": "unavailable" | "lookup_failed" as code}:
                self.note(self.name, f"is told {code}")
                raise Closed(0, "try again")
            case {"type": "error"}:
                self.problems.append(f"{self.name}: {frame}")
            case _:
                pass  # presence and others

    def is_repeat(self, seq: int, content: str) -> bool:
        """Whether a message may come out of order."""
        return False


@define(eq=False)
class Sender(Device):
    """A device that also sends.

    Args:
        repeats: whether it sends unacknowledged messages again, under the same key. If not, it uses
            no keys either.
    """

    repeats: bool = False
    pending: dict[str, bool] = field(factory=dict)
    acknowledged: set[str] = field(factory=set)
    unknown: set[str] = field(factory=set)
    refused: set[str] = field(factory=set)
    count: int = 0

    async def _stay(self, socket: WebSocket) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write, socket)
            with suppress(*GONE):
                while True:
                    self.take(await socket.receive())
            nursery.cancel_scope.cancel()

    async def _write(self, socket: WebSocket) -> None:
        assert self.dice is not None
        if self.repeats:
            for content in list(self.pending):
                self.pending[content] = True
                await self._send(socket, content)
        else:
            self.unknown |= set(self.pending)
            self.pending.clear()
        while not self.is_calm:
            is_full = self.repeats and len(self.pending) >= IN_FLIGHT
            for _ in range(0 if is_full else self.dice.randint(1, 3)):
                self.count += 1
                content = f"{self.name}-{self.count}"
                self.pending[content] = False
                await self._send(socket, content)
            await trio.sleep(self.dice.random() * 0.1)

    async def _send(self, socket: WebSocket, content: str) -> None:
        key = {"client_id": content} if self.repeats else {}
        frame = {"type": "private_message", "recipient_id": self.peer, "content": content}
        self.note(self.name, f"sends {content}")
        with suppress(*GONE):
            await socket.send(frame | key)

    def take(self, frame: Any) -> None:
        """As every device does. Its own message is the acknowledgement."""
        match frame:
            case {"type": "private_message", "message": {"content": content}}:
                super().take(frame)
                if self.pending.pop(content, None) is not None:
                    self.acknowledged.add(content)
            case {"type": "error", "code": "unavailable" as code} if not self.repeats:
                self.note(self.name, f"is told {code}")
            case {"type": "error", "code": "rate_limited"}:
                if self.repeats:
                    raise Closed(0, "try again")
            case {"type": "error", "code": "unstorable", "client_id": content}:
                self.pending.pop(content, None)
                self.refused.add(content)
            case {"type": "error", "code": "unstorable"}:
                pass
            case _:
                super().take(frame)

    def is_repeat(self, seq: int, content: str) -> bool:
        """The confirmation of a repeat is the first message."""
        return self.repeats and seq <= len(self.heard) and self.heard[seq - 1] == content
