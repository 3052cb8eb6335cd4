"""Mistakes with messages, users and connections."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import trio
from attrs import evolve

from hub.actor import backlog
from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import Delivery, Leave, ToEveryone, Unregister, WorkspaceRoom
from hub.identity.session_cache import SessionCache
from hub.limits.quotas import Place
from hub.services.posting.lane import Lane
from hub.services.posting.sequencer import Sequencer
from hub.services.presence.attendance import Attendance
from hub.services.typing.running import Running
from hub.services.workspaces import Workspaces
from hub.sockets.outbox import Offered, Outbox
from persistence.memory.channels import MemoryChannels
from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.messages import MemoryMessages
from persistence.memory.relations import MemoryRelations
from persistence.memory.tables import Tables
from persistence.records import Advance, Draft, Locked, Outcome, Permit, StoreUnavailable
from protocol.events import PrivateMessagesRead
from protocol.model import Channel, ChannelId, Message, MessageId, Posted, UserId
from tests.simulation.bugs.planting import Bug, replaced
from tests.simulation.trouble import Trouble

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

UNFLUSHED_SECONDS = 0.3


@contextmanager
def ack_before_commit(sim: "Simulation") -> Iterator[None]:
    """A crash takes back what the store confirmed just before."""
    post, recent = MemoryMessages.post, list[tuple[float, Message]]()

    async def post_early(log: MemoryMessages, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        outcomes = await post(log, drafts)
        now = trio.current_time()
        recent.extend(
            (now, outcome.message)
            for outcome in outcomes
            if isinstance(outcome, Posted) and not outcome.repeated
        )
        return outcomes

    def take_back() -> None:
        tables = sim.tables
        for at, message in reversed(recent):
            row = tables.channels[message.channel_id]
            if at > trio.current_time() - UNFLUSHED_SECONDS and len(row.messages) == message.seq:
                row.messages.pop()
                del tables.messages[message.id]
                if message.id in row.roots:
                    row.replies[row.roots.pop(message.id)].remove(message.id)
                tables.keys.pop((message.channel_id, message.author_id, message.key), None)
        recent.clear()

    with replaced(MemoryMessages, "post", post_early):
        sim.at_crash.append(take_back)
        yield


@contextmanager
def no_deduplication(sim: "Simulation") -> Iterator[None]:
    """The store forgets the keys of messages."""
    post = MemoryMessages.post

    async def post_without_keys(log: MemoryMessages, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        outcomes = await post(log, [evolve(draft, key=None) for draft in drafts])
        return [
            evolve(outcome, message=evolve(outcome.message, key=draft.key))
            if isinstance(outcome, Posted)
            else outcome
            for draft, outcome in zip(drafts, outcomes, strict=True)
        ]

    with replaced(MemoryMessages, "post", post_without_keys):
        yield


@contextmanager
def live_before_history(sim: "Simulation") -> Iterator[None]:
    """Live events are not held back while the log is replayed."""

    def hold(_: backlog.Backlog) -> None:
        pass

    with replaced(backlog.Backlog, "hold", hold):
        yield


@contextmanager
def lane_acknowledges_early(sim: "Simulation") -> Iterator[None]:
    """A lane counts messages as stored that it has sent to the store, even if the store fails."""
    outcomes_of = Lane._post

    async def post(lane: Lane, submissions: Sequence[Any], post: Any) -> Sequence[Outcome | Locked]:
        try:
            return await outcomes_of(lane, submissions, post)
        except StoreUnavailable:
            drafts = [each.draft for each in submissions]
            return [_made_up(sim.tables, draft) for draft in drafts]

    with replaced(Lane, "_post", post):
        yield


def _made_up(tables: Tables, draft: Draft) -> Posted:
    channel_id = draft.channel_id
    if channel_id is None:
        assert draft.recipient_id is not None
        channel_id = tables.dm(draft.author_id, draft.recipient_id).channel.id
    row = tables.channels[channel_id]
    message = Message(
        id=MessageId(max(tables.messages, default=0) + 1),
        channel_id=channel_id,
        seq=len(row.messages) + 1,
        author_id=draft.author_id,
        content=draft.content,
        created_at=tables.now(),
        recipient_id=draft.recipient_id,
        key=draft.key,
    )
    return Posted(message, workspace_id=row.channel.workspace_id)


@contextmanager
def keys_without_authors(sim: "Simulation") -> Iterator[None]:
    """A key belongs to the first user who used it."""

    class Keys(dict[tuple[ChannelId, UserId, str], Message]):
        def get(self, key: Any, default: Any = None) -> Any:
            place, _, name = key
            return next(
                (self[each] for each in self if (each[0], each[2]) == (place, name)), default
            )

    with replaced(sim.tables, "keys", Keys()):
        yield


@contextmanager
def keys_without_channels(sim: "Simulation") -> Iterator[None]:
    """A key stands for one message of its author in all channels."""

    class Keys(dict[tuple[ChannelId, UserId, str], Message]):
        def get(self, key: Any, default: Any = None) -> Any:
            return next((self[each] for each in self if each[1:] == key[1:]), default)

    with replaced(sim.tables, "keys", Keys()):
        yield


@contextmanager
def watermark_goes_back(sim: "Simulation") -> Iterator[None]:
    """A user who reads an older message counts as having read no further than that."""
    advance = MemoryMessages._advance

    def go_anywhere(
        log: MemoryMessages, row: ChannelRow, marks: dict[UserId, int], user_id: UserId, seq: int
    ) -> Advance | None:
        if marks.get(user_id, 0) > seq:
            marks[user_id] = seq - 1
        return advance(log, row, marks, user_id, seq)

    with replaced(MemoryMessages, "_advance", go_anywhere):
        yield


@contextmanager
def gap_not_filled(sim: "Simulation") -> Iterator[None]:
    """A message is delivered at once, whether or not the one before it was."""

    def follows(sequencer: Sequencer, message: Message) -> bool:
        sequencer.take(message)
        return True

    with replaced(Sequencer, "follows", follows):
        yield


@contextmanager
def resumed_again(sim: "Simulation") -> Iterator[None]:
    """Messages that came from the log are delivered live once more."""
    add = backlog._Sent.add

    def forget(sent: backlog._Sent, after: int, until: int) -> None:
        add(sent, after, until)
        sent.replayed = 0

    with replaced(backlog._Sent, "add", forget):
        yield


@contextmanager
def leave_forgotten(sim: "Simulation") -> Iterator[None]:
    """A user who was removed from a workspace goes on following it."""

    def departs(letter: object) -> bool:
        return isinstance(letter, Leave) and isinstance(letter.room, WorkspaceRoom)

    with _without_letters(departs):
        yield


@contextmanager
def room_not_left(sim: "Simulation") -> Iterator[None]:
    """A client that loses a channel gets the notice, and further events of the channel."""

    def stay(hub: Hub, client: Client, room: object, *, disconnected: bool) -> bool:
        return client in hub._joined

    with replaced(Hub, "_leave", stay):
        yield


@contextmanager
def unregister_forgotten(sim: "Simulation") -> Iterator[None]:
    """Connections that ended stay registered."""
    with _without_letters(lambda letter: isinstance(letter, Unregister)):
        yield


@contextmanager
def session_stays(sim: "Simulation") -> Iterator[None]:
    """The connections of a session that ended stay open."""

    async def ignore(hub: Hub, session_ids: object) -> None:
        await trio.lowlevel.checkpoint()

    with replaced(Hub, "end_sessions", ignore):
        yield


@contextmanager
def session_remembered(sim: "Simulation") -> Iterator[None]:
    """A session that ended still admits devices while it is in the cache."""

    def remember(cache: SessionCache, session_id: object) -> None:
        pass

    with replaced(SessionCache, "forget_session", remember):
        yield


@contextmanager
def place_lost(sim: "Simulation") -> Iterator[None]:
    """A place in flight is not given back when the store is unreachable."""
    give_up = Lane._give_up

    def keep(place: Place) -> None:
        pass

    def lose(lane: Lane, submissions: Sequence[Any], error: StoreUnavailable) -> None:
        with replaced(Place, "release", keep):
            give_up(lane, submissions, error)

    with replaced(Lane, "_give_up", lose):
        yield


@contextmanager
def receipts_to_everybody(sim: "Simulation") -> Iterator[None]:
    """All users get receipts of all messages."""

    def to_everybody(hub: Hub, delivery: Delivery) -> None:
        if isinstance(delivery.event, PrivateMessagesRead):
            delivery = evolve(
                delivery, to=ToEveryone(besides=frozenset({delivery.event.reader_id}))
            )
        deliver(hub, delivery)

    deliver = Hub._deliver
    with replaced(Hub, "_deliver", to_everybody):
        yield


@contextmanager
def receipts_to_the_blocked(sim: "Simulation") -> Iterator[None]:
    """Authors get receipts in channels that are closed to them."""
    advance = MemoryMessages._advance

    def for_all(log: MemoryMessages, *args: Any) -> Advance | None:
        found = advance(log, *args)
        if found is None:
            return None
        concerned = {*found.author_ids, *(() if found.peer_id is None else (found.peer_id,))}
        return evolve(found, audience=frozenset(concerned))

    with replaced(MemoryMessages, "_advance", for_all):
        yield


@contextmanager
def typing_unasked(sim: "Simulation") -> Iterator[None]:
    """Typing is sent to any recipient that it names."""
    may_show_typing = MemoryRelations.may_show_typing

    async def always(
        relations: MemoryRelations, pairs: Sequence[tuple[UserId, UserId]]
    ) -> Sequence[Permit]:
        return [evolve(permit, allowed=True) for permit in await may_show_typing(relations, pairs)]

    with replaced(MemoryRelations, "may_show_typing", always):
        yield


@contextmanager
def typing_never_ends(sim: "Simulation") -> Iterator[None]:
    """A typing indicator never expires."""

    def take_expired(running: Running) -> list[Delivery]:
        running._ends.clear()
        return []

    with replaced(Running, "_take_expired", take_expired):
        yield


@contextmanager
def presence_to_the_blocked(sim: "Simulation") -> Iterator[None]:
    """A blocked user still gets the presence of the other one."""

    def is_not_blocked(tables: Tables, one: UserId, other: UserId) -> bool:
        return False

    audience = MemoryRelations._audience

    def with_blocked(relations: MemoryRelations, user_id: UserId) -> frozenset[UserId]:
        with replaced(Tables, "blocked_either_way", is_not_blocked):
            return audience(relations, user_id)

    with replaced(MemoryRelations, "_audience", with_blocked):
        yield


@contextmanager
def presence_without_grace(sim: "Simulation") -> Iterator[None]:
    """A user who reconnects is shown as offline in between."""
    left = Attendance.left

    def left_at_once(attendance: Attendance[Any], key: object, grace: float) -> None:
        left(attendance, key, 0.0)

    with replaced(Attendance, "left", left_at_once):
        yield


@contextmanager
def resume_without_rights(sim: "Simulation") -> Iterator[None]:
    """A resume returns the log without a check of rights."""
    heads, in_spans = MemoryChannels.heads, MemoryMessages.in_spans

    def always(tables: Tables, user_id: UserId, channel: Channel) -> bool:
        return channel.workspace_id is not None or channel.peer_of(user_id) is not None

    async def heads_of_all(*args: Any) -> Any:
        with replaced(Tables, "may_join", always):
            return await heads(*args)

    async def in_all_spans(*args: Any, **kwargs: Any) -> Any:
        with replaced(Tables, "may_join", always):
            return await in_spans(*args, **kwargs)

    with (
        replaced(MemoryChannels, "heads", heads_of_all),
        replaced(MemoryMessages, "in_spans", in_all_spans),
    ):
        yield


@contextmanager
def joining_forgotten(sim: "Simulation") -> Iterator[None]:
    """A user who is added to a workspace follows it only from the next connection on."""

    async def join(workspaces: Workspaces, user_id: UserId, workspace_id: object) -> None:
        await trio.lowlevel.checkpoint()

    with replaced(Workspaces, "_join", join):
        yield


@contextmanager
def interruption_forgotten(sim: "Simulation") -> Iterator[None]:
    """Messages posted while a user was out of a workspace count as sent to that user."""

    def count_as_sent(sent: backlog._Sent, seq: int) -> None:
        sent.last = max(sent.last, seq)

    with replaced(backlog._Sent, "skip_to", count_as_sent):
        yield


@contextmanager
def little_may_wait(sim: "Simulation") -> Iterator[None]:
    """A client to which a few messages are sent at once is closed as too slow."""
    offer = Outbox.offer

    def offer_little(outbox: Outbox, frame: bytes, *, ephemeral: bool) -> Offered:
        is_much = outbox.size + len(frame) > outbox._capacity // 4 and not ephemeral
        return Offered.OVERFLOW if is_much else offer(outbox, frame, ephemeral=ephemeral)

    with replaced(Outbox, "offer", offer_little):
        yield


@contextmanager
def hub_spins(sim: "Simulation") -> Iterator[None]:
    """The hub is busy for ever: a simulation that hangs must be found too."""

    def spin(hub: Hub) -> None:
        while len(hub._clients) > 2:
            pass

    with replaced(Hub, "_flush", spin):
        yield


@contextmanager
def taking_waits(sim: "Simulation") -> Iterator[None]:
    """A task waits for something that never comes."""

    async def take_something(trouble: Trouble) -> None:
        await trio.sleep_forever()

    with replaced(Trouble, "take_something", take_something):
        yield


@contextmanager
def _without_letters(is_lost: Callable[[object], bool]) -> Iterator[None]:
    post = Hub.post

    async def lose(hub: Hub, letter: Any) -> None:
        if not is_lost(letter):
            await post(hub, letter)

    with replaced(Hub, "post", lose):
        yield


BUGS: Mapping[str, Bug] = {
    bug.__name__: bug
    for bug in (
        ack_before_commit,
        lane_acknowledges_early,
        no_deduplication,
        keys_without_authors,
        keys_without_channels,
        watermark_goes_back,
        live_before_history,
        resumed_again,
        resume_without_rights,
        gap_not_filled,
        leave_forgotten,
        room_not_left,
        joining_forgotten,
        interruption_forgotten,
        unregister_forgotten,
        session_stays,
        session_remembered,
        place_lost,
        receipts_to_everybody,
        receipts_to_the_blocked,
        typing_unasked,
        typing_never_ends,
        presence_to_the_blocked,
        presence_without_grace,
        little_may_wait,
        hub_spins,
        taking_waits,
    )
}
