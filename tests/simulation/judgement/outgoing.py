"""What one device has sent, and how each message was answered: stored, refused for good, or to be
sent again.

It must not know what the device is told of others' messages.
"""

from collections import Counter

import trio
from attrs import define, field, frozen

from protocol.model import ChannelId, MessageId
from tests.simulation.judgement.truth import Right
from tests.simulation.judgement.witness import Witness

TRANSIENT = {"unavailable", "rate_limited", "not_joined", "lookup_failed"}
FORBIDDEN = {"not_allowed", "not_a_member", "channel_not_found", "recipient_not_found"}
OUTAGE_SECONDS = 10.0  # after a failed call, in which something may still be refused because of it


@frozen
class Sent:
    """A message of the device. `parent_id`: what it replies to."""

    channel_id: ChannelId
    text: str
    at: float
    parent_id: MessageId | None = None

    @property
    def name(self) -> str:
        """What tells it from every other message."""
        return self.text.partition(" ")[0]


@define(eq=False)
class Outgoing(Witness):
    """The messages of one device, by their keys; see `Witness` for the arguments.

    `acknowledged`, `refused`: by name (`Sent.name`). `pending`: those that are not acknowledged.
    """

    acknowledged: set[str] = field(factory=set, init=False)
    refused: set[str] = field(factory=set, init=False)
    pending: dict[str, Sent] = field(factory=dict, init=False)
    _sent: dict[str, Sent] = field(factory=dict, init=False)
    _said: Counter[str] = field(factory=Counter, init=False)

    def says(self, key: str, sent: Sent) -> None:
        """The device sends a message, perhaps again."""
        self._said[key] += 1
        self.refused.discard(sent.name)
        self._sent.setdefault(key, sent)
        if sent.name not in self.acknowledged:
            self.pending[key] = sent

    def answered(self, key: str, status: int, code: str) -> None:
        """A message that was sent over REST was answered."""
        if status in (200, 201):
            self._confirm(key)
        else:
            self._refused(key, code)

    def _is_repeat(self, key: str | None) -> bool:
        """Whether this may be the confirmation of a repeat: it is the first message, out of its
        place, and comes even where the right to the channel has ended since.
        """
        return key is not None and self._said[key] > 1

    def _refused(self, key: str, code: str) -> None:
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

    def _give_up(self, key: str, sent: Sent) -> None:
        if self.pending.pop(key, None) is not None and self._said[key] == 1:
            self.refused.add(sent.name)  # of a repeat, another copy may have been stored

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

    def _confirm(self, key: str) -> None:
        sent = self.pending.pop(key, None)
        if sent is not None:
            self.acknowledged.add(sent.name)
