"""The users who write: pairs, and a room; each with devices of several dialects at several
nodes.
"""

import random
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Final

from attrs import define, field, frozen

from protocol.model import ChannelId, UserId, WorkspaceId
from tests.chaos.people.devices import Device, Person, Road, Sender
from tests.chaos.people.writers import Findings
from tests.cluster.installation import Node
from tests.simulation.languages import Language
from tests.simulation.languages.gateway import Gateway
from tests.simulation.languages.language import Places
from tests.simulation.languages.learning_chat import LearningChat
from tests.simulation.languages.messenger import Messenger
from tests.simulation.languages.private_messages import PrivateMessages
from tests.simulation.languages.socketio import SocketIo
from tests.support.stores.databases import execute

OF_PAIRS: Final[Sequence[type[Language]]] = (PrivateMessages, Messenger, LearningChat, SocketIo)
OF_THE_ROOM: Final[Sequence[type[Language]]] = (LearningChat, SocketIo, Gateway, Gateway)
DM: Final = "SELECT id FROM channels WHERE user_lo = $1 AND user_hi = $2"


@frozen
class Circle:
    """A channel, and every device that receives it."""

    channel_id: ChannelId
    devices: Sequence[Device]

    @property
    def senders(self) -> Sequence[Sender]:
        return [each for each in self.devices if isinstance(each, Sender)]


@define
class Meeting:
    """Makes users and their devices.

    Args:
        nodes: where the devices go in turn.
        dsn: the database.
        findings: get what goes wrong.
        dice: decide when they come and go.
        stay: seconds that a connection lasts, on average.
    """

    nodes: Sequence[Node]
    dsn: str
    findings: Findings
    dice: random.Random
    stay: float
    _turns: Iterator[int] = field(factory=count, init=False)

    async def pair(self, number: int, pause: float | None) -> Circle:
        """Two users, each with a device that writes and one that only reads. One of the two repeats
        messages that were not acknowledged. `pause`: seconds between two messages of one, on
        average; None: they write when `write_one` is called.
        """
        one, other = [await self._person(f"{side}{number}") for side in ("one", "other")]
        path = f"/private_messages/api/messages/{other.id}"
        await self._call("POST", path, {"content": "hello"}, one)
        found: Any = await execute(self.dsn, DM, *sorted((one.id, other.id)))
        channel_id = ChannelId(found)
        places = Places({}, {frozenset((one.id, other.id)): channel_id})
        devices: list[Device] = []
        for side, person in enumerate((one, other)):
            writes = OF_PAIRS[(number + side) % len(OF_PAIRS)]
            hears = OF_PAIRS[(number + side + 2) % len(OF_PAIRS)]
            repeats = (number + side) % 2 == 0
            devices += [
                self._sender(person, writes, places, channel_id, pause, repeats=repeats),
                self._device(person, hears, places, channel_id),
            ]
        return Circle(channel_id, devices)

    async def room(self, pause: float) -> Circle:
        """Members of a workspace in a room of it, of whom the first two write; see `pair`."""
        owner, *others = [await self._person(f"member{number}") for number in range(4)]
        workspace = await self._call("POST", "/api/workspaces", {"name": "School"}, owner)
        for each in others:
            path = f"/api/workspaces/{workspace['id']}/members"
            await self._call("POST", path, {"userId": each.id}, owner)
        body = {"workspaceId": workspace["id"], "name": "general"}
        room = ChannelId((await self._call("POST", "/api/channels", body, owner))["id"])
        places = Places({room: WorkspaceId(workspace["id"])}, {})
        devices: list[Device] = []
        for number, (person, language) in enumerate(
            zip((owner, *others), OF_THE_ROOM, strict=True)
        ):
            if number < 2:
                devices.append(
                    self._sender(person, language, places, room, pause, repeats=number == 0)
                )
            else:
                devices.append(self._device(person, language, places, room))
        return Circle(room, devices)

    def _device(
        self, person: Person, language: type[Language], places: Places, channel_id: ChannelId
    ) -> Device:
        return Device(*self._common(person, language, places, channel_id, "ear"))

    def _sender(
        self, person: Person, language: type[Language], places: Places, channel_id: ChannelId,
        pause: float | None, *, repeats: bool,
    ) -> Sender:  # fmt: skip
        common = self._common(person, language, places, channel_id, "pen")
        return Sender(*common, pause=pause, repeats=repeats)

    def _common(
        self, person: Person, language: type[Language], places: Places, channel_id: ChannelId,
        what: str,
    ) -> tuple[Any, ...]:  # fmt: skip
        ports = {node.name: node.port for node in self.nodes}
        at = self.nodes[next(self._turns) % len(self.nodes)].name
        road = Road(ports, random.Random(self.dice.random()), at)
        name = f"{person.name}/{language.__name__}/{what}"
        return person, language(), places, channel_id, road, self.findings, self.stay, name

    async def _person(self, name: str) -> Person:
        hub = self.nodes[0].hub
        user_id, own = await hub.sign_up(name)
        session = await hub.call("POST", "/learning_platform/api/auth/session", {}, own)
        platform = session.headers["set-cookie"].partition(";")[0]
        token = await hub.call("POST", "/api/auth/token", {}, own)
        return Person(UserId(user_id), name, f"{own}; {platform}", token.json["token"])

    async def _call(self, method: str, path: str, body: object, person: Person) -> Any:
        reply = await self.nodes[0].hub.call(method, path, body, person.cookies)
        assert reply.status in (200, 201), reply.text
        return reply.json
