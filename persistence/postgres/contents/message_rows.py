"""Messages in Postgres: the columns to select, and the message made of a row.

Guarantees: a message looks the same to every reader, except for the users who have read it. Must
not know: which messages are selected.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from persistence.postgres.database.bridge import Record
from protocol.model import (
    ChannelId,
    GradingStatus,
    Mention,
    Message,
    MessageId,
    MessageKind,
    Reaction,
    Reply,
    Thread,
    UserId,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# The number of replies to a message, and the last one's id, author and time in ms.
_THREAD: Final = """
    (SELECT ARRAY[t.replies, t.last_id, t.last_author_id,
                  (extract(epoch FROM t.last_at) * 1000)::bigint]
       FROM threads t
      WHERE t.channel_id = m.channel_id AND t.root_id = {root} AND t.replies > 0)
"""


def message_columns(viewer: str, is_request: str = "is_request(c, r.user_id)") -> str:
    """The columns to select of a message `m` in a channel `c`, with its readers, as far as the
    viewer may know them.

    Args:
        viewer: SQL for the id of a user; NULL: no readers are selected.
        is_request: SQL for whether the channel is a message request to the user of a receipt `r`.
    """
    known = f"""{viewer} IS NOT NULL AND r.user_id <> ALL (ARRAY(SELECT hidden_from({viewer})))
             AND NOT {is_request}"""
    return f"""
    m.id, m.channel_id, m.seq, m.author_id, m.content, m.created_at, m.kind, m.file_url,
    m.client_key, m.is_homework, m.grading, m.rev, m.edited_at,
    m.root_id, coalesce(m.parent_id, m.root_id) AS parent_id,
    m.deleted_at IS NOT NULL AS is_deleted,
    m.forwarded_id IS NOT NULL AND m.deleted_at IS NULL AS is_forwarded,
    CASE WHEN m.rev > 0 THEN reactions_of(m.channel_id, m.id) END AS reactions,
    CASE WHEN EXISTS (SELECT FROM mentions n
                       WHERE n.channel_id = m.channel_id AND n.message_id = m.id)
         THEN mentions_of(m.channel_id, m.id) END AS mentions,
    {_THREAD.format(root="m.id")} AS replies,
    CASE WHEN m.root_id IS NOT NULL THEN {_THREAD.format(root="m.root_id")} END AS thread,
    CASE m.author_id WHEN c.user_lo THEN c.user_hi WHEN c.user_hi THEN c.user_lo END
        AS recipient_id,
    ARRAY(SELECT r.user_id FROM receipts r WHERE r.channel_id = c.id AND r.user_id <> m.author_id
             AND r.read_seq >= m.seq AND {known} ORDER BY r.user_id) AS read_by,
    EXISTS (SELECT FROM pins p WHERE p.channel_id = m.channel_id AND p.message_id = m.id)
        AS is_pinned,
    EXISTS (SELECT FROM receipts r WHERE r.channel_id = c.id AND r.user_id <> m.author_id
               AND r.delivered_seq >= m.seq AND {known}) AS is_delivered
"""


TO_FIRST: Final = message_columns("$1::bigint")


def message_in(row: Record) -> Message:
    """The message in a row with `message_columns`."""
    mentions, mentions_channel = mentions_in(row["mentions"])
    root_id = row["root_id"]
    return Message(
        id=MessageId(row["id"]),
        channel_id=ChannelId(row["channel_id"]),
        seq=row["seq"],
        author_id=UserId(row["author_id"]),
        content=row["content"],
        created_at=row["created_at"],
        recipient_id=row["recipient_id"],
        kind=MessageKind(row["kind"]),
        file_url=row["file_url"],
        key=row["client_key"],
        read_by=tuple(row["read_by"]),
        is_homework=row["is_homework"],
        grading=None if row["grading"] is None else GradingStatus(row["grading"]),
        is_pinned=row["is_pinned"],
        parent_id=row["parent_id"],
        is_delivered=row["is_delivered"],
        rev=row["rev"],
        edited_at=row["edited_at"],
        is_deleted=row["is_deleted"],
        is_forwarded=row["is_forwarded"],
        reactions=_reactions(row["reactions"]),
        thread=None if root_id is None else _thread(root_id, row["thread"]),
        mentions=mentions,
        mentions_channel=mentions_channel,
        replies=None if row["replies"] is None else _thread(row["id"], row["replies"]),
    )


def _thread(root_id: MessageId, found: Sequence[int] | None) -> Thread:
    if found is None:
        return Thread(root_id, 0, None)
    count, last_id, author_id, at = found
    last = Reply(MessageId(last_id), UserId(author_id), _EPOCH + timedelta(milliseconds=at))
    return Thread(root_id, count, last)


def mentions_in(found: str | None) -> tuple[tuple[Mention, ...], bool]:
    """The result of `mentions_of` in routines/mentions.sql: mentions by name, and whether the
    channel is mentioned.
    """
    if found is None:
        return (), False
    each = orjson.loads(found)
    return tuple(Mention(UserId(pair[0]), pair[1]) for pair in each if pair), None in each


def _reactions(found: str | None) -> tuple[Reaction, ...]:
    if found is None:
        return ()
    return tuple(
        Reaction(emoji, count, tuple(user_ids)) for emoji, count, user_ids in orjson.loads(found)
    )
