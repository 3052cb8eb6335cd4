"""Mistakes with forwarded messages."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import evolve

from persistence.memory.messages import MemoryMessages
from persistence.memory.tables import Tables
from persistence.records import Draft
from protocol.model import Channel, Message, MessageId, UserId
from tests.simulation.bugs.planting import Bug, replaced

if TYPE_CHECKING:
    from tests.simulation.run import Simulation


def _may_always(tables: Tables, user_id: UserId, channel: Channel) -> bool:
    return True


@contextmanager
def original_shown_to_everybody(sim: "Simulation") -> Iterator[None]:
    """The original of a copy is shown to every user who asks for it."""
    original = MemoryMessages.original

    async def of_all(store: MemoryMessages, who: UserId, copy: MessageId) -> Message | None:
        with replaced(Tables, "may_join", _may_always):
            return await original(store, who, copy)

    with replaced(MemoryMessages, "original", of_all):
        yield


@contextmanager
def forwards_what_is_not_seen(sim: "Simulation") -> Iterator[None]:
    """A user may forward any message by its id."""
    shown_to, original = MemoryMessages._shown_to, MemoryMessages.original

    def to_all(store: MemoryMessages, who: UserId, message_id: MessageId) -> Message | None:
        with replaced(Tables, "may_join", _may_always):
            return shown_to(store, who, message_id)

    async def as_ever(store: MemoryMessages, who: UserId, copy: MessageId) -> Message | None:
        with replaced(MemoryMessages, "_shown_to", shown_to):
            return await original(store, who, copy)

    with (
        replaced(MemoryMessages, "_shown_to", to_all),
        replaced(MemoryMessages, "original", as_ever),
    ):
        yield


@contextmanager
def forward_copies_what_was(sim: "Simulation") -> Iterator[None]:
    """A copy has the content that its original had when it was posted."""
    append = MemoryMessages._append

    def as_posted(store: MemoryMessages, draft: Draft, *args: object) -> Message:
        first = None if draft.forwards is None else sim.truth.find(draft.forwards)
        if first is not None:
            draft = evolve(draft, content=first.message.content)
        return append(store, draft, *args)  # type: ignore[arg-type]

    with replaced(MemoryMessages, "_append", as_posted):
        yield


BUGS: Mapping[str, Bug] = {
    bug.__name__: bug
    for bug in (original_shown_to_everybody, forwards_what_is_not_seen, forward_copies_what_was)
}
