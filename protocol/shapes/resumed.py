"""The end of a resume, which has the same fields in every dialect.

Guarantees: a position is sent for each place of which the connection has everything. Must not know:
how a dialect names a place or wraps a frame.
"""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

from protocol.events import ChannelsResumed, ConversationsResumed


class ResumedObject(TypedDict):
    """What was missed has been sent. `after`: by conversation or channel, the seq up to which it
    has. `epoch`: of which log. `reset`: the client named positions of another one, and everything
    was sent.
    """

    complete: bool
    after: dict[str, int]
    epoch: str
    reset: NotRequired[Literal[True]]


class ResumedFrame(ResumedObject):
    """What was missed has been sent; see `ResumedObject`."""

    type: Literal["resumed"]


def resumed_object(
    event: ConversationsResumed | ChannelsResumed, after: Mapping[str, int]
) -> ResumedObject:
    """The end of a resume. `after`: the positions, by the dialect's name of each place."""
    resumed: ResumedObject = {
        "complete": event.complete,
        "after": dict(after),
        "epoch": event.epoch,
    }
    if event.reset:
        resumed["reset"] = True
    return resumed
