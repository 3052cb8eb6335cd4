"""Mentions in Postgres: routines/mentions.sql decides which users a message mentions."""

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

# Whether the user $1 may see a mention n with its message m in a channel c. $2: whether listed
# conversations are wanted; $3: whether channels of workspaces are.
_MAY_KNOW: Final = """
       m.author_id <> $1 AND m.deleted_at IS NULL AND NOT is_hidden_from($1, c.id, m.id)
       AND CASE WHEN c.user_lo IS NULL THEN $3 ELSE $2 AND is_listed(c, $1) END
       AND may_join($1, c.id) AND m.author_id NOT IN (SELECT hidden_from($1))
"""
# r is the user's receipt. A mention of a whole channel does not count for a user who has muted the
# channel or joined it later.
UNREAD: Final = f"""
    SELECT n.channel_id, count(DISTINCT n.message_id) AS unread
      FROM (SELECT n.message_id, n.channel_id, n.seq, true AS is_named
              FROM (SELECT * FROM mentions o WHERE o.user_id = $1
                     ORDER BY o.message_id DESC LIMIT {COUNTED}) AS n
            UNION ALL
            SELECT n.message_id, n.channel_id, n.seq, false
              FROM seen_channels($1) AS s
             CROSS JOIN LATERAL (
                   SELECT * FROM mentions o WHERE o.user_id IS NULL AND o.channel_id = s.id
                    ORDER BY o.message_id DESC LIMIT {COUNTED}) AS n
             WHERE $3) AS n
      LEFT JOIN receipts r ON r.channel_id = n.channel_id AND r.user_id = $1
      JOIN messages m ON m.channel_id = n.channel_id AND m.id = n.message_id
      JOIN channels c ON c.id = n.channel_id
     WHERE n.seq > least(coalesce(r.read_seq, 0), r.unread_above) AND {_MAY_KNOW}
       AND (n.is_named
            OR NOT {MUTED} AND m.created_at >= member_since($1, c.id, c.workspace_id))
     GROUP BY n.channel_id
"""
# Only what the page needs is read: of the mentions by name, those that fill it; of each channel,
# the newest mention, and a page only of the channels with the newest of these (OFFSET 0: a channel
# without a mention is not checked).
LISTED: Final = f"""
    SELECT {TO_FIRST}
      FROM ((SELECT m.channel_id, m.id
               FROM (SELECT * FROM mentions o WHERE o.user_id = $1 AND o.message_id < $4
                      ORDER BY o.message_id DESC OFFSET 0) AS n
              CROSS JOIN LATERAL (
                    SELECT * FROM messages l
                     WHERE l.channel_id = n.channel_id AND l.id = n.message_id LIMIT 1) AS m
               JOIN channels c ON c.id = m.channel_id
              WHERE {_MAY_KNOW}
              ORDER BY n.message_id DESC LIMIT $5)
            UNION
            SELECT s.id, channel_mentions($1, s.id, $4, $5)
              FROM (SELECT s.id, channel_mentions($1, s.id, $4, 1) AS newest
                      FROM (SELECT s.id FROM seen_channels($1) AS s
                              LEFT JOIN receipts r ON r.channel_id = s.id AND r.user_id = $1
                             WHERE $3 AND NOT {MUTED} AND EXISTS (
                                   SELECT FROM mentions o
                                    WHERE o.user_id IS NULL AND o.channel_id = s.id)
                            OFFSET 0) AS s
                     ORDER BY newest DESC LIMIT $5) AS s
             ORDER BY 2 DESC LIMIT $5) AS n (channel_id, id)
      JOIN messages m ON m.channel_id = n.channel_id AND m.id = n.id
      JOIN channels c ON c.id = m.channel_id
     ORDER BY m.id DESC
"""


@frozen
class PostgresMentions:
    """Implements `persistence.contents.mentions.Mentions`."""

    database: Database

    async def unread(self, user_id: UserId, places: Places = Places.ALL) -> Mapping[ChannelId, int]:
        """See the interface."""
        rows = await self.database.fetch(UNREAD, user_id, *_wanted(places))
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
    """The candidates for mentions in a content, in the form that `set_mentions` takes."""
    candidates = candidates_in(content)
    if not candidates.names and not candidates.channel:
        return None
    names = [(each.name, each.bare) for each in candidates.names]
    return orjson.dumps({"names": names, "channel": candidates.channel}).decode()


def _wanted(places: Places) -> tuple[bool, bool]:
    return places is not Places.IN_WORKSPACES, places is not Places.CONVERSATIONS
