"""REST bodies of Socket.IO clients. See docs/dialects/channel_messages.md.

Guarantees: a body that structures has the right types. Field names are camel case in JSON.
Must not know: HTTP, sessions, the store.
"""

from attrs import frozen


@frozen
class ChannelMessageBody:
    """POST /api/messages of the Socket.IO clients. Ids are UUIDs."""

    content: str
    channel_id: str
    parent_id: str | None = None
    temp_id: str | None = None
