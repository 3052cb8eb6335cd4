"""What a user notes for themself alone."""

from datetime import datetime

from attrs import frozen

from protocol.events.traits import Reliable
from protocol.model import UserId
from protocol.notes import Note, peer_in


@frozen
class Noted(Reliable):
    """A note of `user_id` was changed, to all connections of that user. A client that missed
    several of one channel or message needs only the last; numbers are without gaps, so that it
    notices that one is missing.
    """

    user_id: UserId
    note: Note
    at: datetime

    @property
    def peer_id(self) -> UserId | None:
        """The other one of the dm that it is about; None: it is about another channel."""
        return None if self.note.pair is None else peer_in(self.note, self.user_id)
