"""The end of a resume, which has the same fields in every dialect.

Guarantees: a position is sent for each conversation or channel of which the connection has
everything up to there. Must not know: how a dialect names these or wraps a frame.
"""

from collections.abc import Callable
from typing import Any, Literal, NotRequired, TypedDict

from protocol.events import ChannelsResumed, ConversationsResumed


class ResumedObject(TypedDict):
    """What was missed has been sent. `after`: by conversation or channel, the seq up to which it
    was. `epoch`: of the log of these positions. `reset`: the client named positions of another log,
    so everything was sent. `revs`: with keys as in `after`, the rev up to which the client knows
    revisions, if it asked for them. `notes`: the number up to which it knows its user's notes, if
    it asked for them.
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
    """The end of a resume. `name_of`: the dialect's name of a conversation or channel, which the
    event names by the peer or the channel.
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
