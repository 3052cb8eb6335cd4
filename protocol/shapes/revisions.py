"""Revisions of a message, which have the same fields in every dialect but `/ws`.

Guarantees: a client that missed revisions has everything from the last one. Must not know: how a
dialect names messages, places and users, or wraps a frame.
"""

from collections.abc import Callable, Sequence
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NotRequired,
    TypeAlias,
    TypedDict,
    TypeVar,
    assert_never,
)

from attrs import frozen

from protocol.events import ChannelMessageRevised, PrivateMessageRevised
from protocol.model import GradingStatus, Message, Reaction, UserId
from protocol.parsing.content import Content
from protocol.revisions import Delete, Edit, Grade, Pin, React
from protocol.schemas import Keywords
from protocol.shapes.mentions import MentionObject, add_mentions
from protocol.shapes.threads import ThreadFields, add_threads
from protocol.shapes.timestamps import Timestamp, timestamp

M = TypeVar("M")
U = TypeVar("U")

RevisedEvent: TypeAlias = PrivateMessageRevised | ChannelMessageRevised
Change: TypeAlias = Literal[
    "edited", "deleted", "reaction_added", "reaction_removed", "pinned", "unpinned", "graded",
    "missed",
]  # fmt: skip
"""The change; `missed`: an unknown one, which the client missed or the hub did not learn of."""


Rev: TypeAlias = Annotated[int, Keywords(minimum=1)]
"""Of a message's last revision; one that never had any is shown without it."""


@frozen
class EditBody:
    """PATCH of a message."""

    content: Content


class ReactionObject(TypedDict, Generic[U]):
    """A reaction of `count` users; `userIds`: the first of them."""

    emoji: str
    count: int
    userIds: list[U]


class RevisedFields(TypedDict):
    """Fields of messages that were changed, or have mentions."""

    rev: NotRequired[Rev]
    editedAt: NotRequired[Timestamp]
    isDeleted: NotRequired[Literal[True]]
    reactions: NotRequired[list[ReactionObject[UserId]]]
    mentions: NotRequired[list[MentionObject[UserId]]]
    mentionsChannel: NotRequired[Literal[True]]


class StateObject(ThreadFields[M, U], Generic[M, U]):
    """The message as it is now. `userId`: who changed it, if that is known. `emoji`: of a reaction
    that was added or removed. `gradingStatus`: of homework that has one. `renderedContent`: if
    messages have it.
    """

    change: Change
    seq: int
    rev: NotRequired[Rev]
    content: str
    editedAt: Timestamp | None
    isDeleted: bool
    isPinned: bool
    reactions: list[ReactionObject[U]]
    mentions: NotRequired[list[MentionObject[U]]]
    mentionsChannel: NotRequired[Literal[True]]
    gradingStatus: NotRequired[GradingStatus]
    userId: NotRequired[U]
    emoji: NotRequired[str]
    renderedContent: NotRequired[str]


def change_of(event: RevisedEvent) -> Change:
    """The change, as clients see it."""
    match event.revision:
        case None:
            return "deleted" if event.message.is_deleted else "missed"
        case Edit():
            return "edited"
        case Delete():
            return "deleted"
        case React(is_added=is_added):
            return "reaction_added" if is_added else "reaction_removed"
        case Pin(is_pinned=is_pinned):
            return "pinned" if is_pinned else "unpinned"
        case Grade():
            return "graded"
        case _:
            assert_never(event.revision)


def state_object(
    event: RevisedEvent, message_of: Callable[[Any], M], user_of: Callable[[Any], U]
) -> StateObject[M, U]:
    """The message as it is now, with the dialect's ids of messages and users."""
    message = event.message
    state: StateObject[M, U] = {
        "change": change_of(event),
        "seq": message.seq,
        "rev": message.rev,
        "content": message.content,
        "editedAt": edited_at(message),
        "isDeleted": message.is_deleted,
        "isPinned": message.is_pinned,
        "reactions": reaction_objects(message.reactions, user_of),
    }
    add_mentions(state, message, user_of)
    if not message.rev:
        del state["rev"]
    if message.grading is not None:
        state["gradingStatus"] = message.grading
    add_threads(state, message, message_of, user_of)
    if isinstance(event.revision, React):
        state["emoji"] = event.revision.emoji
    if event.user is not None:
        state["userId"] = user_of(event.user.id)
    return state


def add_revision(view: RevisedFields, message: Message) -> None:
    """Add the revisions of a message."""
    if not message.rev:
        return
    view["rev"] = message.rev
    view["reactions"] = reaction_objects(message.reactions, UserId)
    if message.edited_at is not None:
        view["editedAt"] = timestamp(message.edited_at)
    if message.is_deleted:
        view["isDeleted"] = True


def reaction_objects(
    reactions: Sequence[Reaction], user_of: Callable[[Any], U]
) -> list[ReactionObject[U]]:
    """The reactions of a message. `user_of`: the dialect's id of a user."""
    return [
        {
            "emoji": each.emoji,
            "count": each.count,
            "userIds": [user_of(user_id) for user_id in each.user_ids],
        }
        for each in reactions
    ]


def edited_at(message: Message) -> Timestamp | None:
    """When a message was edited, if it was."""
    return None if message.edited_at is None else timestamp(message.edited_at)
