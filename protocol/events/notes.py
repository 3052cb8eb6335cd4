"""What a user notes for themself alone."""

from datetime import datetime
from typing import ClassVar

from attrs import frozen

from protocol.model import NotePosition, UserId
from protocol.notes import Note, peer_in


@frozen
class Noted:
    """A note of `user_id` was changed, to all connections of that user. A client that missed
    several of one channel or message needs only the last; numbers have no gaps, so that a client
    notices when it missed one.
    """

    ephemeral: ClassVar[bool] = False

    user_id: UserId
    note: Note
    at: datetime

    @property
    def position(self) -> NotePosition:
        """How far a connection that received this event knows the user's notes."""
        return NotePosition(self.note.number)

    @property
    def peer_id(self) -> UserId | None:
        """The other participant, if the note is about a dm; None: it is about another channel."""
        return None if self.note.pair is None else peer_in(self.note, self.user_id)
