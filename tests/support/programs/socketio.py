"""Socket.IO clients as programs of their own, on a hub in a process."""

import json
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from attrs import define, field

from tests.support.programs.hub_process import HubProcess
from tests.support.programs.node import run_node
from tests.support.programs.talking import TalkingProgram, run_talking

BROKEN = ("disconnected", "refused")


@define
class SocketIoProgram:
    """A client that prints what happens. Lines that the test does not read are kept, and fail the
    test when the client ends.
    """

    program: TalkingProgram
    _kept: deque[Any] = field(factory=deque, init=False)
    _has_ended: bool = field(default=False, init=False)

    async def happened(self) -> Any:
        """The next line that it prints."""
        return self._kept.popleft() if self._kept else await self.program.happened()

    async def heard(self, event: str) -> Any:
        """The payload of the next event, which must have this name and no other argument."""
        happened = await self.happened()
        assert happened.keys() == {"event", "data"}, happened
        assert happened["event"] == event, happened
        return happened["data"]

    async def emit(self, event: str, payload: object) -> None:
        await self.tell({"emit": [event, payload]})

    async def ask(self, event: str, payload: object) -> Any:
        """Emit and wait for the acknowledgement; what happens before it is kept."""
        await self.tell({"emit": [event, payload], "ack": True})
        while "answer" not in (happened := await self.program.happened()):
            assert "failed" not in happened, happened
            self._kept.append(happened)
        return happened["answer"]

    async def tell(self, command: object) -> None:
        await self.program.tell(json.dumps(command))

    async def comes_back(self) -> None:
        """Wait until it is recovered after its connection broke; some attempts may fail."""
        while (happened := await self.happened()) != {"connected": True, "recovered": True}:
            assert happened.keys() <= set(BROKEN), happened

    async def end(self) -> None:
        """Disconnect it and wait for its end; everything must have been read."""
        if not self._has_ended:
            self._has_ended = True
            assert not self._kept, f"nobody read {list(self._kept)}"
            await self.tell({"disconnect": True})
            assert await self.program.end() == 0


@define
class Friend:
    """A user with a token."""

    hub: HubProcess
    number: int
    cookie: str
    auth: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.auth["userId"])

    def client(self, **auth: Any) -> AbstractAsyncContextManager[SocketIoProgram]:
        """The official JavaScript client in Node."""
        given = json.dumps(self.auth | auth)
        return talking(run_node("socketio_client.mjs", self.hub.url, given))

    def python_client(self, kind: str) -> AbstractAsyncContextManager[SocketIoProgram]:
        """A client of python-socketio, for `threads` or for `asyncio`."""
        module = "tests.support.programs.python_socketio"
        given = json.dumps(self.auth)
        return talking(run_talking(sys.executable, "-m", module, kind, self.hub.url, given))


@asynccontextmanager
async def talking(
    program: AbstractAsyncContextManager[TalkingProgram],
) -> AsyncIterator[SocketIoProgram]:
    async with program as started:
        client = SocketIoProgram(started)
        yield client
        await client.end()


async def sign_up(hub: HubProcess, name: str) -> Friend:
    number, cookie = await hub.sign_up(name)
    token = await hub.call("POST", "/api/auth/token", {}, cookie)
    assert token.status == 200, token.text
    auth = {"userId": token.json["userId"], "token": token.json["token"]}
    return Friend(hub, number, cookie, auth)
