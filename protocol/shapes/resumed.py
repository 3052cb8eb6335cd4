"""The end of a resume, which has the same fields in every dialect.

Guarantees: a position is sent for each place of which the connection has everything. Must not know:
how a dialect names a place or wraps a frame.
"""

from collections.abc import Callable
from typing import Any, Literal, NotRequired, TypedDict

from protocol.events import ChannelsResumed, ConversationsResumed


class ResumedObject(TypedDict):
    """What was missed has been sent. `after`: by conversation or channel, the seq up to which it
    has. `epoch`: of which log. `reset`: the client named positions of another one, and everything
    was sent. `revs`: in the same way, up to which rev it knows what was changed, if it asked.
    `notes`: up to which number it knows its user's notes, if it asked.
    """

    complete: bool
    after: dict[str, int]
    epoch: str
    reset: NotRequired[Literal[True]]
    revs: NotRequired[dict[str, int]]
    notes: NotRequired[int]


class ResumedFrame(ResumedObject):
    """What was missed has been sent; see `ResumedObject`."""

    type: Literal["resumed"]


def resumed_object(
    event: ConversationsResumed | ChannelsResumed, name_of: Callable[[Any], str]
) -> ResumedObject:
    """The end of a resume. `name_of`: the dialect's name of a place, of which the event has a peer
    or a channel.
    """
    resumed: ResumedObject = {
        "complete": event.complete,
        "after": {name_of(place): seq for place, seq in event.after.items()},
        "epoch": event.epoch,
    }
    if event.revs is not None:
        resumed["revs"] = {name_of(place): rev for place, rev in event.revs.items()}
    if event.notes is not None:
        resumed["notes"] = event.notes
    if event.reset:
        resumed["reset"] = True
    return resumed
