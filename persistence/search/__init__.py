"""Searching messages, as the rest of Parlour sees it.

Guarantees: a message is found by whoever may read its channel at that moment, and by nobody else;
one that was deleted never; page after page shows each message once that was there all the time.
A new message is found once `index` has come to it. Must not know: how a search is written.
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
"""Those in which Postgres, from version 14 on, knows the forms of a word."""
SIMPLE: Final = "simple"
"""No language: words are found as they are written."""

BEST_AMONG: Final = 100
"""How many of the newest messages that fit are compared for which fits best."""

Place: TypeAlias = tuple[int, int, int]
"""Where a page begins: below which id, and by score and id behind which message."""
FIRST: Final[Place] = (MAX_ID, MAX_ID, MAX_ID)


class Ranking(Enum):
    """Which message comes first."""

    NEWEST = auto()
    BEST = auto()
    """Among the newest `BEST_AMONG`."""


@frozen
class Wanted:
    """What is searched for, and the part of it that is shown; what is None or empty says nothing.

    Args:
        phrases: all of them are in the message.
        language: one of those that were given to `index`, or `SIMPLE`.
        authors: one of them wrote it.
        channels: it is in one of them.
        since: it is of that moment or later.
        until: it is from before that moment.
        has_file: it has a file.
        has_link: it has the address of a page.
        only_private: it is a private message of one of the two in its conversation.
        ranking: which comes first.
        after: where the page begins.
        limit: how many at most.
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
    """A message, and where in its content stands what was searched for."""

    message: Message
    marks: Sequence[Span]


@frozen
class FoundPage:
    """A page, which may have fewer messages than the limit. `more`: where the next one begins;
    None: this is the last one.
    """

    found: Sequence[FoundMessage]
    more: Place | None


class Search(Protocol):
    """Searches the log."""

    async def messages(self, user_id: UserId, wanted: Wanted) -> FoundPage:
        """The messages that the user may see and that fit. Permission is decided in the statement
        that finds them.
        """

    async def index(self, languages: Sequence[str], *, limit: int) -> int | None:
        """Have the next messages found, in the forms that these languages have for their words;
        all anew if they are others than before. Returns how many: 0 as long as what is left waits
        for a transaction that has not ended; None: nothing is left. `limit`: at most so many.
        """
