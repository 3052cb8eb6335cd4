"""Whom a message mentions, which has the same fields in every dialect but `/ws`.

Guarantees: a message that mentions nobody has none of them. Must not know: how a dialect names
messages, places and users, or wraps a frame.
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
    """What only a message that mentions somebody has. `mentionsChannel`: everybody there."""

    mentions: NotRequired[list[MentionObject[U]]]
    mentionsChannel: NotRequired[Literal[True]]


class MentionedPlace(TypedDict):
    """What a list says of a conversation or channel in which somebody has unread mentions."""

    unreadMentions: NotRequired[int]


class MentionState(TypedDict, Generic[U]):
    """A message mentions the client's user, or does so no longer. `rev`: of the message then."""

    mentioned: bool
    seq: int
    rev: int
    content: str
    authorId: U


def add_mentions(view: MentioningFields[U], message: Message, user_of: Callable[[Any], U]) -> None:
    """Show whom a message mentions. `user_of`: the dialect's id of a user."""
    if message.mentions:
        view["mentions"] = _mention_objects(message.mentions, user_of)
    if message.mentions_channel:
        view["mentionsChannel"] = True


def mentioned_place(unread: int) -> MentionedPlace:
    """What a list says of so many unread mentions."""
    return {"unreadMentions": unread} if unread else {}


def mention_state(event: MentionChanged, user_of: Callable[[Any], U]) -> MentionState[U]:
    """What is said of a mention. `user_of`: the dialect's id of a user."""
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
