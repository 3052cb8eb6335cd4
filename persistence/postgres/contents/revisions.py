"""Changes of stored messages in Postgres: `revise_messages` in routines/revisions.sql.

Guarantees: permission, repeats, rev and change are decided together in Postgres; a revision that
the database refuses fails alone, and one whose channel another transaction holds is `Locked`.
Must not know: the audience of a revision's event.
"""

from collections.abc import Sequence
from typing import Final, assert_never

from attrs import evolve, frozen

from persistence.contents.revisions import (
    Revised,
    RevisionDraft,
    RevisionOutcome,
    RevisionRefusal,
    RevisionSpan,
    Target,
    Version,
)
from persistence.postgres.contents.mentions import given_for
from persistence.postgres.contents.message_rows import TO_FIRST, message_columns, message_in
from persistence.postgres.database.bridge import Connections, Database, LockTimeout, Record
from persistence.postgres.database.errors import StatementRefused
from persistence.postgres.database.hold import Hold
from persistence.records import Locked, StoreUnavailable
from protocol.model import ChannelId, Message, MessageId, UserId
from protocol.revisions import Delete, Edit, Grade, Pin, React, Revision

_TARGET: Final = """
    SELECT c.id, c.user_lo, c.user_hi, c.last_rev, m.author_id
      FROM messages m JOIN channels c ON c.id = m.channel_id
     WHERE m.id = $2 AND may_join($1, c.id)
"""
_REVISE: Final = (
    "SELECT * FROM revise_messages($1::bigint[], $2::bigint[], $3::text[],"
    " $4::text[], $5::text[], $6::double precision[], $7::boolean[], $8::text[]::jsonb[], $9, $10)"
)
# As in `Messages.in_gaps`, a message of a dm is read as its author may see it.
_AS_DELIVERED: Final = f"""
    {message_columns("(CASE WHEN c.user_lo IS NOT NULL THEN m.author_id END)")}, c.workspace_id,
    ARRAY(SELECT u.id FROM unnest(ARRAY[c.user_lo, c.user_hi]) AS u (id)
           WHERE u.id IS NOT NULL AND may_join(u.id, c.id)) AS audience,
    mentioned_by(m.channel_id, m.id) AS mentioned
"""
_STATES: Final = f"""
    SELECT {_AS_DELIVERED} FROM messages m JOIN channels c ON c.id = m.channel_id
     WHERE m.id = ANY ($1::bigint[])
"""
_IN_SPANS: Final = """
      FROM unnest({spans}) WITH ORDINALITY AS s (channel_id, above, upto, ord)
      JOIN channels c ON c.id = s.channel_id {seen}
     CROSS JOIN LATERAL (
           SELECT * FROM messages l
            WHERE l.channel_id = c.id AND l.rev > 0 AND l.rev > s.above
              AND (l.seq <= s.upto OR l.deleted_at IS NOT NULL) {shown}
            ORDER BY l.rev LIMIT {limit}) AS m
     ORDER BY s.ord, m.rev LIMIT {limit}
"""
REVISED_IN: Final = f"SELECT {TO_FIRST}" + _IN_SPANS.format(
    spans="$2::bigint[], $3::bigint[], $4::bigint[]",
    seen="AND may_join($1, c.id)",
    limit="$5",
    shown="AND (l.deleted_at IS NOT NULL OR NOT is_hidden_from($1, c.id, l.id))",
)
_REVISED_SINCE: Final = f"SELECT {_AS_DELIVERED}" + _IN_SPANS.format(
    spans="$1::bigint[], $2::bigint[], $3::bigint[]", seen="", limit="$4", shown=""
)
_VERSIONS: Final = """
    SELECT may_in_channel($1, 'see_versions', m.channel_id) AS is_allowed,
           v.rev, v.content, v.until
      FROM messages m
      LEFT JOIN message_versions v ON v.channel_id = m.channel_id AND v.message_id = m.id
     WHERE m.id = $2 AND m.deleted_at IS NULL AND may_in_channel($1, 'see', m.channel_id)
     ORDER BY v.rev DESC LIMIT $3
"""
_NOT_SERVING: Final = "not_serving"
_LOCKED: Final = "locked"
_DONE: Final = frozenset({"revised", "unchanged"})


@frozen
class PostgresRevisions:
    """Implements `persistence.contents.revisions.Revisions`.

    Args:
        connections: for storing revisions; they serve sends, too.
        hold: the hub's hold on the database; None: the store is not a hub's.
        database: for reading.
    """

    connections: Connections
    hold: Hold | None
    database: Database

    async def target(self, user_id: UserId, message_id: MessageId) -> Target | None:
        """See the interface."""
        row = await self.database.fetch_one(_TARGET, user_id, message_id)
        if row is None:
            return None
        low, high = row["user_lo"], row["user_hi"]
        pair = None if low is None else (UserId(low), UserId(high))
        return Target(ChannelId(row["id"]), pair, row["last_rev"], UserId(row["author_id"]))

    async def revise(self, drafts: Sequence[RevisionDraft]) -> Sequence[RevisionOutcome | Locked]:
        """See the interface."""
        try:
            stored = await self._store_free(drafts)
        except LockTimeout:  # another transaction holds an account or a whole table
            return [Locked()] * len(drafts)
        except StatementRefused:
            if len(drafts) == 1:
                return [RevisionRefusal.UNSTORABLE]
            middle = len(drafts) // 2
            parts = drafts[:middle], drafts[middle:]
            return [each for part in parts for each in await self.revise(part)]
        done = {
            draft.message_id
            for draft, row in zip(drafts, stored, strict=True)
            if row["verdict"] in _DONE
        }
        rows = await self.connections.ask(_STATES, list(done)) if done else ()
        states = {row["id"]: row for row in rows}
        return [
            _outcome(row, states.get(draft.message_id))
            for draft, row in zip(drafts, stored, strict=True)
        ]

    async def _store_free(self, drafts: Sequence[RevisionDraft]) -> Sequence[Record]:
        """Store the revisions. A statement that waits for a lock for too long has changed nothing:
        it is repeated without the channels that it waited for.
        """
        try:
            return await self._store(drafts, waits=True)
        except LockTimeout:
            return await self._store(drafts, waits=False)

    async def _store(self, drafts: Sequence[RevisionDraft], *, waits: bool) -> Sequence[Record]:
        spelled = [_spelled(draft.revision) for draft in drafts]
        rows = await self.connections.fetch(
            _REVISE,
            [draft.by for draft in drafts],
            [draft.message_id for draft in drafts],
            [action for action, _ in spelled],
            [content for _, content in spelled],
            [draft.key for draft in drafts],
            [draft.rules.edit_seconds for draft in drafts],
            [draft.rules.keep_versions for draft in drafts],
            [_may_mention(draft.revision) for draft in drafts],
            None if self.hold is None else self.hold.hub,
            waits,
        )
        if rows and rows[0]["verdict"] == _NOT_SERVING:
            raise StoreUnavailable("another hub has begun to serve this database")
        by_draft = {row["draft"]: row for row in rows}
        return [by_draft[number] for number in range(1, len(drafts) + 1)]

    async def versions(
        self, user_id: UserId, message_id: MessageId, *, limit: int
    ) -> tuple[Version, ...] | RevisionRefusal:
        """See the interface."""
        rows = await self.database.fetch(_VERSIONS, user_id, message_id, limit)
        if not rows:
            return RevisionRefusal.NOT_FOUND
        if not rows[0]["is_allowed"]:
            return RevisionRefusal.NOT_ALLOWED
        return tuple(
            Version(row["rev"], row["content"], row["until"])
            for row in rows
            if row["rev"] is not None
        )

    async def revised_in(
        self, user_id: UserId, spans: Sequence[RevisionSpan], *, limit: int
    ) -> Sequence[Message]:
        """See the interface."""
        rows = await self.database.fetch(REVISED_IN, user_id, *_columns(spans), limit)
        return [message_in(row) for row in rows]

    async def revised_since(
        self, spans: Sequence[RevisionSpan], *, limit: int
    ) -> Sequence[Revised]:
        """See the interface."""
        rows = await self.database.fetch(_REVISED_SINCE, *_columns(spans), limit)
        return [
            evolve(_revised(row, row["rev"]), mentioned=tuple(row["mentioned"] or ()))
            for row in rows
        ]


def _columns(spans: Sequence[RevisionSpan]) -> tuple[list[int], list[int], list[int]]:
    return (
        [span.channel_id for span in spans],
        [span.above_rev for span in spans],
        [span.upto_seq for span in spans],
    )


def _may_mention(revision: Revision) -> str | None:
    return given_for(revision.content) if isinstance(revision, Edit) else None


def _spelled(revision: Revision) -> tuple[str, str]:
    """The action and its content, in the form that `revise_messages` takes."""
    match revision:
        case Edit(content=content):
            return "edit", content
        case Delete():
            return "delete", ""
        case React(emoji=emoji, is_added=is_added):
            return "react" if is_added else "unreact", emoji
        case Pin(is_pinned=is_pinned):
            return "pin" if is_pinned else "unpin", ""
        case Grade(status=status):
            return "grade", status.value
        case _:
            assert_never(revision)


def _outcome(stored: Record, state: Record | None) -> RevisionOutcome | Locked:
    verdict = stored["verdict"]
    if verdict == _LOCKED:
        return Locked()
    if verdict not in _DONE:
        return RevisionRefusal(verdict)
    if state is None:  # the message was removed meanwhile, with its account or its channel
        return RevisionRefusal.NOT_FOUND
    return evolve(
        _revised(state, stored["rev"]),
        mentioned=tuple(stored["mentioned"] or ()),
        no_longer_mentioned=tuple(stored["unmentioned"] or ()),
    )


def _revised(row: Record, rev: int | None) -> Revised:
    """`rev`: of the revision; None: nothing was changed."""
    message, audience = message_in(row), tuple(row["audience"])
    number = message.rev if rev is None else rev
    return Revised(message, number, row["workspace_id"], audience, repeated=rev is None)
