"""A Socket.IO client for tests that shows every packet."""

import json
from datetime import timedelta
from typing import Any, Self

from attrs import define, field

from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.websocket import WebSocket
from tests.support.quiet import until_quiet
from tests.support.school import School
from tests.support.world import Person, World

HOUR = timedelta(hours=1)
OFFSET = "recovery:offset"


def kind_of_packet(message: str | bytes) -> str:
    """The name of an event, or the kind of another packet."""
    match str(message)[:2]:
        case "42":
            return str(json.loads(str(message)[str(message).index("[") :])[0])
        case "43":
            return "acknowledgement"
        case other:
            return {"2": "ping", "40": "connect", "41": "disconnect"}.get(other, other)


@define
class Peer:
    """A Socket.IO client that shows every packet except those it ignores, and keeps what the test
    did not read, as its WebSocket does.
    """

    socket: WebSocket
    _ids: int = field(default=0, init=False)

    def ignoring(self, *names: str) -> Self:
        """From now on, events of these names need not be read, and are not shown."""
        self.socket.ignoring(*names)
        return self

    async def packet(self) -> str:
        """The next Socket.IO packet. Raises Closed."""
        message = await self.socket.receive_text()
        assert message.startswith("4"), message
        return message[1:]

    async def event(self) -> tuple[str, Any]:
        """The next event and its payload, which is its only argument: handlers may take no more."""
        packet = await self.packet()
        assert packet.startswith("2"), packet
        name, payload = json.loads(packet[1:])
        return name, payload

    async def emit(self, name: str, payload: object) -> None:
        await self.socket.send_text(f"42{json.dumps([name, payload])}")

    async def ask(self, name: str, payload: object) -> Any:
        """Emit and wait for the acknowledgement; events that come before it are kept."""
        self._ids += 1
        await self.socket.send_text(f"42{self._ids}{json.dumps([name, payload])}")
        prefix = f"43{self._ids}"
        answer = await self.socket.take(lambda message: str(message).startswith(f"{prefix}["))
        return json.loads(str(answer).removeprefix(prefix))[0]


def token_of(person: Person, lifetime: timedelta = HOUR) -> str:
    return person.world.services.tokens.issue(to_uuid(IdKind.USER, person.id), lifetime)


async def connect(world: World, auth: object, *, ignored: str = OFFSET) -> Peer:
    """A session that asked to connect. Pings are ignored, and another kind of packet."""
    path = "/socket.io/?EIO=4&transport=websocket"
    peer = Peer((await world.websocket(path, kind=kind_of_packet)).ignoring("ping", ignored))
    assert (await peer.socket.receive_text()).startswith("0{")
    await peer.socket.send_text(f"40{json.dumps(auth)}")
    await until_quiet()
    return peer


async def enter(person: Person, lifetime: timedelta = HOUR) -> Peer:
    peer = await connect(person.world, {"token": token_of(person, lifetime)})
    peer.socket.name = f"{person.user.username} on Socket.IO"
    assert (await peer.packet()).startswith('0{"sid":')
    return peer


def channel_of(school: School) -> str:
    return to_uuid(IdKind.CHANNEL, school.general.id)
