"""A Socket.IO client for tests that shows every packet."""

import json
from datetime import timedelta
from typing import Any

from attrs import define, field

from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.frames import CLOSE, TEXT
from tests.support.clients.websocket import Closed, WebSocket, open_websocket
from tests.support.school import School
from tests.support.world import Person, World

HOUR = timedelta(hours=1)


@define
class Peer:
    """A Socket.IO client that shows every packet."""

    socket: WebSocket
    offset: str | None = field(default=None, init=False)
    _ids: int = field(default=0, init=False)

    async def packet(self) -> str:
        """The next Socket.IO packet, past pings. Raises Closed."""
        while True:
            opcode, payload = await self.socket._frame()
            if opcode == CLOSE:
                raise Closed(int.from_bytes(payload[:2], "big"), payload[2:].decode())
            if opcode == TEXT and payload.startswith(b"4"):
                return payload[1:].decode()

    async def event(self) -> tuple[str, Any]:
        """The next event and its payload."""
        packet = await self.packet()
        assert packet.startswith("2"), packet
        name, payload, *offset = json.loads(packet[1:])
        self.offset = offset[0] if offset else self.offset
        return name, payload

    async def emit(self, name: str, payload: object) -> None:
        await self.socket.send_text(f"42{json.dumps([name, payload])}")

    async def ask(self, name: str, payload: object) -> Any:
        """Emit and wait for the acknowledgement, past events."""
        self._ids += 1
        await self.socket.send_text(f"42{self._ids}{json.dumps([name, payload])}")
        while not (packet := await self.packet()).startswith(f"3{self._ids}["):
            pass
        return json.loads(packet[len(f"3{self._ids}") :])[0]


def token_of(person: Person, lifetime: timedelta = HOUR) -> str:
    return person.world.services.tokens.issue(to_uuid(IdKind.USER, person.id), lifetime)


async def connect(world: World, auth: object) -> Peer:
    """A session that asked to come in."""
    path = "/socket.io/?EIO=4&transport=websocket"
    peer = Peer(await open_websocket(world.connect(), path))
    await peer.socket.send_text(f"40{json.dumps(auth)}")
    return peer


async def enter(person: Person, lifetime: timedelta = HOUR) -> Peer:
    peer = await connect(person.world, {"token": token_of(person, lifetime)})
    assert (await peer.packet()).startswith('0{"sid":')
    return peer


def channel_of(school: School) -> str:
    return to_uuid(IdKind.CHANNEL, school.general.id)
