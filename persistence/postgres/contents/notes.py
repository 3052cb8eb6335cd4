"""Notes of users in Postgres: routines/notes.sql.

Guarantees: permission, repeats and number are decided together in Postgres. Must not know: which
connections a note is sent to.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from persistence.contents.notes import Noted
from persistence.postgres.database.bridge import Database, Record
from protocol.model import ChannelId, MessageId, UserId
from protocol.notes import ChannelNote, HiddenNote, Mute, Note

NOT_HIDDEN: Final = """
    ((SELECT NOT EXISTS (SELECT FROM hidden_messages h WHERE h.user_id = {viewer} AND h.is_hidden))
     OR NOT EXISTS (SELECT FROM hidden_messages h
                     WHERE h.channel_id = l.channel_id AND h.message_id = l.id
                       AND h.user_id = {viewer} AND h.is_hidden))
"""
"""Whether the viewer (SQL for the id of a user) has not hidden a message `l`. Most users hide
nothing: that is checked once for the statement, and then no message is looked up.
"""
MUTED: Final = "coalesce(r.muted_until > now(), false)"
"""Whether the channel of a receipt `r` is muted now."""
NOTE: Final = """
    r.note, r.unread_above, r.muted_until IS NOT NULL AS is_muted,
    nullif(r.muted_until, 'infinity') AS muted_until
"""
"""The columns to select of the note in a receipt `r`."""
_FOR_GOOD: Final = "coalesce($3::timestamptz, 'infinity')"
_MARK_UNREAD: Final = """
    SELECT m.channel_id, note_unread($1, m.channel_id, m.seq - 1) AS is_new
      FROM messages m JOIN channels c ON c.id = m.channel_id
     WHERE m.id = $2 AND (NOT $3 OR m.author_id IN (c.user_lo, c.user_hi)) AND may_join($1, c.id)
"""
_MARK_READ: Final = "SELECT $2::bigint AS channel_id, note_read($1, $2, $3) AS is_new"
_MUTE: Final = f"SELECT $2::bigint AS channel_id, note_mute($1, $2, {_FOR_GOOD}) AS is_new"
_UNMUTE: Final = "SELECT $2::bigint AS channel_id, note_mute($1, $2, NULL) AS is_new"
_HIDE: Final = "SELECT note_hidden($1, $2, $3, $4) AS is_new"
_OF_CHANNELS: Final = f"""
    SELECT c.id AS channel_id, c.user_lo, c.user_hi, {NOTE}
      FROM channels c JOIN receipts r ON r.channel_id = c.id AND r.user_id = $1
     WHERE c.id = ANY ($2::bigint[]) AND r.note > 0
"""
_OF_CHANNEL: Final = f"""
    SELECT c.id AS channel_id, c.user_lo, c.user_hi, {NOTE}
      FROM channels c LEFT JOIN receipts r ON r.channel_id = c.id AND r.user_id = $1
     WHERE c.id = $2
"""
_HIDDEN: Final = """
    SELECT m.channel_id, c.user_lo, c.user_hi, m.id, m.seq, h.is_hidden, h.number
      FROM messages m JOIN channels c ON c.id = m.channel_id
      LEFT JOIN hidden_messages h ON h.channel_id = m.channel_id AND h.message_id = m.id
                                 AND h.user_id = $1
     WHERE m.id = $2
"""
# The right to see the channel is checked only for as many notes as fill the page (OFFSET 0).
SINCE: Final = f"""
    SELECT n.*, c.user_lo, c.user_hi
      FROM (SELECT * FROM (
                SELECT r.note AS number, r.channel_id, NULL::bigint AS id, NULL::bigint AS seq,
                       NULL::boolean AS is_hidden, {NOTE}
                  FROM receipts r WHERE r.user_id = $1 AND r.note > 0 AND r.note > $2
                UNION ALL
                SELECT h.number, m.channel_id, m.id, m.seq, h.is_hidden, 0, NULL, NULL, NULL
                  FROM hidden_messages h
                  JOIN messages m ON m.channel_id = h.channel_id AND m.id = h.message_id
                 WHERE h.user_id = $1 AND h.number > $2 AND (h.is_hidden OR $2 <> 0)) AS a
             ORDER BY a.number OFFSET 0) AS n
      JOIN channels c ON c.id = n.channel_id
     WHERE may_join($1, c.id)
     ORDER BY n.number LIMIT $3
"""
_LAST: Final = "SELECT last FROM note_numbers WHERE user_id = $1"


@frozen
class PostgresNotes:
    """Implements `persistence.contents.notes.Notes`."""

    database: Database

    async def mark_unread(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool = False
    ) -> Noted | None:
        """See the interface."""
        row = await self.database.fetch_one(_MARK_UNREAD, user_id, message_id, only_private)
        return await self._noted(user_id, row)

    async def mark_read(self, user_id: UserId, channel_id: ChannelId, *, up_to: int) -> Noted:
        """See the interface."""
        row = await self.database.fetch_one(_MARK_READ, user_id, channel_id, up_to)
        is_new = row is not None and row["is_new"]
        return Noted(await self._of_channel(user_id, channel_id), is_new)

    async def mute(self, user_id: UserId, channel_id: ChannelId, mute: Mute | None) -> Noted | None:
        """See the interface."""
        if mute is None:
            row = await self.database.fetch_one(_UNMUTE, user_id, channel_id)
        else:
            row = await self.database.fetch_one(_MUTE, user_id, channel_id, mute.until)
        return await self._noted(user_id, row)

    async def hide(
        self,
        user_id: UserId,
        message_id: MessageId,
        *,
        is_hidden: bool = True,
        only_private: bool = False,
    ) -> Noted | None:
        """See the interface."""
        done = await self.database.fetch_one(_HIDE, user_id, message_id, is_hidden, only_private)
        row = await self.database.fetch_one(_HIDDEN, user_id, message_id)
        if done is None or done["is_new"] is None or row is None:
            return None
        return Noted(_hidden_note(row), done["is_new"])

    async def _noted(self, user_id: UserId, row: Record | None) -> Noted | None:
        if row is None or row["is_new"] is None:
            return None
        note = await self._of_channel(user_id, ChannelId(row["channel_id"]))
        return Noted(note, row["is_new"])

    async def _of_channel(self, user_id: UserId, channel_id: ChannelId) -> ChannelNote:
        row = await self.database.fetch_one(_OF_CHANNEL, user_id, channel_id)
        return ChannelNote(channel_id, 0) if row is None else _channel_note(row)

    async def of_channels(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, ChannelNote]:
        """See the interface."""
        rows = await self.database.fetch(_OF_CHANNELS, user_id, list(channel_ids))
        return {note.channel_id: note for note in map(_channel_note, rows)}

    async def since(self, user_id: UserId, number: int, *, limit: int) -> Sequence[Note]:
        """See the interface."""
        rows = await self.database.fetch(SINCE, user_id, number, limit)
        return [_hidden_note(row) if row["id"] is not None else _channel_note(row) for row in rows]

    async def latest(self, user_id: UserId, *, limit: int) -> Sequence[Note]:
        """See the interface."""
        row = await self.database.fetch_one("SELECT settled_notes($1) AS last", user_id)
        last = 0 if row is None else row["last"]
        # -1, not 0, for which `since` leaves out messages that are no longer hidden
        return await self.since(user_id, last - limit if last > limit else -1, limit=limit)

    async def last_number(self, user_id: UserId) -> int:
        """See the interface."""
        row = await self.database.fetch_one(_LAST, user_id)
        return 0 if row is None else row["last"]


def mute_in(row: Record) -> Mute | None:
    """The mute in a row with `NOTE`."""
    until: datetime | None = row["muted_until"]
    return Mute(until) if row["is_muted"] else None


def unread_from_in(row: Record) -> int | None:
    """The seq from which on messages count as unread, in a row with `NOTE`."""
    above: int | None = row["unread_above"]
    return None if above is None else above + 1


def _channel_note(row: Record) -> ChannelNote:
    return ChannelNote(
        ChannelId(row["channel_id"]),
        row["note"] or 0,
        _pair(row),
        unread_from_in(row),
        mute_in(row),
    )


def _hidden_note(row: Record) -> HiddenNote:
    return HiddenNote(
        ChannelId(row["channel_id"]),
        row["number"] or 0,
        MessageId(row["id"]),
        row["seq"],
        bool(row["is_hidden"]),
        _pair(row),
    )


def _pair(row: Record) -> tuple[UserId, UserId] | None:
    low, high = row["user_lo"], row["user_hi"]
    return None if low is None else (UserId(low), UserId(high))
