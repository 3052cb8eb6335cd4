"""Follows, blocks and the policy in Postgres."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from attrs import frozen

from persistence.changes import Change
from persistence.interface import MAX_RELATIONS
from persistence.postgres.accounts import user_columns, user_from
from persistence.postgres.changes import ChangeLog, parse_change
from persistence.postgres.database.bridge import Database
from persistence.postgres.servers.listening import listen
from persistence.records import (
    ConversationView,
    FollowCounts,
    Gone,
    NoSuchUser,
    PeerView,
    Permit,
    Place,
    Relation,
    Side,
)
from protocol.model import MAX_ID, FollowStatus, User, UserId, plain_key

_REQUEST: Final = """
    WITH requested AS (
        INSERT INTO follows (follower_id, followee_id, status)
        SELECT $1, id, CASE WHEN is_public THEN 'accepted' ELSE 'pending' END
          FROM users
         WHERE id = $2 AND deleted_at IS NULL AND NOT one_blocks($1, $2)
        ON CONFLICT DO NOTHING
        RETURNING status)
    SELECT status FROM requested
    UNION ALL
    SELECT status FROM follows WHERE follower_id = $1 AND followee_id = $2
"""
_STATUS: Final = "SELECT status FROM follows WHERE follower_id = $1 AND followee_id = $2"
_RELATED: Final = f"""
    SELECT follows.status, follows.created_at AS made, {user_columns("users")}
      FROM follows JOIN users ON users.id = follows.{{theirs}}
     WHERE follows.{{mine}} = $1 AND ($2::text IS NULL OR follows.status = $2)
       AND ($5::timestamptz IS NULL OR (follows.created_at, users.id) < ($5, $6))
     ORDER BY follows.created_at DESC, users.id DESC OFFSET $3 LIMIT $4
"""
_SIDES: Final = {
    Side.FOLLOWERS: _RELATED.format(theirs="follower_id", mine="followee_id"),
    Side.FOLLOWING: _RELATED.format(theirs="followee_id", mine="follower_id"),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_COUNTS: Final = """
    SELECT (SELECT count(*) FROM follows
             WHERE followee_id = $1 AND status = 'accepted') AS followers,
           (SELECT count(*) FROM follows
             WHERE follower_id = $1 AND status = 'accepted') AS following,
           (SELECT count(*) FROM follows
             WHERE followee_id = $1 AND status = 'pending') AS requests
"""
# The follow comes first: it locks the accounts, which a deletion locks before their channels.
_ACCEPT_MESSAGES: Final = """
    WITH followed AS (
        INSERT INTO follows (follower_id, followee_id, status)
        SELECT $2, $1, 'accepted' FROM channels c
         WHERE c.user_lo = least($1::bigint, $2) AND c.user_hi = greatest($1::bigint, $2)
           AND EXISTS (SELECT FROM messages m
                        WHERE m.channel_id = c.id AND m.author_id = $2 AND m.deleted_at IS NULL)
           AND NOT EXISTS (SELECT FROM messages m WHERE m.channel_id = c.id AND m.author_id = $1)
           AND EXISTS (SELECT FROM users u WHERE u.id = $2 AND u.deleted_at IS NULL)
           AND NOT one_blocks($1, $2)
        ON CONFLICT (follower_id, followee_id) DO UPDATE SET status = 'accepted'
        RETURNING follower_id)
    UPDATE channels c SET answered = true FROM followed
     WHERE c.user_lo = least($1::bigint, $2) AND c.user_hi = greatest($1::bigint, $2)
    RETURNING c.id
"""
_WAITING: Final = """
      FROM channels c
     WHERE c.user_lo = least($1::bigint, $2) AND c.user_hi = greatest($1::bigint, $2)
       AND may_join($1, c.id) AND is_request(c, $1) AND NOT is_declined(c, $1)
"""
_DECLINE_MESSAGES: Final = f"""
    INSERT INTO receipts AS r (channel_id, user_id, declined_seq)
    SELECT c.id, $1, c.last_seq {_WAITING}
    ON CONFLICT (channel_id, user_id) DO UPDATE SET declined_seq = EXCLUDED.declined_seq
    RETURNING channel_id
"""
_IS_WAITING: Final = f"SELECT c.id {_WAITING}"
_REACHABLE: Final = f"""
    SELECT {user_columns("users")} FROM users
     WHERE id < $2 AND role <> 'assistant' AND may_message($1, id)
       AND position($4 IN plain_key) > 0
     ORDER BY id DESC LIMIT $3
"""
_BLOCK: Final = """
    WITH ended AS (
        DELETE FROM follows USING (VALUES ($1::bigint, $2::bigint), ($2, $1)) AS p (one, other)
         WHERE follower_id = p.one AND followee_id = p.other)
    INSERT INTO blocks (blocker_id, blocked_id) VALUES ($1, $2)
    ON CONFLICT DO NOTHING RETURNING blocked_id
"""
_BLOCKED: Final = f"""
    SELECT {user_columns("users")} FROM blocks JOIN users ON users.id = blocked_id
     WHERE blocker_id = $1 ORDER BY blocks.created_at DESC, users.id DESC
"""
_CONVERSATION_VIEW: Final = """
    SELECT may_see_conversation($1, $2) AS may_see, one_blocks($1, $2) AS blocked,
           (SELECT id FROM channels WHERE user_lo = least($1::bigint, $2)
               AND user_hi = greatest($1::bigint, $2)) AS channel_id
"""
# `presence_audience` is inlined, so that indexes are used for the two users of each pair.
PEER_VIEWS: Final = """
    SELECT may_see_conversation(p.who, p.peer) AS may_see,
           EXISTS (SELECT FROM presence_audience(p.peer) AS a (id) WHERE a.id = p.who) AS knows,
           one_follows(p.who, p.peer)
           OR EXISTS (SELECT FROM channels c WHERE c.user_lo = least(p.who, p.peer)
                         AND c.user_hi = greatest(p.who, p.peer) AND c.answered)
           OR EXISTS (SELECT FROM workspace_members mine
                        JOIN workspace_members theirs USING (workspace_id)
                       WHERE mine.user_id = p.who AND theirs.user_id = p.peer) AS acquainted,
           EXISTS (SELECT FROM hidden_from(p.peer) AS h (id) WHERE h.id = p.who) AS blocked,
           (SELECT id FROM channels WHERE user_lo = least(p.who, p.peer)
               AND user_hi = greatest(p.who, p.peer)) AS channel_id
      FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS p (who, peer, ord)
     ORDER BY p.ord
"""
# One row with an array: 20,000 rows would take longer to receive than to find.
_CONVERSATION_PEERS: Final = """
    SELECT array_agg(peer ORDER BY peer) AS peers FROM (
        SELECT user_hi AS peer FROM channels WHERE user_lo = $1 AND last_seq > 0
        UNION ALL SELECT user_lo FROM channels WHERE user_hi = $1 AND last_seq > 0) AS found
    HAVING count(*) > 0
"""


@frozen
class PostgresRelations:
    """Implements `persistence.interface.Relations`."""

    database: Database

    async def request_follow(self, follower: UserId, followee: UserId) -> FollowStatus | None:
        """See the interface."""
        if follower == followee:
            raise ValueError("nobody follows themself")
        row = await self.database.fetch_one(_REQUEST, follower, followee)
        if row is not None:
            return FollowStatus(row["status"])
        return await self.follow_status(follower, followee)  # made since that statement began

    async def accept_follow(self, followee: UserId, follower: UserId) -> bool:
        """See the interface."""
        return await self._any(
            "UPDATE follows SET status = 'accepted' WHERE followee_id = $1 AND follower_id = $2"
            " AND status = 'pending' RETURNING status",
            followee,
            follower,
        )

    async def remove_follow(self, follower: UserId, followee: UserId) -> bool:
        """See the interface."""
        return await self._any(
            "DELETE FROM follows WHERE follower_id = $1 AND followee_id = $2 RETURNING status",
            follower,
            followee,
        )

    async def follow_status(self, follower: UserId, followee: UserId) -> FollowStatus | None:
        """See the interface."""
        row = await self.database.fetch_one(_STATUS, follower, followee)
        return None if row is None else FollowStatus(row["status"])

    async def related(
        self,
        user_id: UserId,
        side: Side,
        *,
        status: FollowStatus | None = None,
        before: Place | None = None,
        offset: int = 0,
        limit: int = MAX_RELATIONS,
    ) -> Sequence[Relation]:
        """See the interface."""
        made, last = (None, None) if before is None else (before[0] * _MICROSECOND, before[1])
        rows = await self.database.fetch(
            _SIDES[side],
            user_id,
            None if status is None else status.value,
            offset,
            limit,
            None if made is None else _EPOCH + made,
            last,
        )
        return [
            Relation(
                user_from(row),
                FollowStatus(row["status"]),
                (row["made"] - _EPOCH) // _MICROSECOND,
            )
            for row in rows
        ]

    async def counts(self, user_id: UserId) -> FollowCounts:
        """See the interface."""
        row = await self.database.fetch_one(_COUNTS, user_id)
        if row is None:
            raise LookupError("a SELECT without FROM gives one row")
        return FollowCounts(row["followers"], row["following"], row["requests"])

    async def accept_message_request(self, user_id: UserId, requester: UserId) -> bool:
        """See the interface."""
        return await self._any(_ACCEPT_MESSAGES, user_id, requester)

    async def decline_message_request(self, user_id: UserId, requester: UserId) -> bool:
        """See the interface."""
        return await self._any(_DECLINE_MESSAGES, user_id, requester)

    async def is_waiting(self, user_id: UserId, requester: UserId) -> bool:
        """See the interface."""
        return await self._any(_IS_WAITING, user_id, requester)

    async def reachable(
        self, user_id: UserId, *, text: str = "", before: UserId | None, limit: int
    ) -> Sequence[User]:
        """See the interface."""
        key = plain_key(text)
        rows = await self.database.fetch(_REACHABLE, user_id, before or MAX_ID, limit, key)
        return [user_from(row) for row in rows]

    async def block(self, blocker: UserId, blocked: UserId) -> bool:
        """See the interface."""
        if blocker == blocked:
            raise ValueError("nobody blocks themself")
        try:
            return await self._any(_BLOCK, blocker, blocked)
        except Gone:
            raise NoSuchUser(blocked) from None

    async def unblock(self, blocker: UserId, blocked: UserId) -> bool:
        """See the interface."""
        return await self._any(
            "DELETE FROM blocks WHERE blocker_id = $1 AND blocked_id = $2 RETURNING blocked_id",
            blocker,
            blocked,
        )

    async def blocked(self, user_id: UserId) -> Sequence[User]:
        """See the interface."""
        return [user_from(row) for row in await self.database.fetch(_BLOCKED, user_id)]

    async def may_message(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[Permit]:
        """See the interface."""
        return await self._permits("may_message(p.one, p.other)", pairs)

    async def may_show_typing(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[Permit]:
        """See the interface."""
        return await self._permits("may_show_typing(c, p.one, p.other)", pairs)

    async def _permits(
        self, policy: str, pairs: Sequence[tuple[UserId, UserId]]
    ) -> Sequence[Permit]:
        rows = await self.database.fetch(
            f"SELECT {policy} AS allowed, c.id AS channel_id"
            " FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS p (one, other, ord)"
            " LEFT JOIN channels c ON c.user_lo = least(p.one, p.other)"
            "                     AND c.user_hi = greatest(p.one, p.other)"
            " ORDER BY p.ord",
            [one for one, _ in pairs],
            [other for _, other in pairs],
        )
        return [Permit(row["allowed"], row["channel_id"]) for row in rows]

    async def conversation_view(self, user_id: UserId, peer: UserId) -> ConversationView:
        """See the interface."""
        (row,) = await self.database.fetch(_CONVERSATION_VIEW, user_id, peer)
        return ConversationView(row["may_see"], row["blocked"], row["channel_id"])

    async def peer_views(self, pairs: Sequence[tuple[UserId, UserId]]) -> Sequence[PeerView]:
        """See the interface."""
        rows = await self.database.fetch(
            PEER_VIEWS, [user for user, _ in pairs], [p for _, p in pairs]
        )
        return [
            PeerView(
                row["may_see"],
                row["knows"],
                row["acquainted"],
                row["blocked"],
                row["channel_id"],
            )
            for row in rows
        ]

    async def blocked_either_way(
        self, user_ids: Collection[UserId]
    ) -> Mapping[UserId, frozenset[UserId]]:
        """See the interface."""
        rows = await self.database.fetch(
            "SELECT who, ARRAY(SELECT hidden_from(who)) AS hidden FROM unnest($1::bigint[]) AS who",
            list(user_ids),
        )
        return {row["who"]: frozenset(row["hidden"]) for row in rows}

    async def conversation_peers(self, user_id: UserId) -> Sequence[UserId]:
        """See the interface."""
        row = await self.database.fetch_one(_CONVERSATION_PEERS, user_id)
        return [] if row is None else row["peers"]

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[AsyncIterator[Change | None]]:
        """See the interface."""
        async with (
            listen(self.database, "parlour_changes", parse_change) as notified,
            aclosing(ChangeLog(self.database).complete(notified)) as changes,
        ):
            yield changes

    async def presence_audience(
        self, user_ids: Sequence[UserId]
    ) -> Mapping[UserId, frozenset[UserId]]:
        """See the interface."""
        rows = await self.database.fetch(
            "SELECT who, array(SELECT presence_audience(who)) AS audience"
            " FROM unnest($1::bigint[]) AS who",
            user_ids,
        )
        return {row["who"]: frozenset(row["audience"]) for row in rows}

    async def _any(self, sql: str, *args: object) -> bool:
        return bool(await self.database.fetch(sql, *args))
