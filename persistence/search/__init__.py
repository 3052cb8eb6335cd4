"""Searching messages, as the rest of Parlour sees it.

Guarantees: a message is found by the users who may read its channel at that moment, and by no
others; a deleted one never; a message that exists during the whole paging is on exactly one page. A
new message is found once `index` has processed it. Must not know: the syntax of a search.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import Enum, auto
from typing import Final, Protocol, TypeAlias

from attrs import frozen

from protocol.model import MAX_ID, ChannelId, Message, UserId
from protocol.searching.marks import Span
from protocol.searching.words import Phrase

LANGUAGES: Final = (
    "arabic", "armenian", "basque", "catalan", "danish", "dutch", "english", "finnish", "french",
    "german", "greek", "hindi", "hungarian", "indonesian", "irish", "italian", "lithuanian",
    "nepali", "norwegian", "portuguese", "romanian", "russian", "serbian", "spanish", "swedish",
    "tamil", "turkish", "yiddish",
)  # fmt: skip
"""The languages for which Postgres, from version 14 on, knows the forms of a word."""
SIMPLE: Final = "simple"
"""No language: words are found only as they are written."""

BEST_AMONG: Final = 100
"""How many of the newest matching messages are ranked for the best match."""

Place: TypeAlias = tuple[int, int, int]
"""The beginning of a page: below an id, and behind a message by score and id."""
FIRST: Final[Place] = (MAX_ID, MAX_ID, MAX_ID)


class Ranking(Enum):
    """Which message comes first."""

    NEWEST = auto()
    BEST = auto()
    """Among the newest `BEST_AMONG`."""


@frozen
class Wanted:
    """A search, and the part of its result that is shown; a field that is None or empty is no
    condition.

    Args:
        phrases: all of them are in the message.
        language: one of the languages that were given to `index`, or `SIMPLE`.
        authors: one of them wrote the message.
        channels: the message is in one of them.
        since: the message is of that moment or later.
        until: the message is from before that moment.
        has_file: the message has a file.
        has_link: the message has the address of a page.
        only_private: the message is in a dm and by one of its two users.
        ranking: which message comes first.
        after: where the page begins.
        limit: how many messages at most.
    """

    phrases: Sequence[Phrase] = ()
    language: str = SIMPLE
    authors: Collection[UserId] = ()
    channels: Collection[ChannelId] = ()
    since: datetime | None = None
    until: datetime | None = None
    has_file: bool = False
    has_link: bool = False
    only_private: bool = False
    ranking: Ranking = Ranking.NEWEST
    after: Place = FIRST
    limit: int = 20


@frozen
class FoundMessage:
    """A message, and the places in its content that match the search."""

    message: Message
    marks: Sequence[Span]


@frozen
class FoundPage:
    """A page, which may have fewer messages than the limit. `more`: where the next page begins;
    None: this is the last page.
    """

    found: Sequence[FoundMessage]
    more: Place | None


class Search(Protocol):
    """Searches the log."""

    async def messages(self, user_id: UserId, wanted: Wanted) -> FoundPage:
        """The matching messages that the user may see. Permission is decided in the statement that
        finds them.
        """

    async def index(self, languages: Sequence[str], *, limit: int) -> int | None:
        """Index the next messages, with the forms that these languages have for their words; begins
        anew with all messages if the languages have changed. Returns how many were indexed: 0 while
        the rest waits for a transaction to end; None: none are left. `limit`: at most so many.
        """
