"""The mentions of a message, which have the same fields in every dialect but `/ws`.

Guarantees: a message that mentions nobody has none of the fields. Must not know: how a dialect
names messages, places and users, or wraps a frame.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

from protocol.events import MentionChanged
from protocol.model import Mention, Message

U = TypeVar("U")


class MentionObject(TypedDict, Generic[U]):
    """A user whom a message mentions by name."""

    userId: U
    username: str


class MentioningFields(TypedDict, Generic[U]):
    """Fields of messages with mentions. `mentionsChannel`: it mentions everybody in the channel."""

    mentions: NotRequired[list[MentionObject[U]]]
    mentionsChannel: NotRequired[Literal[True]]


class MentionedPlace(TypedDict):
    """The field of a list for a conversation or channel with unread mentions of the user."""

    unreadMentions: NotRequired[int]


class MentionState(TypedDict, Generic[U]):
    """A message mentions the client's user, or does so no longer. `rev`: the message's at that
    time.
    """

    mentioned: bool
    seq: int
    rev: int
    content: str
    authorId: U


def add_mentions(view: MentioningFields[U], message: Message, user_of: Callable[[Any], U]) -> None:
    """Add the mentions of a message. `user_of`: the dialect's id of a user."""
    if message.mentions:
        view["mentions"] = _mention_objects(message.mentions, user_of)
    if message.mentions_channel:
        view["mentionsChannel"] = True


def mentioned_place(unread: int) -> MentionedPlace:
    """The field of a list for a number of unread mentions."""
    return {"unreadMentions": unread} if unread else {}


def mention_state(event: MentionChanged, user_of: Callable[[Any], U]) -> MentionState[U]:
    """The state of a mention. `user_of`: the dialect's id of a user."""
    message = event.about
    return {
        "mentioned": event.is_mentioned,
        "seq": message.seq,
        "rev": message.rev,
        "content": message.content,
        "authorId": user_of(message.author_id),
    }


def _mention_objects(
    mentions: Sequence[Mention], user_of: Callable[[Any], U]
) -> list[MentionObject[U]]:
    return [{"userId": user_of(each.user_id), "username": each.username} for each in mentions]
