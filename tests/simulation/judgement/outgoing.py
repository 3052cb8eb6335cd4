"""What one device has sent, and the result for each message: stored, refused for good, or to be
sent again.

Must not know: which messages of others the device is sent.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import trio
from attrs import define, field, frozen

from protocol.model import ChannelId, Message, MessageId
from tests.simulation.judgement.truth import Right
from tests.simulation.judgement.witness import Witness

TRANSIENT = {"unavailable", "rate_limited", "not_joined", "lookup_failed"}
FORBIDDEN = {"not_allowed", "not_a_member", "channel_not_found", "recipient_not_found"}
OUTAGE_SECONDS = 10.0  # after a failed call, in which something may still be refused because of it

Name: TypeAlias = tuple[ChannelId, str]
"""A message of one author: its channel and its key."""


@frozen
class Sent:
    """A message of the device. `parent_id`: the message that it replies to."""

    channel_id: ChannelId
    text: str
    at: float
    parent_id: MessageId | None = None

    @property
    def name(self) -> str:
        """A text that identifies it among all messages."""
        return self.text.partition(" ")[0]


@define(eq=False)
class Outgoing(Witness):
    """The messages of one device, by their channels and keys; see `Witness` for the arguments.

    `acknowledged`, `refused`: by name (`Sent.name`). `pending`: those that are not acknowledged.
    `_last`: the channel in which a key was used last; for earlier uses no confirmation is awaited.
    """

    acknowledged: set[str] = field(factory=set, init=False)
    refused: set[str] = field(factory=set, init=False)
    pending: dict[Name, Sent] = field(factory=dict, init=False)
    _sent: dict[Name, Sent] = field(factory=dict, init=False)
    _said: Counter[Name] = field(factory=Counter, init=False)
    _last: dict[str, Name] = field(factory=dict, init=False)

    def says(self, key: str, sent: Sent) -> None:
        """The device sends a message, perhaps again."""
        name = self._last[key] = (sent.channel_id, key)
        self._said[name] += 1
        self.refused.discard(sent.name)
        self._sent.setdefault(name, sent)
        if sent.name not in self.acknowledged:
            self.pending[name] = sent

    def answered(self, key: str, status: int, code: str) -> None:
        """A message that was sent over REST got a response."""
        if status in (200, 201):
            self._confirm(self._last[key])
        else:
            self._refused(self._last[key], code)

    def used_elsewhere(self, channel_id: ChannelId) -> Sequence[str]:
        """Keys of messages in other channels, for which no confirmation is awaited."""
        return [
            key
            for key, name in self._last.items()
            if (channel_id, key) not in self._sent
            and name not in self.pending
            and not self.connection.unanswered[name]
        ]

    def _name_of(self, message: Message) -> Name | None:
        """The name of a message that the device has sent; None: another device has."""
        name = (message.channel_id, message.key or "")
        return name if message.author_id == self.me and name in self._sent else None

    def _is_repeat(self, key: Name | None) -> bool:
        """Whether this may be the confirmation of a repeat: it shows the first message, comes out
        of order, and comes even if the right to the channel was lost since.
        """
        return key is not None and self._said[key] > 1

    def _take_back(self, key: Name | None) -> None:
        """One repeat less is to be confirmed."""
        if key is not None:
            self._said[key] -= 1

    def _refused(self, key: Name, code: str) -> None:
        sent = self._sent[key]
        self.note(self.name, f"is refused {sent.name}: {code}")
        if code in FORBIDDEN:
            sights = [
                self.truth.sight(right, self.me, sent.channel_id)
                for right in (Right.SEE, Right.SEND)
            ]
            closed = any(sight.was_closed_since(sent.at) for sight in sights)
            self._require(closed, f"was refused {sent.name} ({code}), and may send it")
            self._give_up(key, sent)
        elif code == "invalid_field" and sent.parent_id is not None:
            gone = self._is_thread_gone(sent.parent_id)
            self._require(gone, f"was refused {sent}, and may reply to that")
            self._give_up(key, sent)
        else:
            self._transient(code)

    def _give_up(self, key: Name, sent: Sent) -> None:
        if self.pending.pop(key, None) is not None and self._said[key] == 1:
            self.refused.add(sent.name)  # if it was repeated, another copy may have been stored

    def _is_thread_gone(self, parent_id: MessageId) -> bool:
        """Whether a message, or the first one of its thread, is deleted."""
        of_thread = (parent_id, self.truth.threads.root_of(parent_id))
        positions = [self._find(each).message.position for each in of_thread]
        return any(self.truth.is_deleted(*each) for each in positions)

    def _transient(self, code: str) -> None:
        self._require(code in TRANSIENT, f"was refused: {code}")
        if code in ("unavailable", "lookup_failed") and not self.connection.is_slow:
            lately = trio.current_time() - self.failed_at() < OUTAGE_SECONDS
            self._require(lately, f"was refused ({code}), and the store answers")

    def _confirm(self, key: Name) -> None:
        sent = self.pending.pop(key, None)
        if sent is not None:
            self.acknowledged.add(sent.name)
