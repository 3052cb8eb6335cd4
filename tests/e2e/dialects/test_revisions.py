"""Revisions are made in every dialect and sent in every dialect, live and after a break: the frames
of revisions.txt, on real sockets of a hub that is killed in between.

Ann gives each command in each dialect that can (`/gateway` only receives, so its users use REST),
and Ben's devices receive the events of all of them, so each expected line is checked once for each
dialect of the command. Not every dialect shows every channel: a conversation is not on `/gateway`,
a channel of a workspace neither on `/ws` nor on `/messagepal`.
"""

import json
import re
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define, field, frozen

from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.http import request
from tests.support.clients.socketio import OFFSET, Peer, kind_of_packet
from tests.support.clients.websocket import WebSocket, open_websocket
from tests.support.programs.hub_process import HubProcess, open_folder, run_hub
from tests.support.programs.node import require_node
from tests.support.programs.socketio import Friend, SocketIoProgram, sign_up

TRANSCRIPT: Final = Path(__file__).with_name("revisions.txt")
SOCKETIO: Final = "/socket.io/"
PRESENCE: Final = ("user_online_status", "user_presence", "PRESENCE_UPDATE")
REST: Final = "/gateway"
PLACES: Final = ("general", "dm")


@frozen
class Section:
    """What is done in a channel: the command in each dialect, and the frames in each."""

    what: str
    place: str
    given: Mapping[str, str]
    heard: Mapping[str, str]


def sections() -> Mapping[tuple[str, str], Section]:
    """The sections of the transcript, by command and channel."""
    found: dict[tuple[str, str], Section] = {}
    for part in TRANSCRIPT.read_text().split("\n== ")[1:]:
        title, *lines = part.splitlines()
        what, _, place = title.partition(" in ")
        given: dict[str, str] = {}
        heard: dict[str, str] = {}
        for line in lines:
            if line and not line.startswith("#"):
                name, way, said = line.split(maxsplit=2)
                {">": given, "<": heard}[way][name] = said
        found[what, place] = Section(what, place, given, heard)
    return found


SECTIONS: Final = sections()
HEARD: Final = {place: SECTIONS["edited", place].heard.keys() for place in PLACES}
GIVEN: Final = {place: SECTIONS["edited", place].given.keys() for place in PLACES}
LIVE: Final = {
    place: [what for what, where in SECTIONS if where == place and not what.startswith("missed")]
    for place in PLACES
}


@define
class Names:
    """The values of `$name` (a number), `#name` (in a string) and `@name` (a UUID)."""

    numbers: dict[str, int]
    kinds: dict[str, IdKind]

    def fill(self, text: str) -> str:
        text = re.sub(r"[$#]([a-z]+)", lambda found: str(self.numbers[found[1]]), text)
        return re.sub(r"@([a-z]+)", lambda found: self._uuid(found[1]), text)

    def _uuid(self, name: str) -> str:
        return to_uuid(self.kinds[name], self.numbers[name])


def flaw(expected: Any, actual: Any) -> str | None:
    """How a frame differs. `"*"` is anything; with `"…"` an object may have more fields."""
    match expected:
        case "*":
            return None
        case dict():
            if not isinstance(actual, dict):
                return f"{actual} is no object"
            more = actual.keys() - expected.keys() if "…" not in expected else set()
            less = expected.keys() - actual.keys() - {"…"}
            if more or less:
                return f"has {sorted(more)} and not {sorted(less)}"
            flaws = (flaw(value, actual[name]) for name, value in expected.items() if name != "…")
            return next(filter(None, flaws), None)
        case list() if isinstance(actual, list) and len(actual) == len(expected):
            return next(filter(None, map(flaw, expected, actual)), None)
        case _:
            return None if expected == actual else f"{actual!r} is not {expected!r}"


@define
class Device:
    """A device of Ben's. `client`: a Socket.IO client, one that resumes, and the stock one."""

    name: str
    carrier: str
    client: WebSocket | Peer | SocketIoProgram

    async def hears(self) -> Any:
        """The next frame, or [event, payload]."""
        match self.client:
            case WebSocket():
                return await self.client.receive()
            case Peer():
                return list(await self.client.event())
            case SocketIoProgram():
                happened = await self.client.happened()
                return [happened["event"], happened["data"]]

    async def is_silent(self) -> None:
        match self.client:
            case WebSocket() as socket:
                await socket.is_silent()
            case Peer(socket=socket):
                await socket.is_silent()
            case SocketIoProgram():
                pass  # unread frames fail the test when it ends


@define
class Scene:
    """A hub, Ann who owns a workspace, and Ben."""

    hub: HubProcess
    ann: Friend
    ben: Friend
    names: Names
    sessions: dict[str, str]
    devices: dict[str, Device] = field(factory=dict)
    revs: dict[str, int] = field(factory=lambda: {"dm": 0, "general": 0})
    posted: dict[str, int] = field(factory=lambda: {"dm": 0, "general": 0})

    async def call(self, path: str, method: str, body: object = None) -> Any:
        """A call of Ann's, with all her sessions."""
        async with await self.hub.connect() as stream:
            headers = {"Cookie": self.sessions["ann"]}
            reply = await request(stream, method, path, body, headers)
        assert reply.status in (200, 201), reply.text
        return reply.json

    async def post(self, place: str) -> int:
        """Post a message as Ann; returns its id."""
        body = {"channelId": self.names.numbers[place], "content": "helo"}
        message = await self.call("/learning_platform/api/messages", "POST", body)
        self.posted[place] += 1
        assert message["seq"] == self.posted[place]
        return int(message["id"])

    async def open(self, carrier: str, who: str) -> WebSocket:
        """A WebSocket, past its first frame."""
        stream = await self.hub.connect()
        socket = await open_websocket(stream, carrier, Cookie=self.sessions[who])
        if carrier == "/gateway":
            await socket.send({"op": "IDENTIFY", "d": {"userId": self.names.numbers[who]}})
        await socket.ignoring(*PRESENCE).receive()
        return socket

    async def enter(self, friend: Friend) -> Peer:
        """A client of Socket.IO that cannot be recovered."""
        stream = await self.hub.connect()
        socket = await open_websocket(stream, f"{SOCKETIO}?EIO=4&transport=websocket")
        socket.kind = kind_of_packet
        peer = Peer(socket.ignoring("ping", OFFSET, "message:offline"))
        assert (await socket.receive_text()).startswith("0{")
        await socket.send_text(f"40{json.dumps({'token': friend.auth['token']})}")
        assert (await peer.packet()).startswith('0{"sid"')
        return peer

    async def give(self, what: str, place: str, giver: str, message_id: int) -> None:
        """Ann gives a command, over REST where the dialect has none, and it is carried out."""
        self.revs[place] += 1
        self.names.numbers |= {"m": message_id, "rev": self.revs[place]}
        given = SECTIONS[what, place].given
        said = self.names.fill(given.get(giver, given[REST]))
        if not said.startswith(("{", "[")):
            method, path, body = (*said.split(maxsplit=2), "null")[:3]
            await self.call(path, method, json.loads(body))
        elif giver == SOCKETIO:
            peer = await self.enter(self.ann)
            answer = await peer.ask(*json.loads(said))
            assert answer["success"] is True, answer
            await peer.socket.stream.aclose()
        else:
            socket = await self.open(giver, "ann")
            if giver == "/ws/chat":
                channel = self.names.numbers[place]
                await socket.send({"type": "join_channel", "channelId": channel})
                await socket.receive_type("joined_channel")
            await socket.send_text(said)
            told = await socket.receive_text()
            assert f'"rev":{self.revs[place]}' in told, told
            await socket.stream.aclose()

    async def connect_devices(self, stack: AsyncExitStack) -> None:
        """Connect Ben's devices, each to every channel that its dialect shows."""
        for carrier in ("/ws", "/messagepal", "/gateway", "/ws/chat"):
            socket = await self.open(carrier, "ben")
            stack.push_async_callback(socket.stream.aclose)
            self.devices[carrier] = Device(carrier, carrier, socket)
            for place in PLACES if carrier == "/ws/chat" else ():
                channel = self.names.numbers[place]
                await socket.send({"type": "join_channel", "channelId": channel})
                await socket.receive_type("joined_channel")
        peer = await self.enter(self.ben)
        stack.push_async_callback(peer.socket.stream.aclose)
        stock = await stack.enter_async_context(self.ben.client())
        assert await stock.happened() == {"connected": True}
        await stock.heard("message:offline")
        for client in (peer, stock):
            for place in ("@dm", "@general"):
                await client.ask("room:join", self.names.fill(place))
            self.devices[type(client).__name__] = Device(type(client).__name__, SOCKETIO, client)

    async def are_told(self, what: str, place: str) -> None:
        """Every device whose dialect shows it gets the frame, and nothing else before. The stock
        client of Socket.IO does not resume: it is recovered.
        """
        for device in self.devices.values():
            said = SECTIONS[what, place].heard.get(device.carrier)
            if said is None or (what == "resumed" and isinstance(device.client, SocketIoProgram)):
                continue
            frame, expected = await device.hears(), self.names.fill(said)
            wrong = flaw(json.loads(expected), frame)
            assert wrong is None, f"{device.name}, {what} in {place}: {wrong}\n{frame}\n{expected}"

    async def come_back(self, stack: AsyncExitStack, revs: Mapping[str, int]) -> None:
        """Every device resumes in its dialect: all report that they have every message, and the
        revisions up to `revs`.
        """
        for device in self.devices.values():
            places = [place for place in PLACES if device.carrier in HEARD[place]]
            names = {place: self._name(device.carrier, place) for place in places}
            resume = {
                "after": {names[place]: self.posted[place] for place in places},
                "revs": {names[place]: revs[place] for place in places},
            }
            match device.client:
                case SocketIoProgram() as stock:
                    stock.program.process.send_signal(signal.SIGCONT)
                    await stock.comes_back()
                case Peer():
                    device.client = peer = await self.enter(self.ben)
                    stack.push_async_callback(peer.socket.stream.aclose)
                    await peer.emit("resume", resume)
                case WebSocket():
                    device.client = socket = await self.open(device.carrier, "ben")
                    socket.ignoring("joined_channel")
                    stack.push_async_callback(socket.stream.aclose)
                    is_gateway = device.carrier == "/gateway"
                    frame = {"op": "RESUME", "d": resume} if is_gateway else resume
                    await socket.send({"type": "resume", **frame})

    def _name(self, carrier: str, place: str) -> str:
        """The name of a channel in the positions of a dialect."""
        match carrier:
            case "/ws":
                return self.names.fill("$ann")
            case "/messagepal":
                return self.names.fill("conv_#ann_#ben")
            case "/socket.io/":
                return self.names.fill(f"@{place}")
            case _:
                return self.names.fill(f"${place}")


async def open_scene(hub: HubProcess) -> Scene:
    ann, ben = await sign_up(hub, "ann"), await sign_up(hub, "ben")
    sessions = {}
    for name, friend in (("ann", ann), ("ben", ben)):
        reply = await hub.call("POST", "/learning_platform/api/auth/session", {}, friend.cookie)
        platform = reply.headers["set-cookie"].partition(";")[0]
        sessions[name] = f"{friend.cookie}; {platform}"
    numbers = {"ann": ann.number, "ben": ben.number}
    kinds = dict.fromkeys(numbers, IdKind.USER) | {"m": IdKind.MESSAGE}
    scene = Scene(hub, ann, ben, Names(numbers, kinds), sessions)
    base = "/learning_platform/api"
    school = await scene.call(f"{base}/workspaces", "POST", {"name": "School"})
    numbers["school"] = school["id"]
    for name, path, body in (
        ("member", f"workspaces/{school['id']}/members", {"userId": ben.number}),
        ("general", f"workspaces/{school['id']}/channels", {"name": "general"}),
        ("dm", "channels/dm", {"userIds": [ann.number, ben.number]}),
    ):
        made = await scene.call(f"{base}/{path}", "POST", body)
        numbers[name] = made.get("id", 0)
        kinds[name] = IdKind.CHANNEL
    return scene


@pytest.mark.timeout(40)  # for a frame that does not come
async def test_every_dialect_gets_the_revisions_made_in_every_dialect() -> None:
    require_node()
    flags = ("--joining", "at_once")
    with open_folder() as folder, run_hub(folder / "data", *flags) as hub:
        scene = await open_scene(hub)
        rounds = [(place, giver) for place in PLACES for giver in GIVEN[place]]
        posted = {each: [await scene.post(each[0]) for _ in range(3)] for each in rounds}
        async with AsyncExitStack() as stack:
            await scene.connect_devices(stack)
            for place, giver in rounds:
                for what in LIVE[place]:
                    await scene.give(what, place, giver, posted[place, giver][0])
                    await scene.are_told(what, place)
            for device in scene.devices.values():
                await device.is_silent()
            await take_a_break(scene, folder / "data", flags, posted)


async def take_a_break(
    scene: Scene, data_dir: Path, flags: Sequence[str], posted: Mapping[tuple[str, str], list[int]]
) -> None:
    """The hub is killed, and many messages are revised while the devices are away."""
    known = dict(scene.revs)
    missed: dict[str, list[tuple[str, int, int]]] = {place: [] for place in PLACES}
    stock = scene.devices["SocketIoProgram"].client
    assert isinstance(stock, SocketIoProgram)
    stock.program.process.send_signal(signal.SIGSTOP)
    scene.hub.process.kill()
    scene.hub.process.wait()
    with run_hub(data_dir, *flags, port=scene.hub.port) as scene.hub:
        for (place, giver), (_, changed, deleted) in posted.items():
            for what in ("edited", "a reaction", "pinned"):
                if what in LIVE[place]:
                    await scene.give(what, place, giver, changed)
            missed[place].append(("missed: changed", changed, scene.revs[place]))
            await scene.give("deleted", place, giver, deleted)
            missed[place].append(("missed: deleted", deleted, scene.revs[place]))
        async with AsyncExitStack() as stack:
            await scene.come_back(stack, known)
            for place in PLACES:
                for what, message_id, rev in missed[place]:
                    scene.names.numbers |= {"m": message_id, "rev": rev}
                    await scene.are_told(what, place)
            scene.names.numbers |= {f"last{place}": rev for place, rev in scene.revs.items()}
            await scene.are_told("resumed", "both")
            for device in scene.devices.values():
                await device.is_silent()
            await stock.end()
