"""Pairs of users who write to each other through all faults, and check what they receive."""

from contextlib import suppress
from typing import Any

import trio
from attrs import define, field, frozen

from tests.chaos.proxy import Proxy
from tests.support.clients.websocket import Closed, Refused, WebSocket, open_websocket

IN_FLIGHT = 8
RECONNECT_SECONDS = 0.05
GONE = (
    Closed, Refused, OSError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError,
    trio.BusyResourceError,  # it answers the close
)  # fmt: skip


@define(eq=False)
class Findings:
    """The findings of all devices."""

    acknowledged: set[str] = field(factory=set)
    duplicated: list[str] = field(factory=list)
    out_of_order: list[str] = field(factory=list)
    refused: list[str] = field(factory=list)
    last_acknowledged_at: float = 0.0


@define(eq=False)
class Ear:
    """A device that receives one conversation, wherever it resumes."""

    name: str
    findings: Findings
    last: int = 0
    keys: set[str] = field(factory=set)
    epoch: str | None = None
    started_over: int = 0
    certain: set[str] = field(factory=set)  # acknowledged since it has started over

    def begin(self, epoch: str) -> None:
        """A connection begins: messages of another log are forgotten."""
        if self.epoch not in (None, epoch):
            self.last = 0
            self.keys.clear()
            self.started_over += 1
            self.certain.clear()
        self.epoch = epoch

    def hear(self, seq: int, key: str) -> None:
        """Take a message, which must be the next one. Confirmations of repeats are not passed
        here.
        """
        if seq == self.last + 1:
            if key in self.keys:
                self.findings.duplicated.append(f"{self.name} {key}")
            self.last = seq
            self.keys.add(key)
        elif seq <= self.last and key in self.keys:
            self.findings.duplicated.append(f"{self.name} hears {seq} again, after {self.last}")
        else:
            self.findings.out_of_order.append(f"{self.name} {seq} after {self.last}")


@frozen
class Confirmed:
    """A message of a writer that was confirmed."""

    id: int
    seq: int
    key: str
    content: str


@define(eq=False)
class Writer:
    """Sends as fast as confirmations come, repeats what was not confirmed, and receives
    everything.
    """

    name: str
    peer: int
    cookie: str
    proxy: Proxy
    findings: Findings
    ear: Ear
    pending: dict[str, str] = field(factory=dict)
    confirmed: Confirmed | None = None  # the last one
    repeated: set[str] = field(factory=set)
    stopped: bool = False
    count: int = 0
    _room: trio.Event = field(factory=trio.Event)

    async def live(self) -> None:
        """Connect and write until cancelled."""
        while True:
            with suppress(*GONE):
                async with await trio.open_tcp_stream("127.0.0.1", self.proxy.port) as stream:
                    with trio.fail_after(10):
                        socket = await open_websocket(stream, "/ws?resume", Cookie=self.cookie)
                    await self._use(socket)
            await trio.sleep(RECONNECT_SECONDS)

    async def _use(self, socket: WebSocket) -> None:
        with suppress(*GONE):
            try:
                async with trio.open_nursery() as nursery:
                    await self._resume(socket)
                    nursery.start_soon(self._write, socket)
                    while True:
                        self._take(await socket.receive())
            except BaseExceptionGroup as group:
                _, others = group.split((*GONE, trio.Cancelled))
                if others is not None:
                    raise others from None
                await trio.lowlevel.checkpoint_if_cancelled()

    async def _resume(self, socket: WebSocket) -> None:
        self.ear.begin((await socket.receive())["epoch"])
        while True:
            after = {str(self.peer): self.ear.last}
            await socket.send({"type": "resume", "after": after, "epoch": self.ear.epoch})
            while (frame := await socket.receive())["type"] != "resumed":
                self._take(frame)
            if frame["complete"]:
                return

    async def _write(self, socket: WebSocket) -> None:
        for key, content in list(self.pending.items()):
            self.repeated.add(key)
            await self._send(socket, key, content)
        while True:
            while self.stopped or len(self.pending) >= IN_FLIGHT:
                self._room = trio.Event()
                await self._room.wait()
            self.count += 1
            key = f"{self.name}-{self.count}"
            self.pending[key] = f"message {self.count} of {self.name}"
            await self._send(socket, key, self.pending[key])

    async def _send(self, socket: WebSocket, key: str, content: str) -> None:
        await socket.send(
            {
                "type": "private_message",
                "recipient_id": self.peer,
                "content": content,
                "client_id": key,
            }
        )

    def _take(self, frame: Any) -> None:
        match frame:
            case {"type": "private_message", "message": message}:
                key = message.get("client_id", "")
                is_repeat = key in self.repeated and message["seq"] != self.ear.last + 1
                if not is_repeat:
                    self.ear.hear(message["seq"], key)
                if key in self.pending:
                    content = self.pending[key]
                    self.confirmed = Confirmed(message["id"], message["seq"], key, content)
                self._confirmed(key)
            case {"type": "error", "code": "unavailable" | "rate_limited"}:
                raise Closed(0, "try again")
            case {"type": "error"}:
                self.findings.refused.append(f"{self.name} {frame}")
            case _:
                pass  # presence and others

    def _confirmed(self, key: str) -> None:
        if self.pending.pop(key, None) is not None:
            self.findings.acknowledged.add(key)
            self.ear.certain.add(key)
            self.findings.last_acknowledged_at = trio.current_time()
            self._room.set()
