"""Notes: what a user notes for themself alone, of a channel or of a message.

Guarantees: a closed union. Each change takes the user's next number, 1, 2, 3 ...; a note is the
state after that change, so a client that missed several of one channel or message needs only the
last. Other users do not learn of notes: watermarks and receipts stay as they are. Must not know:
how notes are stored or sent.
"""

from datetime import datetime
from typing import TypeAlias

from attrs import frozen

from protocol.model import ChannelId, MessageId, UserId


@frozen
class Mute:
    """A channel is left out of counts over all channels. `until`: None: without end."""

    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it has not ended."""
        return self.until is None or now < self.until


@frozen
class ChannelNote:
    """What a user has noted of a channel. `number`: of the last change of it; `pair`: of a dm.

    `unread_from`: the first seq from which the messages of others count as unread though they were
    read; None: all that was read counts as read. `mute`: None: the channel is not muted; a mute may
    have ended, see `Mute.holds`.
    """

    channel_id: ChannelId
    number: int
    pair: tuple[UserId, UserId] | None = None
    unread_from: int | None = None
    mute: Mute | None = None


@frozen
class HiddenNote:
    """Whether a user has hidden a message from themself; see `ChannelNote`."""

    channel_id: ChannelId
    number: int
    message_id: MessageId
    seq: int
    is_hidden: bool
    pair: tuple[UserId, UserId] | None = None


Note: TypeAlias = ChannelNote | HiddenNote


def peer_in(note: Note, user_id: UserId) -> UserId:
    """The other participant of the dm that a note of a user is about.

    Raises:
        ValueError: it is about another channel.
    """
    if note.pair is None:
        raise ValueError("not about a dm")
    return note.pair[1] if note.pair[0] == user_id else note.pair[0]
