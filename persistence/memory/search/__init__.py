"""Searching messages, in memory: words are found only as they are written, without stemming."""

from collections.abc import Iterator, Sequence

from attrs import define

from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.tables import Tables
from persistence.search import (
    BEST_AMONG,
    FoundMessage,
    FoundPage,
    Ranking,
    Wanted,
)
from protocol.model import Message, UserId
from protocol.searching.marks import marks_in

_LINKS = ("http://", "https://")


@define
class MemorySearch:
    """Implements `persistence.search.Search`."""

    tables: Tables

    async def index(self, _languages: Sequence[str], *, limit: int) -> None:
        """See the interface. Every message is found at once."""

    async def messages(self, user_id: UserId, wanted: Wanted) -> FoundPage:
        """See the interface."""
        below, score, last = wanted.after
        fitting = [each for each in self._fitting(user_id, wanted) if each.message.id < below]
        fitting.sort(key=lambda each: each.message.id, reverse=True)
        if wanted.ranking is Ranking.NEWEST:
            page = fitting[: wanted.limit]
            is_last = len(fitting) <= wanted.limit
            return FoundPage(page, None if is_last else (page[-1].message.id, 0, 0))
        compared = fitting[:BEST_AMONG]
        ranked = sorted(compared, key=_rank, reverse=True)
        behind = [each for each in ranked if _rank(each) < (score, last)]
        page = behind[: wanted.limit]
        if len(behind) <= wanted.limit:
            return FoundPage(page, None)
        return FoundPage(page, (compared[0].message.id + 1, *_rank(page[-1])))

    def _fitting(self, user_id: UserId, wanted: Wanted) -> Iterator[FoundMessage]:
        hidden = self.tables.hidden_from(user_id)
        for row in self.tables.channels.values():
            if not self.tables.may_join(user_id, row.channel):
                continue
            for message in row.shown(hidden, user_id):
                marks = marks_in(message.content, wanted.phrases)
                has_words = all(marks_in(message.content, [each]) for each in wanted.phrases)
                if has_words and _fits(message, row, wanted):
                    yield FoundMessage(message, marks)


def _fits(message: Message, row: ChannelRow, wanted: Wanted) -> bool:
    has_link = any(each in message.content.lower() for each in _LINKS)
    return (
        (not wanted.authors or message.author_id in wanted.authors)
        and (not wanted.channels or row.channel.id in wanted.channels)
        and (wanted.since is None or message.created_at >= wanted.since)
        and (wanted.until is None or message.created_at < wanted.until)
        and (not wanted.has_file or message.file_url is not None)
        and (not wanted.has_link or has_link)
        and (not wanted.only_private or message.recipient_id is not None)
    )


def _rank(found: FoundMessage) -> tuple[int, int]:
    return len(found.marks), found.message.id
