"""Notes: what a user notes for themself alone, of a channel or of a message.

Guarantees: a closed union. Each change takes the user's next number, 1, 2, 3 ...; a note is what
holds after its number, so that whoever missed several of one channel or message needs only the
last. Nobody else learns of them: watermarks and receipts stay as they are. Must not know: how notes
are stored or sent.
"""

from datetime import datetime
from typing import TypeAlias

from attrs import frozen

from protocol.model import ChannelId, MessageId, UserId


@frozen
class Mute:
    """Nothing of a channel is counted with the others. `until`: None: for good."""

    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it has not ended."""
        return self.until is None or now < self.until


@frozen
class ChannelNote:
    """What a user has noted of a channel. `number`: of the last change of it; `pair`: of a dm.

    `unread_from`: the first seq from which the messages of others count as unread though they were
    read; None: all that was read counts as read. `mute`: None: it is not muted; whether it still
    holds is a matter of the clock.
    """

    channel_id: ChannelId
    number: int
    pair: tuple[UserId, UserId] | None = None
    unread_from: int | None = None
    mute: Mute | None = None


@frozen
class HiddenNote:
    """Whether a user wants a message left out wherever they read; see `ChannelNote`."""

    channel_id: ChannelId
    number: int
    message_id: MessageId
    seq: int
    is_hidden: bool
    pair: tuple[UserId, UserId] | None = None


Note: TypeAlias = ChannelNote | HiddenNote


def peer_in(note: Note, user_id: UserId) -> UserId:
    """The other one of the dm that a note of a user is about.

    Raises:
        ValueError: it is about another channel.
    """
    if note.pair is None:
        raise ValueError("not about a dm")
    return note.pair[1] if note.pair[0] == user_id else note.pair[0]
