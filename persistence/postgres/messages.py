"""The log in Postgres."""

from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from persistence.interface import MAX_NAMED
from persistence.postgres.contents.message_rows import TO_FIRST, message_columns, message_in
from persistence.postgres.contents.notes import NOT_HIDDEN, PostgresNotes
from persistence.postgres.database.bridge import Database, Record
from persistence.postgres.posting import Posting
from persistence.records import Advance, Draft, Gap, Reading, Span
from protocol.model import (
    MAX_ID,
    ChannelId,
    Message,
    MessageId,
    Posted,
    UserId,
)

_GET: Final = f"""
    SELECT {message_columns("$3::bigint")} FROM messages m JOIN channels c ON c.id = m.channel_id
     WHERE m.id = $1 AND ($2 OR m.deleted_at IS NULL)
"""
_ORIGINAL: Final = f"""
    SELECT {TO_FIRST}
      FROM messages f
      JOIN messages m ON m.id = f.forwarded_id JOIN channels c ON c.id = m.channel_id
     WHERE f.id = $2 AND f.deleted_at IS NULL AND m.deleted_at IS NULL
       AND may_join($1, f.channel_id) AND may_join($1, m.channel_id)
"""
_UNHIDDEN: Final = NOT_HIDDEN.format(viewer="$1")
_PINNED: Final = f"""
    SELECT {TO_FIRST} FROM pins
      JOIN messages m ON m.channel_id = pins.channel_id AND m.id = pins.message_id
      JOIN channels c ON c.id = m.channel_id
     WHERE pins.channel_id = $2 AND NOT is_hidden_from($1, c.id, m.id) ORDER BY pins.pinned_at, m.id
"""
# A conversation has the messages of its two users; those of the assistant are in the dm channel
# only. The page is cut before any join: otherwise the whole conversation would be sorted.
_CONVERSATION: Final = f"""
    SELECT {TO_FIRST}
      FROM channels c
     CROSS JOIN LATERAL (
           SELECT * FROM messages l
            WHERE l.channel_id = c.id AND l.author_id IN (c.user_lo, c.user_hi)
              AND l.deleted_at IS NULL AND {_UNHIDDEN} {{page}}) AS m
     WHERE c.user_lo = least($1::bigint, $2) AND c.user_hi = greatest($1::bigint, $2)
       AND may_join($1, c.id)
     ORDER BY m.seq
"""
CONVERSATION_PAGE: Final = _CONVERSATION.format(
    page="AND l.seq < $5 ORDER BY l.seq DESC OFFSET $3 LIMIT $4"
)
CONVERSATION_AFTER: Final = _CONVERSATION.format(page="AND l.seq > $3 ORDER BY l.seq LIMIT $4")
# Within a channel, ids grow with seqs: both are assigned under its lock.
CHANNEL_PAGE: Final = f"""
    SELECT {message_columns("$5::bigint")}
      FROM channels c
     CROSS JOIN LATERAL (
           SELECT * FROM messages l
            WHERE l.channel_id = c.id AND l.deleted_at IS NULL
              AND l.seq < coalesce(
                  (SELECT b.seq FROM messages b WHERE b.id = $2 AND b.channel_id = $1), $4)
              AND l.id < $2 AND {NOT_HIDDEN.format(viewer="$5")}
            ORDER BY l.seq DESC LIMIT $3) AS m
     WHERE c.id = $1
     ORDER BY m.seq
"""
_ADVANCE: Final = """
    , advanced AS (
        INSERT INTO receipts AS r (channel_id, user_id, delivered_seq, read_seq)
        SELECT t.id, $1, t.seq, {read} FROM target t
        ON CONFLICT (channel_id, user_id) DO UPDATE
           SET read_seq = greatest(r.read_seq, EXCLUDED.read_seq),
               delivered_seq = greatest(r.delivered_seq, EXCLUDED.delivered_seq)
         WHERE r.{mark} < EXCLUDED.{mark}
        RETURNING channel_id
    ), passed AS (
        SELECT m.id, m.seq, m.author_id
          FROM advanced a JOIN target t ON t.id = a.channel_id
          JOIN messages m ON m.channel_id = t.id AND m.seq > t.before AND m.seq <= t.seq
         WHERE m.author_id <> $1 AND m.deleted_at IS NULL
         ORDER BY m.seq DESC LIMIT {named}
    )
    SELECT t.id AS channel_id, t.seq, a.channel_id IS NOT NULL AS is_advanced,
           t.unread_above < t.seq AS is_marked,
           CASE $1::bigint WHEN t.user_lo THEN t.user_hi WHEN t.user_hi THEN t.user_lo END
               AS peer_id,
           ARRAY(SELECT p.id FROM passed p ORDER BY p.seq) AS message_ids,
           ARRAY(SELECT p.author_id FROM passed p ORDER BY p.seq) AS author_ids,
           ARRAY(SELECT u.id
                   FROM (SELECT author_id FROM passed
                         UNION SELECT t.user_lo UNION SELECT t.user_hi) AS u (id)
                  WHERE u.id <> $1 AND may_join(u.id, t.id)
                    AND u.id <> ALL (h.ids)) AS audience,
           h.ids AS hidden_from
      FROM target t LEFT JOIN advanced a ON a.channel_id = t.id
     CROSS JOIN LATERAL (SELECT ARRAY(
           SELECT hidden_from($1) UNION
           SELECT c.opened_by FROM channels c
            WHERE c.id = t.id AND is_request(c, $1)) AS ids) AS h
     WHERE a.channel_id IS NOT NULL OR t.unread_above < t.seq
"""
_ADVANCE_READ: Final = _ADVANCE.format(read="t.seq", mark="read_seq", named=MAX_NAMED)
_ADVANCE_DELIVERED: Final = _ADVANCE.format(read="0", mark="delivered_seq", named=MAX_NAMED)
_BEFORE: Final = """
    coalesce((SELECT r.{mark} FROM receipts r WHERE r.channel_id = c.id AND r.user_id = $1), 0)
"""
_READ_BEFORE: Final = _BEFORE.format(mark="read_seq")
_UNREAD_ABOVE: Final = """
    (SELECT r.unread_above FROM receipts r WHERE r.channel_id = c.id AND r.user_id = $1)
"""
READ_UP_TO: Final = f"least({_READ_BEFORE}, {_UNREAD_ABOVE})"
"""The seq up to which the channel `c` counts as read for the user $1: see `Notes.mark_unread`."""
_MARK_READ: Final = f"""
    WITH target AS (
        SELECT c.id, c.user_lo, c.user_hi, least(c.last_seq, $3) AS seq, {_READ_BEFORE} AS before,
               {_UNREAD_ABOVE} AS unread_above
          FROM channels c
         WHERE c.user_lo = least($1::bigint, $2) AND c.user_hi = greatest($1::bigint, $2)
           AND c.last_seq > 0 AND may_join($1, c.id)
    ) {_ADVANCE_READ}
"""
_UP_TO: Final = """
    WITH target AS (
        SELECT c.id, c.user_lo, c.user_hi, m.seq, {before} AS before, {marked} AS unread_above
          FROM messages m JOIN channels c ON c.id = m.channel_id
         WHERE m.id = $2 AND may_join($1, c.id)
    )
"""
_MARK_READ_UP_TO: Final = _UP_TO.format(before=_READ_BEFORE, marked=_UNREAD_ABOVE) + _ADVANCE_READ
_MARK_DELIVERED_UP_TO: Final = (
    _UP_TO.format(before=_BEFORE.format(mark="delivered_seq"), marked="NULL::bigint")
    + _ADVANCE_DELIVERED
)
UNREAD_AMONG: Final = f"""
    SELECT count(*) FROM (
        SELECT l.seq, l.author_id FROM messages l
         WHERE l.channel_id = c.id AND l.deleted_at IS NULL AND {_UNHIDDEN}
         ORDER BY l.seq DESC LIMIT $2) AS newest
     WHERE newest.author_id <> $1 AND newest.seq > {READ_UP_TO}
"""
_UNREAD_IN: Final = f"SELECT ({UNREAD_AMONG}) AS unread FROM channels c WHERE c.id = $3"
_IN_SPANS: Final = f"""
    SELECT {TO_FIRST}
      FROM unnest($2::bigint[], $3::bigint[], $4::bigint[])
           WITH ORDINALITY AS s (channel_id, after, until, ord)
      JOIN channels c ON c.id = s.channel_id AND may_join($1, c.id)
     CROSS JOIN LATERAL (
           SELECT * FROM messages l
            WHERE l.channel_id = c.id AND l.seq > s.after AND l.seq <= s.until
              AND l.deleted_at IS NULL AND ($6 OR {_UNHIDDEN})
            ORDER BY l.seq LIMIT $5) AS m
     ORDER BY s.ord, m.seq LIMIT $5
"""
# A message that is delivered to many names no readers; one of a dm names those that its author may
# know.
_IN_GAPS: Final = f"""
    SELECT {message_columns("(CASE WHEN c.user_lo IS NOT NULL THEN m.author_id END)")},
           c.workspace_id, mentioned_by(c.id, m.id) AS mentioned,
           CASE WHEN m.root_id IS NOT NULL THEN
               thread_audience(m.root_id, m.channel_id, m.author_id) END AS followers
      FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
           WITH ORDINALITY AS g (channel_id, above_seq, above_id, ord)
      JOIN channels c ON c.id = g.channel_id
     CROSS JOIN LATERAL (
           SELECT * FROM messages l
            WHERE l.channel_id = c.id AND l.seq > g.above_seq AND l.id > g.above_id
              AND l.deleted_at IS NULL
            ORDER BY l.seq LIMIT $4) AS m
     ORDER BY g.ord, m.seq LIMIT $4
"""
_ARCHIVE: Final = """
    INSERT INTO receipts AS r (channel_id, user_id, archived_seq)
    SELECT c.id, $1, c.last_seq FROM channels c
     WHERE c.user_lo = least($1::bigint, $2) AND c.user_hi = greatest($1::bigint, $2)
       AND may_join($1, c.id)
       AND EXISTS (SELECT FROM messages m WHERE m.channel_id = c.id AND m.deleted_at IS NULL
                      AND m.author_id IN (c.user_lo, c.user_hi))
    ON CONFLICT (channel_id, user_id) DO UPDATE SET archived_seq = EXCLUDED.archived_seq
    RETURNING channel_id
"""
_REPEATED: Final = f"""
    SELECT {message_columns("NULL::bigint")}, c.workspace_id
      FROM messages m JOIN channels c ON c.id = m.channel_id
     WHERE m.author_id = $1 AND m.client_key = $2 AND m.channel_id = $3
       AND is_repeat(m, $4, $5, $6, $7, $8)
"""


@frozen
class PostgresMessages(Posting):
    """Implements `persistence.interface.Messages`."""

    database: Database

    async def repeated(self, draft: Draft) -> Posted | None:
        """See the interface."""
        row = await self.database.fetch_one(
            _REPEATED,
            draft.author_id,
            draft.key,
            draft.channel_id,
            draft.content,
            draft.kind,
            draft.file_url,
            draft.parent_id,
            draft.forwards,
        )
        if row is None:
            return None
        message = evolve(
            message_in(row),
            content=draft.content,
            file_url=draft.file_url,
            rev=0,
            edited_at=None,
            is_deleted=False,
            reactions=(),
            thread=None,
            replies=None,
        )
        return Posted(message, repeated=True, workspace_id=row["workspace_id"])

    async def conversation_page(
        self,
        user_id: UserId,
        peer_id: UserId,
        *,
        before_seq: int = MAX_ID,
        offset: int = 0,
        limit: int,
    ) -> Sequence[Message]:
        """See the interface."""
        rows = await self.database.fetch(
            CONVERSATION_PAGE, user_id, peer_id, offset, limit, before_seq
        )
        return [message_in(row) for row in rows]

    async def conversation_after(
        self, user_id: UserId, peer_id: UserId, *, after_seq: int, limit: int
    ) -> Sequence[Message]:
        """See the interface."""
        rows = await self.database.fetch(CONVERSATION_AFTER, user_id, peer_id, after_seq, limit)
        return [message_in(row) for row in rows]

    async def in_spans(
        self, user_id: UserId, spans: Sequence[Span], *, limit: int, even_hidden: bool = False
    ) -> Sequence[Message]:
        """See the interface."""
        rows = await self.database.fetch(
            _IN_SPANS,
            user_id,
            [span.channel_id for span in spans],
            [span.after for span in spans],
            [span.until for span in spans],
            limit,
            even_hidden,
        )
        return [message_in(row) for row in rows]

    async def in_gaps(self, gaps: Sequence[Gap], *, limit: int) -> Sequence[Posted]:
        """See the interface."""
        rows = await self.database.fetch(
            _IN_GAPS,
            [gap.channel_id for gap in gaps],
            [gap.above_seq for gap in gaps],
            [gap.above_id for gap in gaps],
            limit,
        )
        return [
            Posted(
                message_in(row),
                workspace_id=row["workspace_id"],
                mentioned=tuple(row["mentioned"] or ()),
                followers=tuple(row["followers"] or ()),
            )
            for row in rows
        ]

    async def last_id(self) -> MessageId:
        """See the interface. The sequence may be ahead of what is stored, never behind."""
        row = await self.database.fetch_one(
            "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('messages', 'id')), 0)"
            " AS last_id"
        )
        return MessageId(0 if row is None else row["last_id"])

    async def channel_page(
        self,
        channel_id: ChannelId,
        *,
        before: MessageId | None,
        limit: int,
        viewer: UserId | None = None,
    ) -> Sequence[Message]:
        """See the interface."""
        first = MAX_ID if before is None else before
        rows = await self.database.fetch(CHANNEL_PAGE, channel_id, first, limit, MAX_ID, viewer)
        return [message_in(row) for row in rows]

    async def get(
        self, message_id: MessageId, *, even_deleted: bool = False, viewer: UserId | None = None
    ) -> Message | None:
        """See the interface."""
        row = await self.database.fetch_one(_GET, message_id, even_deleted, viewer)
        return None if row is None else message_in(row)

    async def original(self, user_id: UserId, message_id: MessageId) -> Message | None:
        """See the interface."""
        row = await self.database.fetch_one(_ORIGINAL, user_id, message_id)
        return None if row is None else message_in(row)

    async def pinned(
        self, channel_id: ChannelId, *, viewer: UserId | None = None
    ) -> Sequence[Message]:
        """See the interface."""
        rows = await self.database.fetch(_PINNED, viewer, channel_id)
        return [message_in(row) for row in rows]

    async def mark_read(self, reader: UserId, peer_id: UserId, *, up_to: int = MAX_ID) -> Reading:
        """See the interface."""
        row = await self.database.fetch_one(_MARK_READ, reader, peer_id, up_to)
        return await self._reading(reader, row)

    async def mark_read_up_to(self, reader: UserId, message_id: MessageId) -> Reading:
        """See the interface."""
        row = await self.database.fetch_one(_MARK_READ_UP_TO, reader, message_id)
        return await self._reading(reader, row)

    async def _reading(self, reader: UserId, row: Record | None) -> Reading:
        advance = _advance(row)
        if row is None or not row["is_marked"]:
            return Reading(advance)
        # Few users have marked messages as unread: for the others, no second statement is needed.
        notes = PostgresNotes(self.database)
        noted = await notes.mark_read(reader, ChannelId(row["channel_id"]), up_to=row["seq"])
        return Reading(advance, noted.note if noted.is_new else None)

    async def mark_delivered_up_to(
        self, recipient: UserId, message_id: MessageId
    ) -> Advance | None:
        """See the interface."""
        row = await self.database.fetch_one(_MARK_DELIVERED_UP_TO, recipient, message_id)
        return _advance(row)

    async def unread_in(self, user_id: UserId, channel_id: ChannelId, *, among: int) -> int:
        """See the interface."""
        row = await self.database.fetch_one(_UNREAD_IN, user_id, among, channel_id)
        return 0 if row is None else int(row["unread"])

    async def archive(self, user_id: UserId, peer_id: UserId) -> bool:
        """See the interface."""
        return await self.database.fetch_one(_ARCHIVE, user_id, peer_id) is not None


def _advance(row: Record | None) -> Advance | None:
    if row is None or not row["is_advanced"]:
        return None
    return Advance(
        ChannelId(row["channel_id"]),
        row["seq"],
        tuple(row["message_ids"]),
        tuple(row["author_ids"]),
        row["peer_id"],
        frozenset(row["audience"]),
        frozenset(row["hidden_from"]),
    )
