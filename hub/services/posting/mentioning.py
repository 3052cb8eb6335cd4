"""Makes the events that notify users that a message mentions them, or no longer does.

Guarantees: only users that the store returned get one. Must not know: how mentions are decided.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from hub.actor.letters import Delivery, ToUsers
from persistence.contents.revisions import Revised
from protocol.events import MentionChanged
from protocol.model import Message, Posted, UserId, WorkspaceId


def mentions_in_posted(posted: Posted) -> Sequence[Delivery]:
    """The delivery to the users that a new message mentions."""
    return _deliveries(posted.message, posted.workspace_id, posted.mentioned, is_mentioned=True)


def mentions_in_revised(revised: Revised) -> Sequence[Delivery]:
    """The deliveries to the users that a changed message mentions, or no longer mentions."""
    message, place = revised.message, revised.workspace_id
    return (
        *_deliveries(message, place, revised.mentioned, is_mentioned=True),
        *_deliveries(message, place, revised.no_longer_mentioned, is_mentioned=False),
    )


def _deliveries(
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
