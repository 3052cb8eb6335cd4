"""A device of somebody: it remembers what it has, sends until it is confirmed, and comes back.

It complains of what a user would complain of: a message that is missing, comes twice or out of
order; a mark that moves back; somebody who is called offline while they are here; news of what it
lost sight of.
"""

import json
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import h11
import trio
from attrs import define, evolve, field

from hub.sockets.outbox import MAX_CONTROL_BACKLOG
from protocol.model import ChannelId, UserId
from protocol.shapes.uuids import IdKind, to_uuid
from tests.simulation.languages import (
    Failed,
    Heard,
    Language,
    Lost,
    Online,
    Resumed,
    Seen,
    SocketIo,
    Typing,
)
from tests.support.clients.websocket import Closed, Refused, WebSocket, open_websocket
from tests.support.world import Person, World

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

REVOCATION_BOUND = 2.0
HERE_BOUND = 1.0


class Dropped(Exception):
    """The device lost its connection on purpose."""


@define(eq=False)
class OneAtATime(trio.abc.SendStream):
    """A stream on which the reading task answers pings while another one sends."""

    stream: trio.abc.SendStream
    _lock: trio.Lock = field(factory=trio.Lock)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        async with self._lock:
            await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self.stream.aclose()


@define(eq=False)
class Device:
    """One device.

    Args:
        sim: the simulation.
        name: for the trace.
        person: whose it is.
        language: what it speaks.
    """

    sim: "Simulation"
    name: str
    person: Person
    language: Language
    last: dict[ChannelId, int] = field(factory=dict)
    pending: dict[str, tuple[ChannelId, str]] = field(factory=dict)
    said: Counter[str] = field(factory=Counter)
    joined: set[ChannelId] = field(factory=set)
    seen: dict[tuple[UserId, UserId], int] = field(factory=dict)
    here_since: float | None = None
    is_slow: bool = False
    _resumed: bool = False
    _asking: bool = False
    _connected_at: float = 0.0
    _count: int = 0

    @property
    def me(self) -> UserId:
        return self.person.id

    def channels(self) -> list[ChannelId]:
        return self.sim.places.of(self.me, room=self.language.room)

    async def live(self) -> None:
        """Come back again and again until the simulation is over."""
        dice = self.sim.dice
        while not self.sim.over:
            world = await self.sim.running()
            try:
                socket = await self._connect(world)
                try:
                    await self._use(socket)
                finally:
                    self.here_since = None
                    await trio.aclose_forcefully(socket.stream)
            except (Closed, Refused, Dropped, trio.BrokenResourceError, trio.ClosedResourceError):
                pass
            self.sim.note(self.name, "away")
            await trio.sleep(dice.random() * (0.2 if self.sim.is_calm else 2.0))

    async def _connect(self, world: World) -> WebSocket:
        person = evolve(self.person, world=world)
        self.is_slow = not self.sim.is_calm and self.sim.dice.random() < 0.15
        stream = world.connect_lockstep() if self.is_slow else world.connect()
        stream.send_stream = OneAtATime(stream.send_stream)
        self.joined, self._resumed = set(), False
        self._connected_at = trio.current_time()
        try:
            with trio.fail_after(20):
                if isinstance(self.language, SocketIo):
                    socket = await open_websocket(stream, self.language.path)
                    token = world.services.tokens.issue(
                        to_uuid(IdKind.USER, self.me), self.sim.hour
                    )
                    await socket.send_text(f"40{json.dumps({'token': token})}")
                    return socket
                cookies = f"{person.cookie}; {person.platform_cookie}"
                return await open_websocket(stream, f"{self.language.path}?resume", Cookie=cookies)
        except trio.TooSlowError:
            raise Refused(0, "too slow") from None

    async def _use(self, socket: WebSocket) -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read, socket)
                await self._act(socket)
                nursery.cancel_scope.cancel()
        except* (Closed, Dropped, trio.BrokenResourceError, trio.ClosedResourceError):
            raise Dropped from None

    # What it hears.

    async def _read(self, socket: WebSocket) -> None:
        dice = self.sim.dice
        while True:
            if self.is_slow and dice.random() < 0.2:
                await trio.sleep(dice.random() * 4.0)
            for frame in await self._frames(socket):
                self._understand(frame)

    async def _frames(self, socket: WebSocket) -> list[Any]:
        if not isinstance(self.language, SocketIo):
            return [await socket.receive()]
        text = await socket.receive_text()
        if text == "2":
            await socket.send_text("3")
        if text.startswith("44") or text == "41":
            raise Dropped
        return [json.loads(text[2:])] if text.startswith("42[") else []

    def _understand(self, frame: Any) -> None:
        self.here_since = self.here_since or trio.current_time()
        match self.language.meaning(self.sim.places, self.me, frame):
            case Heard() as heard:
                self._heard(heard)
            case Resumed(complete=complete):
                self.sim.require(complete, f"{self.name} was not told everything")
                self.sim.note(self.name, "resumed")
                self._resumed, self._asking = True, False
                self.joined = {each for each in self.channels() if self.sim.may_see(self.me, each)}
            case Failed(key=None, may_retry=True) if self._asking:
                raise Dropped  # and try again
            case Failed(key=str() as key, may_retry=False):
                if self.pending.pop(key, None) is not None and self.said[key] == 1:
                    self.sim.refused.add(key)  # of a repeat, another copy may have been stored
            case Online(user_id=user_id, is_online=False):
                self._offline(user_id)
            case Typing(channel_id=channel_id):
                self._may_hear_of(channel_id, "typing")
            case Seen(reader=reader, author=author, seq=seq):
                before = self.seen.get((reader, author), 0)
                self.sim.require(seq >= before, f"{self.name}: a mark moved back")
                self.seen[reader, author] = seq
            case Lost(channel_id=channel_id):
                self.joined.discard(channel_id)
            case _:
                pass

    def _heard(self, heard: Heard) -> None:
        channel_id, seq = heard.channel_id, heard.seq
        key = heard.content.partition(" ")[0]
        if self.pending.pop(key, None) is not None:
            self.sim.acknowledged.add(key)
        if heard.content == key and channel_id not in self.joined:
            return  # a confirmation, where the device is not told of the others' messages
        self.sim.note(self.name, f"heard {channel_id}:{seq} {key}")
        expected = self.last.get(channel_id, 0) + 1
        if self.said[key] > 1 and seq != expected:
            self.said[key] -= 1
            return  # a repeat is confirmed with the first message, out of its place
        problem = "again" if seq < expected else "too early"
        if seq > expected and self.sim.was_lost(self.me, channel_id, self._connected_at):
            raise Dropped  # it was closed to this user when they resumed: a gap, so resume again
        self.sim.require(
            seq == expected, f"{self.name} heard {channel_id}:{seq} {problem}, {expected} is next"
        )
        self.last[channel_id] = seq
        self._may_hear_of(channel_id, "a message")

    def _may_hear_of(self, channel_id: ChannelId, what: str) -> None:
        since = self.sim.lost_since(self.me, channel_id)
        late = not self.is_slow and since > REVOCATION_BOUND
        self.sim.require(not late, f"{self.name} heard {what} of {channel_id} {since:.1f} s late")

    def _offline(self, user_id: UserId) -> None:
        now = trio.current_time()
        here = [
            device.name
            for device in self.sim.devices
            if device.me == user_id
            and device.here_since is not None
            and now - device.here_since > HERE_BOUND
            and not device.is_slow
        ]
        if not self.is_slow and self.sim.related(self.me, user_id):
            self.sim.require(not here, f"{self.name} heard that {user_id} left; here: {here}")

    # What it does.

    async def _act(self, socket: WebSocket) -> None:
        dice, sim = self.sim.dice, self.sim
        await self._resume(socket)
        while not sim.over:
            with trio.move_on_after(0.05 + dice.random() * (0.3 if sim.is_calm else 1.0)):
                await sim.over_event.wait()
            if not self._resumed:
                continue
            if sim.is_calm or dice.random() < 0.3:
                await self._go_on(socket)
            elif dice.random() < 0.5:
                await self._send_something(socket)
            elif dice.random() < 0.2:
                raise Dropped
            elif dice.random() < 0.3:
                await self._read_something()
            else:
                channel_id = dice.choice(self.channels())
                await self._say(socket, self.language.typing(sim.places, self.me, channel_id))

    async def _go_on(self, socket: WebSocket) -> None:
        """Repeat what was not confirmed, and ask for what it lost sight of."""
        for key, (channel_id, content) in list(self.pending.items()):
            if channel_id in self.joined:
                frame = self.language.send(self.sim.places, self.me, channel_id, content, key)
                self.said[key] += 1
                await self._say(socket, frame)
        if any(self.sim.was_found(self.me, each, self._connected_at) for each in self.channels()):
            raise Dropped  # nobody tells what can be seen again: come back and ask
        lost = set(self.channels()) - self.joined
        if not self._asking and any(self.sim.may_see(self.me, channel_id) for channel_id in lost):
            await self._resume(socket)

    async def _resume(self, socket: WebSocket) -> None:
        self._asking = True
        await self._say(socket, self.language.resume(self.sim.places, self.me, dict(self.last)))

    async def _send_something(self, socket: WebSocket) -> None:
        dice = self.sim.dice
        candidates = [each for each in self.channels() if each in self.joined]
        if not candidates or len(self.pending) > 5:
            return
        channel_id = dice.choice(candidates)
        self._count += 1
        key = f"{self.name}-{self._count}"
        content = f"{key} {'x' * dice.choice((0, 0, 10, 800))}."
        self.pending[key] = (channel_id, content)
        self.sim.note(self.name, f"sends {key}")
        frame = self.language.send(self.sim.places, self.me, channel_id, content, key)
        self.said[key] += 1
        await self._say(socket, frame)
        if dice.random() < 0.2:
            self.said[key] += 1
            await self._say(socket, frame)  # impatient

    async def _read_something(self) -> None:
        """Over REST, which moves the mark of a whole conversation."""
        places = self.sim.places
        channel_id = self.sim.dice.choice(places.of(self.me, room=False))
        world = await self.sim.running()
        person = evolve(self.person, world=world)
        path = f"/private_messages/api/messages/{places.peer(self.me, channel_id)}/read"
        with trio.move_on_after(5.0), suppress(h11.RemoteProtocolError):  # the hub may crash
            await person.call("PUT", path)

    async def _say(self, socket: WebSocket, frame: Any) -> None:
        if isinstance(self.language, SocketIo):
            await socket.send_text(f"42{json.dumps(frame)}")
        else:
            await socket.send(frame)


def outbox_overflow(world: World) -> str | None:
    """Whether a connection holds back more than it may."""
    for client in world.services.hub._clients:
        outbox = getattr(client.link, "_outbox", None)
        if outbox is not None:
            limit = outbox._capacity + MAX_CONTROL_BACKLOG
            if outbox.size > limit:
                return f"an outbox of {outbox.size} bytes, allowed are {limit}"
    return None
