"""The operations of a store on notes, which users make for themselves alone.

Guarantees, for every implementation (tests/persistence/contents runs on all of them): the numbers
of a user's notes have no holes, and their order is the order of commits; a call that changes
nothing takes no number; a watermark never moves by a note. Must not know: commands, events,
dialects, sockets.
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
    """Notes of users. None: there is no such message or channel, or the user may not see it."""

    async def mark_unread(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool = False
    ) -> Noted | None:
        """Count this message, which may be deleted, and those after it in its channel as unread
        until they are marked read again. Changes nothing if the message is unread already.
        `only_private`: the message must be by one of the two users of a dm.
        """

    async def mark_read(self, user_id: UserId, channel_id: ChannelId, *, up_to: int) -> Noted:
        """End what `mark_unread` has set, up to a seq."""

    async def mute(self, user_id: UserId, channel_id: ChannelId, mute: Mute | None) -> Noted | None:
        """Mute a channel that is in the user's lists; `mute` None: unmute it."""

    async def hide(
        self,
        user_id: UserId,
        message_id: MessageId,
        *,
        is_hidden: bool = True,
        only_private: bool = False,
    ) -> Noted | None:
        """Hide a message from the user, or show it again. A deleted message cannot be hidden.
        `only_private`: as in `mark_unread`.
        """

    async def of_channels(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, ChannelNote]:
        """The user's notes on these channels; channels without a note are left out."""

    async def since(self, user_id: UserId, number: int, *, limit: int) -> Sequence[Note]:
        """The first `limit` notes with a number above this one, in their order, of channels that
        the user may see. With 0, notes of messages that are no longer hidden are left out. One
        statement.
        """

    async def latest(self, user_id: UserId, *, limit: int) -> Sequence[Note]:
        """The notes with the user's last `limit` numbers, in their order, of channels that the user
        may see. Waits until every change of the user's whose outcome is unknown has been made or
        never will be. Raises StoreUnavailable: some may still be running.
        """

    async def last_number(self, user_id: UserId) -> int:
        """The number of the user's last change; 0: there is none."""
