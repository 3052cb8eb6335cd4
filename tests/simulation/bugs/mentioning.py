"""Mistakes with mentions."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hub.actor.letters import Delivery
from hub.services.posting import revising
from persistence.memory import messages
from persistence.memory.contents import mentions, revisions
from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.tables import Tables
from protocol.model import ChannelId, Message, UserId
from tests.simulation.bugs.planting import Bug, replaced

if TYPE_CHECKING:
    from tests.simulation.run import Simulation


@contextmanager
def mention_told_across_a_block(sim: "Simulation") -> Iterator[None]:
    """The event of a message that mentions everybody is sent to all who may see it, even across a
    block.
    """

    def of_all(tables: Tables, row: ChannelRow, message: Message) -> tuple[UserId, ...]:
        found = row.mentions.get(message.id)
        if found is None:
            return ()
        everybody = tables.users if found.channel else found.users
        people = set(everybody) - {message.author_id}
        return tuple(sorted(each for each in people if tables.may_join(each, row.channel)))

    with (
        replaced(messages, "mentioned_by", of_all),
        replaced(revisions, "mentioned_by", of_all),
    ):
        yield


@contextmanager
def mention_not_taken_back(sim: "Simulation") -> Iterator[None]:
    """A user whose mention an edit or a deletion removed gets no event for that."""

    def nothing(_: object) -> Sequence[Delivery]:
        return ()

    with replaced(revising, "mentions_in_revised", nothing):
        yield


@contextmanager
def mention_stays_with_an_edit(sim: "Simulation") -> Iterator[None]:
    """The mentions of a message are decided when it is posted, and never again."""

    def never(*_: object) -> None:
        return

    with replaced(revisions, "set_mentions", never):
        yield


@contextmanager
def read_mention_counted(sim: "Simulation") -> Iterator[None]:
    """Mentions in messages that were read still count as unread."""
    unread = mentions.MemoryMentions.unread

    async def of_all(
        store: mentions.MemoryMentions, user_id: UserId, *args: object
    ) -> Mapping[ChannelId, int]:
        with replaced(ChannelRow, "read_up_to", lambda _, __: 0):
            return await unread(store, user_id, *args)  # type: ignore[arg-type]

    with replaced(mentions.MemoryMentions, "unread", of_all):
        yield


BUGS: Mapping[str, Bug] = {
    bug.__name__: bug
    for bug in (
        mention_told_across_a_block,
        mention_not_taken_back,
        mention_stays_with_an_edit,
        read_mention_counted,
    )
}
