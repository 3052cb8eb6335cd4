"""Mistakes with searches."""

from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import evolve

from persistence.memory.contents.channel_row import EVERYBODY, ChannelRow
from persistence.memory.search import MemorySearch
from persistence.memory.tables import Tables
from persistence.search import FoundPage, Wanted
from protocol.model import Channel, Message, MessageId, UserId
from tests.simulation.bugs.planting import Bug, replaced

if TYPE_CHECKING:
    from tests.simulation.run import Simulation


@contextmanager
def search_sees_everything(sim: "Simulation") -> Iterator[None]:
    """A search looks into every channel, whatever its user may see."""
    messages = MemorySearch.messages

    async def of_all(search: MemorySearch, user_id: UserId, wanted: Wanted) -> FoundPage:
        def may_join(tables: Tables, who: UserId, channel: Channel) -> bool:
            return channel.pair is None or who in channel.pair

        with replaced(Tables, "may_join", may_join):
            return await messages(search, user_id, wanted)

    with replaced(MemorySearch, "messages", of_all):
        yield


@contextmanager
def search_shows_what_was(sim: "Simulation") -> Iterator[None]:
    """A message is found as it was when a search found it first, although it was revised since."""
    seen: dict[MessageId, Message] = {}
    messages = MemorySearch.messages

    async def as_first(search: MemorySearch, user_id: UserId, wanted: Wanted) -> FoundPage:
        page = await messages(search, user_id, wanted)
        found = [
            evolve(each, message=seen.setdefault(each.message.id, each.message))
            for each in page.found
        ]
        return evolve(page, found=found)

    with replaced(MemorySearch, "messages", as_first):
        yield


@contextmanager
def search_misses_the_edited(sim: "Simulation") -> Iterator[None]:
    """An edited message is found no more."""
    messages = MemorySearch.messages

    async def without(search: MemorySearch, user_id: UserId, wanted: Wanted) -> FoundPage:
        page = await messages(search, user_id, wanted)
        return evolve(page, found=[each for each in page.found if not each.message.edited_at])

    with replaced(MemorySearch, "messages", without):
        yield


@contextmanager
def search_finds_the_deleted(sim: "Simulation") -> Iterator[None]:
    """A deleted message is found, without its text."""

    def everything(row: ChannelRow, unknown: Container[UserId] = EVERYBODY) -> list[Message]:
        return [row.seen(each, unknown) for each in row.messages]

    messages = MemorySearch.messages

    async def of_all(search: MemorySearch, user_id: UserId, wanted: Wanted) -> FoundPage:
        with replaced(ChannelRow, "shown", everything):
            return await messages(search, user_id, wanted)

    with replaced(MemorySearch, "messages", of_all):
        yield


BUGS: Mapping[str, Bug] = {
    bug.__name__: bug
    for bug in (
        search_sees_everything,
        search_shows_what_was,
        search_misses_the_edited,
        search_finds_the_deleted,
    )
}
