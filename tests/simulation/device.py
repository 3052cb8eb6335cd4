"""A simulated device: it remembers what it received, repeats messages until they are confirmed, and
reconnects.
"""

import json
from contextlib import suppress
from enum import IntEnum
from math import inf
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import trio
from attrs import define, field

from hub.identity.cookies import token_hash
from persistence.records import StoreUnavailable
from protocol.model import ChannelId, MessageId, SessionId, UserId
from protocol.shapes.uuids import IdKind, to_uuid
from tests.simulation.changes import Changes
from tests.simulation.forwarding import Forwards
from tests.simulation.judgement.ledger import Ledger
from tests.simulation.judgement.outgoing import Sent
from tests.simulation.judgement.truth import Right
from tests.simulation.languages import Language
from tests.simulation.languages.language import Call, NewMessage, send_over_rest
from tests.simulation.languages.socketio import SocketIo
from tests.simulation.nodes.node import OUTBOX_BYTES
from tests.simulation.notes.noting import Notes
from tests.simulation.searching import Searches
from tests.simulation.threads.following import Threads
from tests.support.clients.frames import CLOSE, client_frame
from tests.support.clients.websocket import Closed, Refused, WebSocket, open_websocket
from tests.support.world import Person, World

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

SIGN_IN_SECONDS = 20.0
HERE_SECONDS = 1.0
READY_SECONDS = 5.0
DOZE_SECONDS = 4.0  # in which a slow device reads nothing
MAX_PENDING = 5
NEW = 0.05  # share of the connections of a device that has nothing yet
REPLIES = 0.3  # share of messages that are replies
RECENT = 8  # the last messages of a channel; only these get replies
GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


class Code(IntEnum):
    """Why a WebSocket was closed."""

    NORMAL = 1000
    GOING_AWAY = 1001
    LOST = 1006  # without a close frame: the hub crashed
    TRY_AGAIN = 1013
    SESSION_ENDED = 4001
    TOO_SLOW = 4008


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
        number: of this device among those of its person; the keys of two people may be the same.
        person: its user, with the session of this device.
        language: its dialect.
        ledger: the frames that it received, and their check.
    """

    sim: "Simulation"
    number: int
    person: Person
    language: Language
    ledger: Ledger
    here_since: float | None = None
    gone_at: float = -inf
    is_leaving: bool = False
    has_left: trio.Event = field(factory=trio.Event, init=False)
    _session_id: SessionId = field(init=False)
    _leave: trio.Event = field(factory=trio.Event, init=False)
    _count: int = field(default=0, init=False)
    changes: Changes = field(init=False)
    searches: Searches = field(init=False)
    forwards: Forwards = field(init=False)
    notes: Notes = field(init=False)
    threads: Threads = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.changes = Changes(self)
        self.searches = Searches(self.sim, self.name)
        self.forwards = Forwards(self)
        self.notes = Notes(self)
        self.threads = Threads(self)
        self._session_id = self.sim.truth.opened(self.session_hash)

    @property
    def name(self) -> str:
        return self.ledger.name

    @property
    def me(self) -> UserId:
        return self.person.id

    @property
    def is_here(self) -> bool:
        """Whether it has been connected for long enough to count as online."""
        if self.here_since is None or self.ledger.connection.is_slow:
            return False
        return trio.current_time() - self.here_since > HERE_SECONDS

    def is_new_since(self, at: float) -> bool:
        """Whether it has connected since then."""
        return self.here_since is None or self.here_since > at

    @property
    def has_session(self) -> bool:
        """Whether the session that admits the device is still open."""
        return self.sim.truth.is_session_open(self.session_hash)

    @property
    def has_sessions(self) -> bool:
        """Whether all sessions that admit its REST calls are open: a logout ends one after the
        other.
        """
        hashes = (self._own_hash, self._platform_hash)
        return all(each in self.sim.tables.sessions for each in hashes)

    @property
    def session_hash(self) -> bytes:
        """The hash in the store of the session that admits it."""
        is_own = self.language.cookie == "session_token"
        return self._own_hash if is_own else self._platform_hash

    @property
    def _own_hash(self) -> bytes:
        return token_hash(self.person.token)

    @property
    def _platform_hash(self) -> bytes:
        return token_hash(unquote(self.person.signed).removeprefix("s:").rpartition(".")[0])

    def leave(self) -> None:
        """Close for good, and read the frames that still come."""
        self.is_leaving = True
        self._leave.set()

    async def live(self) -> None:
        """Connect again and again until it leaves."""
        dice = self.sim.dice
        while not self.is_leaving:
            world = await self.sim.cell.until_running()
            try:
                socket = await self._connect(world)
                try:
                    await self._use(socket)
                finally:
                    if self.is_here:
                        self.gone_at = trio.current_time()
                    self.here_since = None
                    await trio.aclose_forcefully(socket.stream)
            except Closed as closed:
                self._check_end(closed)
            except Refused as refused:
                self._check_refusal(refused)
            except (Dropped, *GONE):
                pass
            if not self.has_session and not self.is_leaving:
                await self._sign_in()
            self.sim.note(self.name, "away")
            if not self.is_leaving:
                await trio.sleep(dice.random() * (0.2 if self.sim.is_calm else 2.0))
        self.has_left.set()

    async def _sign_in(self) -> None:
        """Open a new session, and perhaps try the ended one before."""
        if not self.sim.is_calm and self.sim.dice.random() < 0.3:
            await self._try_ended_session()
        if self.sim.is_calm or self.sim.dice.random() < 0.7:
            world = await self.sim.cell.until_running()
            # a node that has ended does not respond any more
            with suppress(StoreUnavailable), trio.move_on_after(SIGN_IN_SECONDS):
                self.person = await world.sign_in(self.person.user)
                self._session_id = self.sim.truth.opened(self.session_hash)

    async def _try_ended_session(self) -> None:
        """Use the ended session over REST, where no connection is closed when a session ends."""
        await trio.sleep(self.sim.truth.bound + 0.1)
        is_own = self.language.cookie == "session_token"
        path = "private_messages/api/auth/session" if is_own else "learning_platform/api/users/me"
        is_long_ended = self.sim.truth.is_session_long_ended(self.session_hash)
        reply = await self.sim.call(self.person, Call("GET", f"/{path}"))
        if is_long_ended and reply is not None:
            turned_away = reply.status in (401, 503)
            self.sim.require(turned_away, f"{self.name} gets in over REST after its session")

    async def _connect(self, world: World) -> WebSocket:
        dice = self.sim.dice
        is_slow = not self.sim.is_calm and dice.random() < 0.15
        holds = not isinstance(self.language, SocketIo) and dice.random() < 0.7
        stream = world.connect_lockstep() if is_slow else world.connect()
        stream.send_stream = OneAtATime(stream.send_stream)
        if not self.sim.is_calm and dice.random() < NEW:
            self.ledger.forgets()
        self.ledger.connected(is_slow=is_slow, holds=holds)
        try:
            with trio.fail_after(20):
                if isinstance(self.language, SocketIo):
                    socket = await open_websocket(stream, self.language.path)
                    whose = to_uuid(IdKind.USER, self.me)
                    token = world.services.tokens.issue(
                        whose, self.sim.lifetime(), self._session_id
                    )
                    await socket.send_text(f"40{json.dumps({'token': token})}")
                    return socket
                cookies = f"{self.person.cookie}; {self.person.platform_cookie}"
                path = f"{self.language.path}{'?resume' if holds else ''}"
                return await open_websocket(stream, path, Cookie=cookies)
        except trio.TooSlowError:
            raise Dropped from None

    async def _use(self, socket: WebSocket) -> None:
        """Read and act until one of the two ends. Raises Closed or Dropped."""
        ends: list[Closed] = []

        async def read() -> None:
            try:
                await self._read(socket)
            except Closed as end:
                ends.append(end)
                nursery.cancel_scope.cancel()

        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read)
                await self._act(socket)
                # The device leaves: the reading task ends when the hub has closed, too.
        except* (Dropped, *GONE):
            raise Dropped from None
        if ends:
            raise ends[0]

    def _check_end(self, closed: Closed) -> None:
        """Check why the hub closed."""
        code, connection = closed.code, self.ledger.connection
        self.sim.note(self.name, f"is closed: {code}")
        match code:
            case Code.SESSION_ENDED:
                self.sim.require(not self.has_session, f"{self.name} was put out, and may stay")
            case Code.TOO_SLOW:
                # A device that reads in time is closed as well if more comes at once than the
                # outbox holds, half of which may be typing and presence.
                is_much = self.ledger.due_bytes() > OUTBOX_BYTES // 2
                is_true = connection.is_slow or is_much
                self.sim.require(is_true, f"{self.name} is called too slow, and is not")
            case Code.TRY_AGAIN:
                failed = trio.current_time() - self.sim.weather.failed_at < 20.0
                self.sim.require(failed, f"{self.name} is told to try again without a reason")
            case Code.GOING_AWAY:
                stopped = self.sim.cell.has_stopped
                self.sim.require(stopped, f"{self.name} is sent away, and no hub stops")
            case Code.NORMAL:
                self.sim.require(self.is_leaving, f"{self.name} was closed without a reason")
            case _:
                self.sim.require(code == Code.LOST, f"{self.name} was closed with {closed}")

    def _check_refusal(self, refused: Refused) -> None:
        self.sim.note(self.name, f"is refused: {refused.status}")
        if refused.status == 401:
            self.sim.require(not self.has_session, f"{self.name} is refused, and has a session")
        else:
            self.sim.require(refused.status in (0, 503), f"{self.name} is refused: {refused}")

    # What it receives.

    async def _read(self, socket: WebSocket) -> None:
        dice, connection = self.sim.dice, self.ledger.connection
        while True:
            if connection.is_slow and not self.sim.is_calm and dice.random() < 0.2:
                await trio.sleep(dice.random() * DOZE_SECONDS)
            for frame in await self._frames(socket):
                self.here_since = self.here_since or trio.current_time()
                self.ledger.receive(frame)

    async def _frames(self, socket: WebSocket) -> list[Any]:
        if not isinstance(self.language, SocketIo):
            return [await socket.receive()]
        text = await socket.receive_text()
        match text[:2]:
            case "2":
                await socket.send_text("3")
            case "44" | "41":
                raise Dropped
            case "42":
                return [json.loads(text[2:])]
            case "40" | "0{":
                self.ledger.connection.is_ready = True
            case _:
                self.sim.require(False, f"{self.name} does not know the packet {text}")
        return []

    # What it does.

    async def _act(self, socket: WebSocket) -> None:
        """Act until the device leaves. Raises Dropped."""
        dice, sim = self.sim.dice, self.sim
        await self._begin(socket)
        while not self._leave.is_set():
            with trio.move_on_after(0.05 + dice.random() * (0.3 if sim.is_calm else 1.0)):
                await self._leave.wait()
            if sim.is_still:
                await self._leave.wait()
            elif self._leave.is_set():
                break
            elif sim.is_calm or dice.random() < 0.3 or not self.ledger.connection.is_resumed:
                await self._go_on(socket)
            elif dice.random() < 0.4:
                await self._use_rest()
            elif dice.random() < 0.12:
                await self.notes.make_one(socket)
            else:
                await self._speak(socket)
        await self._close(socket)

    async def _use_rest(self) -> None:
        """Make calls that need no connection."""
        dice = self.sim.dice
        if dice.random() < 0.55:
            await self.changes.make_some()
        elif dice.random() < 0.4:
            await self.threads.make_some()
        elif dice.random() < 0.5:
            await self.searches.make_one(self.person, is_let_in=lambda: self.has_sessions)
        else:
            await self.forwards.make_some()

    async def _speak(self, socket: WebSocket) -> None:
        """Do something over the connection. Raises Dropped."""
        dice = self.sim.dice
        if dice.random() < 0.6:
            await self._send_something(socket)
        elif dice.random() < 0.2:
            raise Dropped
        elif dice.random() < 0.4:
            await self._mark_something(socket)
        else:
            channel_id = dice.choice(self.ledger.channels())
            await self.say(socket, self.language.typing(self.sim.places, self.me, channel_id))

    async def _begin(self, socket: WebSocket) -> None:
        identify = self.language.identify(self.me)
        if identify is not None:
            await self.say(socket, identify)
            with trio.move_on_after(READY_SECONDS):
                while not self.ledger.connection.is_ready:  # noqa: ASYNC110  the clock is a mock
                    await trio.sleep(0.05)
            if not self.ledger.connection.is_ready:
                raise Dropped  # this dialect does not report the reason
        await self._resume(socket)

    async def _close(self, socket: WebSocket) -> None:
        """Close with a handshake, so that everything that the hub has sent is read."""
        if isinstance(self.language, SocketIo):
            await socket.send_text("41")
        await socket.stream.send_all(client_frame(CLOSE, Code.NORMAL.to_bytes(2, "big")))

    async def _go_on(self, socket: WebSocket) -> None:
        """Repeat what was not confirmed, and resume if something may be missing."""
        ledger, connection = self.ledger, self.ledger.connection
        await self.changes.repeat()
        await self.forwards.repeat()
        if connection.is_resumed:
            await self.notes.repeat(socket)
            for (_, key), sent in list(ledger.pending.items()):
                is_joined = sent.channel_id in connection.joined or not self.language.must_rejoin
                if is_joined or not self.sim.truth.sees(self.me, sent.channel_id):  # refused
                    await self._send(socket, key, sent)
        if connection.may_ask and (connection.needs_resume or self._may_have_missed()):
            await self._resume(socket)

    def _may_have_missed(self) -> bool:
        """Whether the user may see a channel again and the dialect has no event for that."""
        connection, truth = self.ledger.connection, self.sim.truth
        if self.language.must_rejoin:
            return any(
                truth.sees(self.me, each) and each not in connection.joined
                for each in self.ledger.channels()
            )
        return any(
            connection.asked_at < truth.sight(Right.RESUME, self.me, each).opened_at
            for each in self.sim.places.conversations_of(self.me)
        )

    async def _resume(self, socket: WebSocket) -> None:
        self.ledger.asks()
        last, revs, notes = self.ledger.last, self.ledger.states.known, self.ledger.notes.asks()
        asked = self.language.resume(self.sim.places, self.me, dict(last), dict(revs), notes)
        await self.say(socket, asked)

    async def _send_something(self, socket: WebSocket) -> None:
        dice, ledger = self.sim.dice, self.ledger
        candidates = [each for each in ledger.channels() if self._may_send(each)]
        if not candidates or len(ledger.pending) > MAX_PENDING:
            return
        channel_id = dice.choice(candidates)
        self._count += 1
        said = f"{self.name}-{self._count} {'x' * dice.choice((0, 0, 10, 800))}."
        text = f"{said}{self.changes.mention()}"
        sent = Sent(channel_id, text, trio.current_time(), self._choose_parent(channel_id))
        used = ledger.used_elsewhere(channel_id)
        key = used[-1] if used and self._count % 4 == 0 else f"{self.number}-{self._count}"
        self.sim.note(self.name, f"sends {sent.name} to {channel_id}")
        await self._send(socket, key, sent)
        if dice.random() < 0.2:
            await self._send(socket, key, sent)  # impatient

    def _choose_parent(self, channel_id: ChannelId) -> MessageId | None:
        """One of the last messages of the channel, or none; some of them are replies."""
        held = [position for position in self.ledger.states.held if position[0] == channel_id]
        if not held or self.sim.dice.random() > REPLIES:
            return None
        position = self.sim.dice.choice(sorted(held)[-RECENT:])
        return self.sim.truth.messages[position].message.id

    def _may_send(self, channel_id: ChannelId) -> bool:
        if self.language.must_rejoin:
            return channel_id in self.ledger.connection.joined
        return self.sim.truth.sees(self.me, channel_id)

    async def _send(self, socket: WebSocket, key: str, sent: Sent) -> None:
        self.sim.note(self.name, f"says {sent.name}")
        self.ledger.says(key, sent)
        new = NewMessage(sent.channel_id, sent.text, key, sent.parent_id)
        is_over_rest = self.sim.dice.random() < 0.1
        send = send_over_rest if is_over_rest else self.language.send
        frame = send(self.sim.places, self.me, new)
        if not isinstance(frame, Call):
            self.ledger.connection.unanswered[sent.channel_id, key] += 1
        await self.say(socket, frame)

    async def _mark_something(self, socket: WebSocket) -> None:
        """Mark any message as read, also an older one than before; or a whole conversation over
        REST.
        """
        dice, places = self.sim.dice, self.sim.places
        heard = [(channel, last) for channel, last in self.ledger.last.items() if last]
        if heard and dice.random() < 0.7:
            channel_id, last = dice.choice(heard)
            position = (channel_id, dice.randint(max(1, last - 3), last))
            message = self.sim.truth.messages[position].message
            is_read = dice.random() < 0.6
            await self.say(socket, self.language.mark(channel_id, message.id, is_read=is_read))
        else:
            peer = places.peer(self.me, dice.choice(places.conversations_of(self.me)))
            path = f"/private_messages/api/messages/{peer}/read"
            await self.say(socket, Call("PUT", path))

    async def say(self, socket: WebSocket, frame: Any) -> None:
        """Send a frame, or make a call over REST."""
        if isinstance(frame, Call):
            await self._call(frame)
        elif frame is not None and isinstance(self.language, SocketIo):
            await socket.send_text(f"42{json.dumps(frame)}")
        elif frame is not None:
            await socket.send(frame)

    async def _call(self, call: Call) -> None:
        reply = await self.sim.call(self.person, call)
        if call.key is not None and reply is not None:
            if reply.status == 401:
                self.sim.require(not self.has_sessions, f"{self.name} is not let in over REST")
            else:
                self.ledger.answered(call.key, reply.status, reply.json.get("code", ""))
