"""The rows that the memory store's parts share."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count

from attrs import define, field, frozen

from protocol.model import ChannelId, FollowStatus, Message, SessionId, User, UserId

ASSISTANT_ID = 999  # reserved: no ordinary account gets it


@frozen
class SessionRow:
    """A login."""

    id: SessionId
    user_id: UserId
    expires_at: datetime


@define
class ChannelRow:
    """A dm channel: its log, and how far each member has got. `messages[seq - 1]` has that seq."""

    id: ChannelId
    members: tuple[UserId, UserId]
    messages: list[Message] = field(factory=list)
    read: dict[UserId, int] = field(factory=dict)


def _ids() -> Iterator[int]:
    return (number for number in count(1) if number != ASSISTANT_ID)


@define
class Tables:
    """Everything that is remembered. `now` is the clock of every timestamp."""

    clock: Callable[[], datetime]
    ids: Iterator[int] = field(factory=_ids, init=False)
    users: dict[UserId, User] = field(factory=dict, init=False)
    passwords: dict[UserId, str] = field(factory=dict, init=False)
    sessions: dict[bytes, SessionRow] = field(factory=dict, init=False)
    follows: dict[tuple[UserId, UserId], FollowStatus] = field(factory=dict, init=False)
    blocks: dict[tuple[UserId, UserId], None] = field(factory=dict, init=False)
    channels: dict[frozenset[UserId], ChannelRow] = field(factory=dict, init=False)
    keys: dict[tuple[UserId, str], Message] = field(factory=dict, init=False)

    def now(self) -> datetime:
        """The time, in milliseconds as Postgres keeps it."""
        now = self.clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def blocked_either_way(self, a: UserId, b: UserId) -> bool:
        """Whether one of the two blocks the other."""
        return (a, b) in self.blocks or (b, a) in self.blocks

    def follow_accepted_either_way(self, a: UserId, b: UserId) -> bool:
        """Whether one of the two follows the other, accepted."""
        accepted = FollowStatus.ACCEPTED
        return self.follows.get((a, b)) is accepted or self.follows.get((b, a)) is accepted
