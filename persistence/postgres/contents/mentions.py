"""Mentions in Postgres: routines/mentions.sql decides whom a message mentions."""

from collections.abc import Mapping, Sequence
from typing import Final

import orjson
from attrs import frozen

from persistence.contents.mentions import COUNTED
from persistence.lists import Places
from persistence.postgres.contents.message_rows import TO_FIRST, message_in
from persistence.postgres.contents.notes import MUTED
from persistence.postgres.database.bridge import Database
from protocol.model import MAX_ID, ChannelId, Message, UserId
from protocol.parsing.mentions import candidates_in

# Where the user $1 is told of mentions: in channels that they see and in conversations that are
# listed for them; $2 and $3: whether these and those are wanted. `is_named`: by name.
_MINE: Final = """
    SELECT n.message_id, n.channel_id, n.seq, true AS is_named
      FROM (SELECT * FROM mentions o WHERE o.user_id = $1 AND o.message_id < {before}
             ORDER BY o.message_id DESC LIMIT {limit}) AS n
    UNION ALL
    SELECT n.message_id, n.channel_id, n.seq, false
      FROM seen_channels($1) AS s
     CROSS JOIN LATERAL (
           SELECT * FROM mentions o
            WHERE o.user_id IS NULL AND o.channel_id = s.id AND o.message_id < {before}
            ORDER BY o.seq DESC LIMIT {limit}) AS n
     WHERE $3
"""
# With what `_MINE` finds as n, its message as m, its channel as c and the user's receipt as r: what
# mentions everybody in a channel mentions nobody who muted it or came into its workspace later.
_MAY_KNOW: Final = f"""
       m.author_id <> $1 AND m.deleted_at IS NULL AND (n.is_named OR NOT {MUTED})
       AND (n.is_named OR NOT EXISTS (
            SELECT FROM workspace_members w WHERE w.workspace_id = c.workspace_id
               AND w.user_id = $1 AND date_trunc('milliseconds', w.joined_at) > m.created_at))
       AND NOT is_hidden_from($1, c.id, m.id)
       AND CASE WHEN c.user_lo IS NULL THEN $3 ELSE $2 AND is_listed(c, $1) END
       AND may_join($1, c.id) AND m.author_id NOT IN (SELECT hidden_from($1))
"""
UNREAD: Final = f"""
    SELECT n.channel_id, count(DISTINCT n.message_id) AS unread
      FROM ({_MINE.format(before="$4", limit=COUNTED)}) AS n
      LEFT JOIN receipts r ON r.channel_id = n.channel_id AND r.user_id = $1
      JOIN messages m ON m.channel_id = n.channel_id AND m.id = n.message_id
      JOIN channels c ON c.id = n.channel_id
     WHERE n.seq > least(coalesce(r.read_seq, 0), r.unread_above) AND {_MAY_KNOW}
     GROUP BY n.channel_id
"""
LISTED: Final = f"""
    SELECT {TO_FIRST}
      FROM (SELECT n.channel_id, n.message_id, bool_or(n.is_named) AS is_named
              FROM ({{mine}}) AS n GROUP BY n.channel_id, n.message_id) AS n
      JOIN messages m ON m.channel_id = n.channel_id AND m.id = n.message_id
      JOIN channels c ON c.id = m.channel_id
      LEFT JOIN receipts r ON r.channel_id = c.id AND r.user_id = $1
     WHERE {_MAY_KNOW}
     ORDER BY m.id DESC LIMIT $5
""".format(mine=_MINE.format(before="$4", limit="NULL"))


@frozen
class PostgresMentions:
    """Implements `persistence.contents.mentions.Mentions`."""

    database: Database

    async def unread(self, user_id: UserId, places: Places = Places.ALL) -> Mapping[ChannelId, int]:
        """See the interface."""
        rows = await self.database.fetch(UNREAD, user_id, *_wanted(places), MAX_ID)
        return {ChannelId(row["channel_id"]): row["unread"] for row in rows}

    async def listed(
        self,
        user_id: UserId,
        places: Places = Places.ALL,
        *,
        before: int = MAX_ID,
        limit: int,
    ) -> Sequence[Message]:
        """See the interface."""
        rows = await self.database.fetch(LISTED, user_id, *_wanted(places), before, limit)
        return [message_in(row) for row in rows]


def given_for(content: str) -> str | None:
    """What a content may mention, as `set_mentions` wants it."""
    candidates = candidates_in(content)
    if not candidates.names and not candidates.channel:
        return None
    names = [(each.name, each.bare) for each in candidates.names]
    return orjson.dumps({"names": names, "channel": candidates.channel}).decode()


def _wanted(places: Places) -> tuple[bool, bool]:
    return places is not Places.IN_WORKSPACES, places is not Places.CONVERSATIONS
