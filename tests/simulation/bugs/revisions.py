"""Mistakes with revisions."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import trio
from attrs import evolve

from hub.services.posting.messaging import Messaging
from hub.services.posting.sequencer import Sequencer
from persistence.contents.revisions import Revised, RevisionDraft, RevisionOutcome, RevisionSpan
from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.contents.revisions import MemoryRevisions
from persistence.records import StoreUnavailable
from protocol.model import Message, User, UserId
from tests.simulation.bugs.planting import Bug, replaced

if TYPE_CHECKING:
    from tests.simulation.run import Simulation


@contextmanager
def revision_to_the_blocked(sim: "Simulation") -> Iterator[None]:
    """Both users of a conversation get its revisions, even across a block."""
    revised = MemoryRevisions._revised

    def for_both(store: MemoryRevisions, row: ChannelRow, *args: Any, **kwargs: Any) -> Revised:
        pair = row.channel.pair or ()
        return evolve(revised(store, row, *args, **kwargs), audience=pair)

    with replaced(MemoryRevisions, "_revised", for_both):
        yield


@contextmanager
def revision_lost(sim: "Simulation") -> Iterator[None]:
    """A revision whose result from the store was lost is not delivered, unless the channel gets
    another one.
    """

    def forget(sequencer: Sequencer, draft: RevisionDraft) -> None:
        for known in (sequencer.revisions.positions._recent, sequencer.revisions.positions._older):
            known.pop(draft.target.channel_id, None)

    with replaced(Sequencer, "doubt_revision", forget):
        yield


@contextmanager
def resume_without_revisions(sim: "Simulation") -> Iterator[None]:
    """A resume reports that the device knows every revision, and sends none."""

    async def none(*_: Any, **__: Any) -> Sequence[Message]:
        await trio.lowlevel.checkpoint()
        return ()

    with replaced(MemoryRevisions, "revised_in", none):
        yield


@contextmanager
def resume_without_the_last_revision(sim: "Simulation") -> Iterator[None]:
    """A resume sends all revisions except the first one that the device does not know."""
    revised_in = MemoryRevisions.revised_in

    async def but_one(
        store: MemoryRevisions, user_id: UserId, spans: Sequence[RevisionSpan], *, limit: int
    ) -> Sequence[Message]:
        later = [evolve(span, above_rev=span.above_rev + 1) for span in spans]
        return await revised_in(store, user_id, later, limit=limit)

    with replaced(MemoryRevisions, "revised_in", but_one):
        yield


@contextmanager
def revision_before_its_message(sim: "Simulation") -> Iterator[None]:
    """A revision is delivered although its message may be missing."""

    def always(*_: object) -> bool:
        return True

    with replaced(Sequencer, "is_delivered", always):
        yield


@contextmanager
def rev_counted_twice(sim: "Simulation") -> Iterator[None]:
    """A channel skips a rev."""

    def skip(row: ChannelRow) -> int:
        row.last_rev += 2
        return row.last_rev

    with replaced(ChannelRow, "next_rev", skip):
        yield


@contextmanager
def revision_acknowledged_early(sim: "Simulation") -> Iterator[None]:
    """A revision counts as made once it was sent to the store, even if the store fails."""
    revise = Messaging.revise

    async def made(messaging: Messaging, user: User, draft: RevisionDraft) -> RevisionOutcome:
        try:
            return await revise(messaging, user, draft)
        except StoreUnavailable:
            row = sim.tables.messages[draft.message_id]
            return Revised(row.find(draft.message_id), row.last_rev)

    with replaced(Messaging, "revise", made):
        yield


BUGS: Mapping[str, Bug] = {
    bug.__name__: bug
    for bug in (
        revision_to_the_blocked,
        revision_lost,
        resume_without_revisions,
        resume_without_the_last_revision,
        revision_before_its_message,
        rev_counted_twice,
        revision_acknowledged_early,
    )
}
