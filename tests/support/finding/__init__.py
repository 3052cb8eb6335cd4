"""Searching a store, in which everything is found that was stored."""

from collections.abc import Sequence

from persistence.interface import Store
from persistence.search import FIRST, FoundMessage, FoundPage, Place, Ranking, Wanted
from protocol.model import User
from protocol.searching.query import parse_query

LANGUAGES = ("english",)  # as a hub without settings


async def have_found(store: Store, *languages: str) -> None:
    """Wait until a search finds every message that was stored."""
    while await store.search.index(languages or LANGUAGES, limit=100) is not None:
        pass


async def search(
    store: Store, user: User, text: str, ranking: Ranking = Ranking.NEWEST, limit: int = 20
) -> FoundPage:
    """The first page of a user's search for the words and marks of a query."""
    return await search_from(store, user, text, FIRST, ranking, limit)


async def search_from(
    store: Store, user: User, text: str, after: Place, ranking: Ranking, limit: int
) -> FoundPage:
    query = parse_query(text)
    wanted = Wanted(
        query.phrases,
        since=query.since,
        until=query.until,
        has_file=query.has_file,
        has_link=query.has_link,
        ranking=ranking,
        after=after,
        limit=limit,
    )
    return await store.search.messages(user.id, wanted)


async def pages(
    store: Store, user: User, text: str, ranking: Ranking, limit: int
) -> list[FoundMessage]:
    """All pages together, each of which begins where the one before it ended."""
    found: list[FoundMessage] = []
    after: Place | None = FIRST
    while after is not None:
        page = await search_from(store, user, text, after, ranking, limit)
        assert len(page.found) <= limit
        found += page.found
        assert page.more is None or page.more < after, "the next page is no other one"
        after = page.more
    return found


def contents(found: Sequence[FoundMessage]) -> list[str]:
    return [each.message.content for each in found]


def marked(found: FoundMessage) -> list[str]:
    """The parts of the content that are marked."""
    return [found.message.content[start:end] for start, end in found.marks]
