"""Tells people that a message mentions them, or does so no longer.

Guarantees: only those are told whom the store named. Must not know: how that is decided.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from hub.actor.letters import Delivery, ToUsers
from persistence.contents.revisions import Revised
from protocol.events import MentionChanged
from protocol.model import Message, Posted, UserId, WorkspaceId


def mentions_in_posted(posted: Posted) -> Sequence[Delivery]:
    """What those are told whom a new message mentions."""
    return _told(posted.message, posted.workspace_id, posted.mentioned, is_mentioned=True)


def mentions_in_revised(revised: Revised) -> Sequence[Delivery]:
    """What those are told whom a changed message mentions, or mentions no longer."""
    message, place = revised.message, revised.workspace_id
    return (
        *_told(message, place, revised.mentioned, is_mentioned=True),
        *_told(message, place, revised.no_longer_mentioned, is_mentioned=False),
    )


def _told(
    message: Message,
    workspace_id: WorkspaceId | None,
    users: tuple[UserId, ...],
    *,
    is_mentioned: bool,
) -> Sequence[Delivery]:
    if not users:
        return ()
    event = MentionChanged(message, workspace_id, datetime.now(UTC), is_mentioned)
    return (Delivery(event, ToUsers(users)),)
