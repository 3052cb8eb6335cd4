"""Mistakes with the notes of users."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import Delivery, ToEveryone
from hub.services.notes import Notes
from persistence.contents.notes import Noted as StoredNote
from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.contents.notes import MemoryNotes
from persistence.memory.lists import MemoryLists
from persistence.memory.messages import MemoryMessages
from persistence.memory.search import MemorySearch
from persistence.records import Span
from protocol.events import Noted
from protocol.model import ChannelId, Message, MessageId, UserId
from tests.simulation.bugs.planting import Bug, replaced

if TYPE_CHECKING:
    from tests.simulation.run import Simulation


@contextmanager
def hidden_is_resumed(sim: "Simulation") -> Iterator[None]:
    """A resume includes the messages that its user has hidden."""
    in_spans = MemoryMessages.in_spans

    async def all_of_it(
        log: MemoryMessages, user_id: UserId, spans: Sequence[Span], *, limit: int
    ) -> Sequence[Message]:
        return await in_spans(log, user_id, spans, limit=limit, even_hidden=True)

    with replaced(MemoryMessages, "in_spans", all_of_it):
        yield


def _never_hidden(row: ChannelRow, message_id: MessageId, viewer: UserId | None) -> bool:
    return False


@contextmanager
def hidden_is_found(sim: "Simulation") -> Iterator[None]:
    """A search finds messages that its user has hidden."""
    messages = MemorySearch.messages

    async def of_all(*args: Any) -> Any:
        with replaced(ChannelRow, "is_hidden", _never_hidden):
            return await messages(*args)

    with replaced(MemorySearch, "messages", of_all):
        yield


@contextmanager
def hidden_counts(sim: "Simulation") -> Iterator[None]:
    """Hidden messages count as unread."""
    unread = ChannelRow.unread

    def of_all(row: ChannelRow, user_id: UserId) -> list[Message]:
        with replaced(ChannelRow, "is_hidden", _never_hidden):
            return unread(row, user_id)

    with replaced(ChannelRow, "unread", of_all):
        yield


@contextmanager
def hidden_from_all(sim: "Simulation") -> Iterator[None]:
    """A message that one user hides is hidden from all."""

    def by_anybody(row: ChannelRow, message_id: MessageId, viewer: UserId | None) -> bool:
        notes = [note for (_, hidden), note in row.hidden.items() if hidden == message_id]
        return viewer is not None and any(note.is_hidden for note in notes)

    with replaced(ChannelRow, "is_hidden", by_anybody):
        yield


@contextmanager
def muted_counts(sim: "Simulation") -> Iterator[None]:
    """Muted conversations count with the others."""
    conversations = MemoryLists._conversations

    def unmuted(lists: MemoryLists, *args: Any) -> Any:
        return [evolve(each, mute=None) for each in conversations(lists, *args)]

    async def of_all(lists: MemoryLists, user_id: UserId) -> int:
        with replaced(MemoryLists, "_conversations", unmuted):
            return await unread_count(lists, user_id)

    unread_count = MemoryLists.unread_count
    with replaced(MemoryLists, "unread_count", of_all):
        yield


@contextmanager
def reading_less_ends_unread(sim: "Simulation") -> Iterator[None]:
    """Reading any message of a channel ends its unread mark."""
    mark_read = MemoryNotes.mark_read

    async def all_of_it(
        notes: MemoryNotes, user_id: UserId, channel_id: ChannelId, *, up_to: int
    ) -> StoredNote:
        row = notes.tables.channels[channel_id]
        return await mark_read(notes, user_id, channel_id, up_to=len(row.messages))

    with replaced(MemoryNotes, "mark_read", all_of_it):
        yield


@contextmanager
def notes_told_nowhere_else(sim: "Simulation") -> Iterator[None]:
    """Only the device that makes a note gets it live; the others get it with their next resume."""
    deliver = Hub._deliver

    def without(hub: Hub, delivery: Delivery) -> None:
        if not isinstance(delivery.event, Noted):
            deliver(hub, delivery)

    with replaced(Hub, "_deliver", without):
        yield


@contextmanager
def notes_told_to_everybody(sim: "Simulation") -> Iterator[None]:
    """All users get the notes of each user."""
    deliver = Hub._deliver

    def to_all(hub: Hub, delivery: Delivery) -> None:
        if isinstance(delivery.event, Noted):
            delivery = evolve(delivery, to=ToEveryone(besides=frozenset()))
        deliver(hub, delivery)

    with replaced(Hub, "_deliver", to_all):
        yield


@contextmanager
def resume_without_notes(sim: "Simulation") -> Iterator[None]:
    """A resume reports that the device knows every note, and sends none."""

    async def none(notes: Notes, client: Client, known: int) -> tuple[int, bool]:
        return await notes.store.last_number(client.user.id), True

    with replaced(Notes, "replay", none):
        yield


@contextmanager
def note_acknowledged_only(sim: "Simulation") -> Iterator[None]:
    """Muting a channel is acknowledged, and not stored."""
    mute = MemoryNotes.mute

    async def nothing(notes: MemoryNotes, user_id: UserId, channel_id: ChannelId, _: Any) -> Any:
        row = notes.tables.channels[channel_id]
        note = row.notes.get(user_id)
        return await mute(notes, user_id, channel_id, None if note is None else note.mute)

    with replaced(MemoryNotes, "mute", nothing):
        yield


BUGS: Mapping[str, Bug] = {
    bug.__name__: bug
    for bug in (
        hidden_is_resumed,
        hidden_is_found,
        hidden_counts,
        hidden_from_all,
        muted_counts,
        reading_less_ends_unread,
        notes_told_nowhere_else,
        notes_told_to_everybody,
        resume_without_notes,
        note_acknowledged_only,
    )
}
