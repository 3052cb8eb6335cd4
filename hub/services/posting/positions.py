"""How far the channels of one lane were delivered, for an unlimited time in bounded memory.

Guarantees: a channel is forgotten only once it is certain that everything that was being stored
when its last message was delivered has arrived too. Must not know: what is counted.
"""

from collections.abc import Callable, Collection
from typing import Final

import trio
from attrs import define, field

from protocol.model import ChannelId, MessageId

MAX_CHANNELS: Final = 100_000  # are remembered, besides those of the last seconds
SETTLED_SECONDS: Final = 6.0  # a statement ends within 5 s: older ids are stored or unused by then


@define
class Positions:
    """The last number that was delivered of each channel.

    Forgetting takes two generations: `_recent` takes what is noted; once it is full it becomes
    `_older`, which is dropped when the next one is full.

    Args:
        floor: messages with an id up to this one count as delivered where no number is known.
        in_sync: returns the time up to which everything that other nodes stored has arrived.
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

    def note(self, channel_id: ChannelId, number: int, message_id: MessageId) -> bool:
        """Everything up to this number was delivered, last a message with this id. Returns whether
        `forget` may have something to do.
        """
        recent = self._recent
        recent[channel_id] = number
        if message_id > self._newest:  # noqa: PLR1730  for every message
            self._newest = message_id
        return len(recent) > MAX_CHANNELS // 2

    def is_old(self, message_id: MessageId) -> bool:
        """Whether a message of a channel that is not remembered was delivered before, or stored
        before the start. False shortly after the start: it may have been in flight then.
        """
        is_settled = trio.current_time() >= self._began_at + SETTLED_SECONDS
        return message_id <= self.floor and is_settled

    def forget(self, but: Collection[ChannelId]) -> None:
        """Make room, if that is safe now.

        Args:
            but: these channels stay, because they may lack something.
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
