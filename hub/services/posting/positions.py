"""How far the channels of one lane were delivered, without end in time and bounded in memory.

Guarantees: a channel is forgotten only once it is certain that everything that was stored while its
last message was delivered has come too. Must not know: what is counted.
"""

from collections.abc import Callable, Collection
from typing import Final

import trio
from attrs import define, field

from protocol.model import ChannelId, MessageId

MAX_CHANNELS: Final = 100_000  # that are remembered, and those of the last seconds besides
SETTLED_SECONDS: Final = 6.0  # a statement ends within 5 s: what got an id before is stored or gone


@define
class Positions:
    """The last number that was delivered of each channel.

    Forgetting takes two generations: `_recent` takes what is noted; once it is full it becomes
    `_older`, which is dropped when the next one is full.

    Args:
        floor: messages with an id up to this one count as delivered where no number is known.
        in_sync: up to which time everything has come that was stored by other nodes.
    """

    floor: MessageId
    _in_sync: Callable[[], float] = trio.current_time
    _began_at: float = field(factory=trio.current_time, init=False)
    _newest: MessageId = field(init=False)
    _recent: dict[ChannelId, int] = field(factory=dict, init=False)
    _older: dict[ChannelId, int] = field(factory=dict, init=False)
    _closed_at: float = field(default=0.0, init=False)  # when `_older` was full,
    _closed_with: MessageId = field(init=False)  # and the newest id that had been delivered then

    def __attrs_post_init__(self) -> None:
        self._newest = self._closed_with = self.floor

    def __len__(self) -> int:
        return len(self._recent.keys() | self._older.keys())

    def last(self, channel_id: ChannelId) -> int | None:
        """The last number that was delivered; None: none is remembered."""
        last = self._recent.get(channel_id)
        return self._older.get(channel_id) if last is None else last

    def note(self, channel_id: ChannelId, number: int, message_id: MessageId) -> None:
        """Everything up to this number was delivered, last a message with this id."""
        self._recent[channel_id] = number
        self._newest = max(self._newest, message_id)

    def is_old(self, message_id: MessageId) -> bool:
        """Whether what comes of a channel that is not remembered was delivered before, or stored
        before the start; shortly after that it may have been in work then.
        """
        is_settled = trio.current_time() >= self._began_at + SETTLED_SECONDS
        return message_id <= self.floor and is_settled

    @property
    def is_full(self) -> bool:
        """Whether `forget` may have something to do."""
        return len(self._recent) > MAX_CHANNELS // 2

    def forget(self, but: Collection[ChannelId]) -> None:
        """Make room, if that is safe now.

        Args:
            but: these stay, because something of them may not have come yet.
        """
        kept: dict[ChannelId, int] = {}
        if self._older:
            if self._in_sync() < self._closed_at + SETTLED_SECONDS:
                return
            self.floor = self._closed_with
            for channel_id in but:
                if channel_id not in self._recent and channel_id in self._older:
                    kept[channel_id] = self._older[channel_id]
        self._older, self._recent = self._recent, kept
        self._closed_at, self._closed_with = trio.current_time(), self._newest

    def begin_anew(self, floor: MessageId) -> None:
        """Forget everything; messages with an id up to this one count as delivered."""
        self.floor = self._newest = self._closed_with = floor
        self._began_at = trio.current_time()
        self._recent.clear()
        self._older.clear()
