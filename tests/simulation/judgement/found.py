"""Whether a search found what it should: only messages that its user might see, as they were then,
none that was deleted, and all that were there all the time.
"""

from collections.abc import Callable, Mapping, Sequence

import trio
from attrs import define, field, frozen

from protocol.model import ChannelId, MessageId, UserId
from tests.simulation.judgement.truth import Right, Truth
from tests.simulation.languages.meanings import State

Position = tuple[ChannelId, int]


@frozen
class Hit:
    """A message that was found."""

    position: Position
    state: State


@define
class Asked:
    """A search that a user makes now.

    Args:
        truth: what really happens.
        me: the user who searches.
        channels: those that the dialect searches.
        fits: whether a text matches.
        limit: how many are on a page.
        thread: if given, only its replies are asked for.
    """

    truth: Truth
    me: UserId
    channels: Sequence[ChannelId]
    fits: Callable[[str], bool]
    limit: int
    thread: MessageId | None = None
    at: float = field(factory=trio.current_time, init=False)
    _before: Mapping[Position, int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._before = {
            position: max(states)
            for position, states in self.truth.states.items()
            if position[0] in self.channels and self._is_asked_for(position)
        }

    def flaw(self, hits: Sequence[Hit]) -> str | None:
        """What is wrong with a page that was found since then, newest message first."""
        flaws = (self._flaw_of(hit) for hit in hits)
        ids = [self._id(hit.position) for hit in hits if hit.position in self.truth.messages]
        if ids != sorted(set(ids), reverse=True):
            return f"not the newest first, each once: {hits}"
        found = {hit.position for hit in hits}
        last: int = min(ids, default=0) if len(hits) == self.limit else 0
        missing = [each for each in self._certain() if each not in found and self._id(each) > last]
        lacks = f"{missing} is missing among {found}" if missing else None
        return next(filter(None, flaws), lacks)

    def _flaw_of(self, hit: Hit) -> str | None:
        truth, (channel_id, _) = self.truth, hit.position
        if (
            hit.position not in truth.messages
            or channel_id not in self.channels
            or not (self._is_asked_for(hit.position))
        ):
            return f"{hit}, which is nowhere to be found"
        if not truth.sight(Right.SEE, self.me, channel_id).was_open_since(self.at):
            return f"{hit}, which its user may not see"
        if hit.state.rev < self._before.get(hit.position, 0):
            return f"{hit}, as it was before {self._before[hit.position]}"
        if truth.states[hit.position].get(hit.state.rev) != hit.state:
            return f"{hit}, which it never was"
        message_id = self._id(hit.position)
        if not truth.notes.hidden(self.me, message_id).was_closed_since(self.at):
            return f"{hit}, which its user has hidden"
        if hit.state.is_deleted or not self.fits(hit.state.content):
            return f"{hit}, which was not searched for"
        return None

    def _certain(self) -> list[Position]:
        """The messages that were there all the time."""
        truth = self.truth
        return [
            position
            for position, rev in self._before.items()
            if rev == max(states := truth.states[position])
            and not states[rev].is_deleted
            and self.fits(states[rev].content)
            and not truth.sight(Right.SEE, self.me, position[0]).was_closed_since(self.at)
            and not truth.notes.hidden(self.me, self._id(position)).was_open_since(self.at)
        ]

    def _is_asked_for(self, position: Position) -> bool:
        threads = self.truth.threads.of_replies
        return self.thread is None or threads.get(self._id(position)) == self.thread

    def _id(self, position: Position) -> MessageId:
        return self.truth.messages[position].message.id
