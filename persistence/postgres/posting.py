"""Stores drafts as messages, a batch in one statement: `post_messages` in routines/posting.sql.

Guarantees: permission, repeats, seq and insert are decided together in Postgres, so they cannot
disagree; a draft that the database cannot store fails alone, and a lock that another transaction
holds for long delays only its own conversation; what is returned as stored is durable.
Must not know: the audience of a message.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from attrs import evolve, frozen

from persistence.postgres.contents.mentions import given_for
from persistence.postgres.contents.message_rows import (
    mentions_in,
    message_columns,
    message_in,
)
from persistence.postgres.database.bridge import Connections, LockTimeout, Record
from persistence.postgres.database.errors import StatementRefused
from persistence.postgres.database.hold import Hold
from persistence.records import Draft, Locked, Outcome, StoreUnavailable
from protocol.model import (
    ChannelId,
    Message,
    MessageId,
    MessageKind,
    Posted,
    Refusal,
    Reply,
    Thread,
    UserId,
)

T = TypeVar("T")

_ARGUMENTS: Final = (
    "$1::bigint[], $2::bigint[], $3::bigint[], $4::int[], $5::text[],"
    " $6::text[], $7::text[], $8::text[], $9::boolean[], $10::bigint[], $11::bigint[],"
    " $12::bigint[], $13"
)
_POST: Final = f"SELECT * FROM post_messages({_ARGUMENTS})"
# For a batch in which a draft may mention a user or the channel; other batches do without the cost.
_POST_MENTIONING: Final = f"SELECT * FROM post_mentioning({_ARGUMENTS}, $14::text[]::jsonb[])"
# `post_messages` holds its authors FOR KEY SHARE until its commit, which conflicts with this lock.
# This statement writes, too, so its own commit is durable only after theirs, also on a standby that
# commits wait for.
_SETTLE: Final = """
    SELECT count(*) FROM (
        SELECT FROM users WHERE id = ANY ($1::bigint[]) ORDER BY id FOR UPDATE) AS held
"""
# Needs what storing a message needs: locks, room on the disk and, as the transaction has written, a
# commit. The row itself is rolled back.
_PROBE: Final = """
    DO $$ BEGIN
        INSERT INTO messages (channel_id, seq, author_id, content)
        VALUES (0, pg_backend_pid(), 0, repeat('x', 1900));
        RAISE 'taken back' USING ERRCODE = 'PB000';
    EXCEPTION WHEN SQLSTATE 'PB000' THEN
    END $$
"""
# The places that `post_messages` would have to wait for, and all places in the same channels.
_STUCK: Final = """
    WITH places AS MATERIALIZED (
        SELECT p.ord, u.id AS author, c.id AS channel
          FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
               WITH ORDINALITY AS p (author, recipient, channel, ord)
          LEFT JOIN users u ON u.id = p.author
          LEFT JOIN channels c ON c.id = coalesce(p.channel, (
               SELECT dm.id FROM channels dm
                WHERE dm.user_lo = least(p.author, p.recipient)
                  AND dm.user_hi = greatest(p.author, p.recipient)))
    ), authors AS MATERIALIZED (
        SELECT id FROM users WHERE id IN (SELECT author FROM places) FOR KEY SHARE SKIP LOCKED
    ), free AS MATERIALIZED (
        SELECT id FROM channels WHERE id IN (SELECT channel FROM places)
           FOR NO KEY UPDATE SKIP LOCKED
    ), stuck AS MATERIALIZED (
        SELECT * FROM places
         WHERE author IS NOT NULL AND author NOT IN (SELECT id FROM authors)
            OR channel IS NOT NULL AND channel NOT IN (SELECT id FROM free)
    )
    SELECT ord::int FROM places
     WHERE ord IN (SELECT ord FROM stuck) OR channel IN (SELECT channel FROM stuck)
"""
# Of messages that were stored before ($1), those that may differ from their drafts, if their
# authors may see them; and copies that were stored now ($2).
_CHANGED: Final = f"""
    SELECT {message_columns("m.author_id")} FROM messages m JOIN channels c ON c.id = m.channel_id
     WHERE m.id = ANY ($2::bigint[])
        OR m.id = ANY ($1::bigint[])
           AND (m.rev > 0 OR m.forwarded_id IS NOT NULL OR m.root_id IS NOT NULL
                OR EXISTS (SELECT FROM mentions n
                            WHERE n.channel_id = m.channel_id AND n.message_id = m.id)
                OR EXISTS (SELECT FROM threads t
                            WHERE t.channel_id = m.channel_id AND t.root_id = m.id))
           AND may_join(m.author_id, c.id)
"""
_FOLLOWERS: Final = """
    SELECT m.id, thread_audience(m.root_id, m.channel_id, m.author_id) AS followers
      FROM messages m WHERE m.id = ANY ($1::bigint[])
"""
_NOT_SERVING: Final = "not_serving"


@frozen
class Posting:
    """Stores drafts over connections of their own, which revisions share.

    Args:
        connections: run the statements.
        hold: the hub's hold on the database; None: the store is not a hub's.
    """

    connections: Connections
    hold: Hold | None

    async def post(self, drafts: Sequence[Draft]) -> Sequence[Outcome | Locked]:
        """See `persistence.interface.Messages.post`.

        Raises:
            StoreUnavailable: the outcome of every draft is unknown.
        """
        return await self._post_in_turn(drafts, set())

    async def post_again(self, drafts: Sequence[Draft]) -> Sequence[Outcome | Locked]:
        """See `persistence.interface.Messages.post_again`.

        Raises:
            StoreUnavailable: as `post`.
        """
        return await self._post_in_turn(drafts, await self._stuck(drafts))

    async def _post_in_turn(
        self, drafts: Sequence[Draft], stuck: set[object]
    ) -> Sequence[Outcome | Locked]:
        """Of several drafts with the same conversation, author and key, store the first one in an
        earlier statement than the others, which then are repeats of it.

        Args:
            drafts: what is to be stored.
            stuck: conversations that are locked and skipped; more are added when they are found.
        """
        holders: dict[tuple[object, int, str], int] = {}
        again: list[int] = []
        for index, draft in enumerate(drafts):
            if draft.key is None:
                continue
            if holders.setdefault((draft.where, draft.author_id, draft.key), index) != index:
                again.append(index)
        if not again:
            return await self._post(drafts, stuck)
        later = set(again)
        first = [index for index in range(len(drafts)) if index not in later]
        outcomes: dict[int, Outcome | Locked] = {}
        for indexes in (first, again):
            stored = await self._post_in_turn([drafts[index] for index in indexes], stuck)
            outcomes.update(zip(indexes, stored, strict=True))
        return [outcomes[index] for index in range(len(drafts))]

    async def settle(self, author_ids: Collection[UserId]) -> None:
        """See `persistence.interface.Messages.settle`."""
        await self.connections.ask(_SETTLE, list(author_ids))

    async def probe(self) -> None:
        """See `persistence.interface.Messages.probe`. If a policy or trigger of the deployment
        refuses the row, the database works.
        """
        with suppress(StatementRefused):
            await self.connections.fetch(_PROBE)

    async def _stuck(self, drafts: Sequence[Draft]) -> set[object]:
        """The conversations that cannot be written to now."""
        rows = await self.connections.ask(
            _STUCK,
            [draft.author_id for draft in drafts],
            [draft.recipient_id for draft in drafts],
            [draft.channel_id for draft in drafts],
        )
        return {drafts[row["ord"] - 1].where for row in rows}

    async def _post(
        self, drafts: Sequence[Draft], stuck: set[object]
    ) -> Sequence[Outcome | Locked]:
        """Store drafts of which no two have the same conversation, author and key. A batch that the
        database, or a policy or trigger of the deployment, refuses is halved until the refused
        draft is alone. This also separates two drafts with one key of which one names its dm by the
        channel and the other by the recipient.
        """
        try:
            return await self._store_free(drafts, stuck)
        except StatementRefused:
            if len(drafts) > 1:
                return await self._halves(drafts, stuck)
            return [Refusal.UNSTORABLE]

    async def _halves(
        self, drafts: Sequence[Draft], stuck: set[object]
    ) -> Sequence[Outcome | Locked]:
        middle = len(drafts) // 2
        return [
            *await self._post(drafts[:middle], stuck),
            *await self._post(drafts[middle:], stuck),
        ]

    async def _store_free(
        self, drafts: Sequence[Draft], stuck: set[object]
    ) -> Sequence[Outcome | Locked]:
        """Store the drafts to conversations that are not stuck. A statement that waits for a lock
        for too long has stored nothing: it is repeated without the locked conversations.
        """
        while True:
            free = [draft for draft in drafts if draft.where not in stuck] if stuck else drafts
            if not free:
                return [Locked()] * len(drafts)
            try:
                outcomes = await self._store(free)
            except LockTimeout:
                # If no row is found to be locked, a whole table may be: then all are stuck.
                stuck |= await self._stuck(free) or {draft.where for draft in free}
            else:
                if not stuck:
                    return outcomes
                stored = iter(outcomes)
                return [Locked() if each.where in stuck else next(stored) for each in drafts]

    async def _store(self, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        hub = None if self.hold is None else self.hold.hub
        numbers: dict[tuple[int, int | None, int | None], int] = {}
        places = [
            numbers.setdefault(
                (draft.author_id, draft.recipient_id, draft.channel_id), len(numbers) + 1
            )
            for draft in drafts
        ]
        given = _unless_empty([_may_mention(draft) for draft in drafts])
        rows = await self.connections.fetch(
            _POST if given is None else _POST_MENTIONING,
            [author_id for author_id, _, _ in numbers],
            _unless_empty([recipient_id for _, recipient_id, _ in numbers]),
            _unless_empty([channel_id for _, _, channel_id in numbers]),
            places,
            [draft.content for draft in drafts],
            _unless_empty([draft.key for draft in drafts]),
            _unless_empty(
                [None if draft.kind is MessageKind.TEXT else draft.kind for draft in drafts]
            ),
            _unless_empty([draft.file_url for draft in drafts]),
            _unless_empty([draft.is_homework or None for draft in drafts]),
            _unless_empty([draft.asker_id for draft in drafts]),
            _unless_empty([draft.parent_id for draft in drafts]),
            _unless_empty([draft.forwards for draft in drafts]),
            hub,
            *(() if given is None else (given,)),
        )
        if rows and rows[0]["verdict"] == _NOT_SERVING:
            raise StoreUnavailable("another hub has begun to serve this database")
        by_draft: Mapping[int, Record] = {row["draft"]: row for row in rows}
        outcomes = [_outcome(draft, by_draft[index]) for index, draft in enumerate(drafts, 1)]
        if given is not None:
            outcomes = [
                _mentioning(outcome, by_draft[index]) for index, outcome in enumerate(outcomes, 1)
            ]
        posted = [each for each in outcomes if isinstance(each, Posted)]
        repeats = [each.message.id for each in posted if each.repeated]
        copies = [each.message.id for each in posted if each.message.is_forwarded]
        if repeats or copies:
            rows = await self.connections.ask(_CHANGED, repeats, list(set(copies) - set(repeats)))
            changed = {row["id"]: row for row in rows}
            outcomes = [_as_it_is(each, changed) for each in outcomes]
        replies = [each.message.id for each in posted if each.message.thread is not None]
        if not replies:
            return outcomes
        found = await self.connections.ask(_FOLLOWERS, replies)
        followers = {row["id"]: tuple(row["followers"]) for row in found}
        return _in_threads(outcomes, followers)


def _unless_empty(column: list[T | None]) -> list[T | None] | None:
    """None for a column that has only NULL, to send less."""
    return column if any(value is not None for value in column) else None


def _as_it_is(outcome: Outcome, changed: Mapping[MessageId, Record]) -> Outcome:
    """The outcome with the present message of a changed repeat, or with the content of a copy."""
    if not isinstance(outcome, Posted) or outcome.message.id not in changed:
        return outcome
    was = outcome.message
    now = message_in(changed[was.id])
    return evolve(outcome, message=evolve(now, read_by=was.read_by, is_delivered=was.is_delivered))


def _may_mention(draft: Draft) -> str | None:
    return None if draft.forwards is not None else given_for(draft.content)


def _mentioning(outcome: Outcome, row: Record) -> Outcome:
    """The outcome with the message's mentions, and the users who get an event for them."""
    if not isinstance(outcome, Posted) or row["mentions"] is None:
        return outcome
    mentions, mentions_channel = mentions_in(row["mentions"])
    message = evolve(outcome.message, mentions=mentions, mentions_channel=mentions_channel)
    return evolve(outcome, message=message, mentioned=tuple(row["told"] or ()))


def _in_threads(
    outcomes: Sequence[Outcome], followers: Mapping[MessageId, tuple[UserId, ...]]
) -> Sequence[Outcome]:
    """The outcomes with the followers of the threads of new replies, and each thread as it was
    after its reply: replies of one batch are counted in the order of their seqs, which is that of
    drafts.
    """
    before: Counter[MessageId] = Counter()
    shown: list[Outcome] = []
    for outcome in outcomes:
        thread = None
        if isinstance(outcome, Posted) and not outcome.repeated:
            thread = outcome.message.thread
        if not isinstance(outcome, Posted) or thread is None:
            shown.append(outcome)
            continue
        thread = evolve(thread, count=thread.count + before[thread.root_id])
        before[thread.root_id] += 1
        message = evolve(outcome.message, thread=thread)
        shown.append(evolve(outcome, message=message, followers=followers.get(message.id, ())))
    return shown


def _outcome(draft: Draft, row: Record) -> Outcome:
    verdict = row["verdict"]
    if verdict not in ("posted", "repeated"):
        return Refusal(verdict)
    message_id, root = MessageId(row["message_id"]), row["thread"]
    thread = None
    if root is not None:
        last = Reply(message_id, draft.author_id, row["posted_at"])
        thread = Thread(root, row["replies_before"] + 1, last)
    message = Message(
        id=message_id,
        channel_id=ChannelId(row["in_channel"]),
        seq=row["at_seq"],
        author_id=draft.author_id,
        content=draft.content,
        created_at=row["posted_at"],
        recipient_id=row["peer"],
        kind=draft.kind,
        file_url=draft.file_url,
        key=draft.key,
        read_by=tuple(row["readers"]),
        is_homework=draft.is_homework,
        parent_id=draft.parent_id,
        is_forwarded=draft.forwards is not None,
        is_delivered=row["delivered"],
        thread=thread,
    )
    return Posted(message, repeated=verdict == "repeated", workspace_id=row["in_workspace"])
