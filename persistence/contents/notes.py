"""The operations of a store on what users note for themselves alone.

Guarantees, for every implementation (tests/persistence/contents runs on all of them): the numbers
of a user's notes have no holes, and their order is the order of commits; what changes nothing takes
no number; a watermark never moves by a note. Must not know: commands, events, dialects, sockets.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from attrs import frozen

from protocol.model import ChannelId, MessageId, UserId
from protocol.notes import ChannelNote, Mute, Note


@frozen
class Noted:
    """A note as it is now. `is_new`: whether it was changed just now."""

    note: Note
    is_new: bool


class Notes(Protocol):
    """What users note. None: there is no such message or channel, or the user may not see it."""

    async def mark_unread(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool = False
    ) -> Noted | None:
        """Have this message, which may be deleted, and those after it in its channel count as
        unread until they are marked read again. What was unread anyway changes nothing.
        `only_private`: it must be one of the two of a dm.
        """

    async def mark_read(self, user_id: UserId, channel_id: ChannelId, *, up_to: int) -> Noted:
        """Have what `mark_unread` says end up to a seq."""

    async def mute(self, user_id: UserId, channel_id: ChannelId, mute: Mute | None) -> Noted | None:
        """Mute a channel that is in the user's lists; None: no more."""

    async def hide(
        self,
        user_id: UserId,
        message_id: MessageId,
        *,
        is_hidden: bool = True,
        only_private: bool = False,
    ) -> Noted | None:
        """Leave a message out of what the user reads, or no more. One that is deleted cannot be
        hidden.
        """

    async def of_channels(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, ChannelNote]:
        """What the user has noted of these channels, of those that have a note."""

    async def since(self, user_id: UserId, number: int, *, limit: int) -> Sequence[Note]:
        """The first `limit` notes with a number above this one, in their order, of channels that
        the user may see. From 0 on, nothing is told of messages that are not hidden any more. One
        statement.
        """

    async def latest(self, user_id: UserId, *, limit: int) -> Sequence[Note]:
        """The notes with the user's last `limit` numbers, in their order, of channels that the user
        may see, as they are once every change of the user's whose outcome is unknown has been made,
        or never will be. Raises StoreUnavailable: some may still be in work.
        """

    async def last_number(self, user_id: UserId) -> int:
        """The number of the user's last change; 0: there is none."""
