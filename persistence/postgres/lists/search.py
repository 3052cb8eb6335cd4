"""Searching messages in Postgres, by routines/search.sql.

Guarantees: the right to see a message is decided in the statement that finds it. Must not know: the
syntax of a search.
"""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from persistence.postgres.contents.message_rows import TO_FIRST, message_in
from persistence.postgres.database.bridge import Database, Record
from persistence.search import (
    BEST_AMONG,
    SIMPLE,
    FoundMessage,
    FoundPage,
    Place,
    Ranking,
    Wanted,
)
from protocol.model import Message, UserId
from protocol.searching.marks import marks_in
from protocol.searching.words import words_in

SEARCH: Final = f"""
    WITH s AS MATERIALIZED (
        SELECT s.* FROM words_wanted($2, $3, $4, $5::text::regconfig) AS w,
               search_messages($1, w.words, w.looked_up, $6, $7, $8, $9, $10, $11, $12, $13,
                               $14) AS s)
    SELECT {TO_FIRST}, s.go_on, s.ids[1] AS newest, f.score
      FROM s
      LEFT JOIN (SELECT u.id, coalesce(u.score, 0) AS score
                   FROM s, unnest(s.ids, s.scores) AS u (id, score)
                  WHERE NOT $15 OR (coalesce(u.score, 0), u.id) < ($16, $17)
                  ORDER BY CASE WHEN $15 THEN u.score END DESC, u.id DESC LIMIT $18) AS f ON true
      LEFT JOIN messages m ON m.id = f.id
      LEFT JOIN channels c ON c.id = m.channel_id
     ORDER BY CASE WHEN $15 THEN f.score END DESC, f.id DESC
"""
# The stem of each word in the index; NULL for words that the language does not index.
_STEMS: Final = """
    SELECT w AS word, (tsvector_to_array(to_tsvector($2::text::regconfig, w)))[1] AS stem
      FROM unnest($1::text[]) AS w
"""
_HIGHEST: Final = 2**31 - 1
_INDEX: Final = "SELECT index_messages($1, $2) AS done"


@frozen
class PostgresSearch:
    """Implements `persistence.search.Search`."""

    database: Database

    async def index(self, languages: Sequence[str], *, limit: int) -> int | None:
        """See the interface."""
        (row,) = await self.database.fetch(_INDEX, limit, list(languages))
        done: int | None = row["done"]
        return done

    async def messages(self, user_id: UserId, wanted: Wanted) -> FoundPage:
        """See the interface."""
        is_best = wanted.ranking is Ranking.BEST
        below, score, last = wanted.after
        rows = await self.database.fetch(
            SEARCH,
            user_id,
            [" ".join(each.words) for each in wanted.phrases] or None,
            [each.is_prefix for each in wanted.phrases],
            [each.is_exact or wanted.language == SIMPLE for each in wanted.phrases],
            wanted.language,
            list(wanted.authors) or None,
            list(wanted.channels) or None,
            wanted.since,
            wanted.until,
            wanted.has_file,
            wanted.has_link,
            wanted.only_private,
            below,
            BEST_AMONG if is_best else wanted.limit,
            is_best,
            min(score, _HIGHEST),
            last,
            wanted.limit + 1,
        )
        found = [message_in(row) for row in rows if row["id"] is not None]
        shown = found[: wanted.limit]
        forms = await self._forms(wanted, shown)
        return FoundPage(
            [FoundMessage(each, marks_in(each.content, wanted.phrases, forms)) for each in shown],
            _next_best(rows, wanted) if is_best else _next_newest(rows[0]),
        )

    async def _forms(self, wanted: Wanted, found: Sequence[Message]) -> set[tuple[str, str]]:
        """Pairs of a word that was searched for and a word with the same stem in these messages."""
        asked = {each.words[0] for each in wanted.phrases if not each.is_exact}
        if wanted.language == SIMPLE or not asked or not found:
            return set()
        begins = {word[:1] for word in asked}
        words = {word.text for each in found for word in words_in(each.content)}
        near = [word for word in words | asked if word[:1] in begins]
        rows = await self.database.fetch(_STEMS, near, wanted.language)
        stems = {row["word"]: row["stem"] for row in rows if row["stem"] is not None}
        return {(word, other) for word in asked for other in near if _is_same(stems, word, other)}


def _is_same(stems: dict[str, str], word: str, other: str) -> bool:
    return word in stems and stems[word] == stems.get(other)


def _next_newest(row: Record) -> Place | None:
    return None if row["go_on"] is None else (row["go_on"], 0, 0)


def _next_best(rows: Sequence[Record], wanted: Wanted) -> Place | None:
    if len(rows) <= wanted.limit:
        return None
    last = rows[wanted.limit - 1]
    return (last["newest"] + 1, last["score"], last["id"])
