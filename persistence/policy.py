"""Who may do what, as a table: place, action, and the standings that have the right.

Guarantees: an action that is not in the table is allowed to nobody. The function `policy()` in
postgres/routines/policy.sql has the same rows (a test compares them), and docs/permissions.md is
generated from them. Must not know: how a user's standing in a place is determined.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from attrs import frozen

from protocol.model import ChannelKind, Standing


class Place(StrEnum):
    """Where an action is taken. `channel`, `announcements` and `conversation` are kinds of
    channels.
    """

    WORKSPACE = "workspace"
    CHANNEL = "channel"
    ANNOUNCEMENTS = "announcements"
    CONVERSATION = "conversation"


PLACES: Final[Mapping[ChannelKind, Place]] = {
    ChannelKind.TEXT: Place.CHANNEL,
    ChannelKind.ANNOUNCEMENT: Place.ANNOUNCEMENTS,
    ChannelKind.DM: Place.CONVERSATION,
}
"""The place of each kind of channel."""


class Action(StrEnum):
    """An action that needs a right."""

    SEE = "see"
    CREATE_CHANNEL = "create_channel"
    INVITE = "invite"
    LEAVE = "leave"
    REMOVE_GUEST = "remove_guest"
    REMOVE_MEMBER = "remove_member"
    REMOVE_MODERATOR = "remove_moderator"
    REMOVE_OWNER = "remove_owner"
    CHANGE_ROLES = "change_roles"
    WRITE = "write"
    EDIT = "edit"
    REACT = "react"
    DELETE_OWN = "delete_own"
    DELETE_OTHERS = "delete_others"
    GRADE = "grade"
    PIN = "pin"
    SEE_VERSIONS = "see_versions"
    MENTION_CHANNEL = "mention_channel"


MEANINGS: Final[Mapping[Action, str]] = {
    Action.SEE: "know that it exists, read it, join it, mark it as read, get its events",
    Action.CREATE_CHANNEL: "create a channel",
    Action.INVITE: "invite a user, create an invitation link",
    Action.LEAVE: "leave the workspace",
    Action.REMOVE_GUEST: "remove a guest",
    Action.REMOVE_MEMBER: "remove a member",
    Action.REMOVE_MODERATOR: "remove a moderator",
    Action.REMOVE_OWNER: "remove the owner",
    Action.CHANGE_ROLES: "make another user a moderator, a member, a guest or the owner",
    Action.WRITE: "send a message",
    Action.EDIT: "edit one's own message",
    Action.REACT: "react to a message, remove one's own reaction",
    Action.DELETE_OWN: "delete one's own message",
    Action.DELETE_OTHERS: "delete a message of another user",
    Action.GRADE: "set the status of homework",
    Action.PIN: "pin a message, unpin it",
    Action.SEE_VERSIONS: "read the earlier contents of an edited message, if `keep_versions` is on",
    Action.MENTION_CHANNEL: "mention everybody in the channel, as `@channel`",
}
"""What each action covers, for the documentation."""


@frozen
class Rule:
    """Who may take an action in a place."""

    place: Place
    action: Action
    standings: tuple[Standing, ...]


_GUEST, _MEMBER = Standing.GUEST, Standing.MEMBER
_MODERATOR, _OWNER = Standing.MODERATOR, Standing.OWNER
_CONTACT, _PARTICIPANT = Standing.CONTACT, Standing.PARTICIPANT

POLICY: Final = (
    Rule(Place.WORKSPACE, Action.SEE, (_GUEST, _MEMBER, _MODERATOR, _OWNER)),
    Rule(Place.WORKSPACE, Action.CREATE_CHANNEL, (_MODERATOR, _OWNER)),
    Rule(Place.WORKSPACE, Action.INVITE, (_MODERATOR, _OWNER)),
    Rule(Place.WORKSPACE, Action.LEAVE, (_GUEST, _MEMBER, _MODERATOR)),
    Rule(Place.WORKSPACE, Action.REMOVE_GUEST, (_MODERATOR, _OWNER)),
    Rule(Place.WORKSPACE, Action.REMOVE_MEMBER, (_MODERATOR, _OWNER)),
    Rule(Place.WORKSPACE, Action.REMOVE_MODERATOR, (_OWNER,)),
    Rule(Place.WORKSPACE, Action.REMOVE_OWNER, ()),
    Rule(Place.WORKSPACE, Action.CHANGE_ROLES, (_OWNER,)),
    Rule(Place.CHANNEL, Action.SEE, (_GUEST, _MEMBER, _MODERATOR, _OWNER)),
    Rule(Place.CHANNEL, Action.WRITE, (_MEMBER, _MODERATOR, _OWNER)),
    Rule(Place.CHANNEL, Action.EDIT, (_MEMBER, _MODERATOR, _OWNER)),
    Rule(Place.CHANNEL, Action.REACT, (_MEMBER, _MODERATOR, _OWNER)),
    Rule(Place.CHANNEL, Action.DELETE_OWN, (_GUEST, _MEMBER, _MODERATOR, _OWNER)),
    Rule(Place.CHANNEL, Action.DELETE_OTHERS, (_MODERATOR, _OWNER)),
    Rule(Place.CHANNEL, Action.GRADE, (_MODERATOR, _OWNER)),
    Rule(Place.CHANNEL, Action.PIN, (_MODERATOR, _OWNER)),
    Rule(Place.CHANNEL, Action.SEE_VERSIONS, (_MODERATOR, _OWNER)),
    Rule(Place.CHANNEL, Action.MENTION_CHANNEL, (_MODERATOR, _OWNER)),
    Rule(Place.ANNOUNCEMENTS, Action.SEE, (_GUEST, _MEMBER, _MODERATOR, _OWNER)),
    Rule(Place.ANNOUNCEMENTS, Action.WRITE, (_MODERATOR, _OWNER)),
    Rule(Place.ANNOUNCEMENTS, Action.EDIT, (_MODERATOR, _OWNER)),
    Rule(Place.ANNOUNCEMENTS, Action.REACT, (_MEMBER, _MODERATOR, _OWNER)),
    Rule(Place.ANNOUNCEMENTS, Action.DELETE_OWN, (_GUEST, _MEMBER, _MODERATOR, _OWNER)),
    Rule(Place.ANNOUNCEMENTS, Action.DELETE_OTHERS, (_MODERATOR, _OWNER)),
    Rule(Place.ANNOUNCEMENTS, Action.GRADE, (_MODERATOR, _OWNER)),
    Rule(Place.ANNOUNCEMENTS, Action.PIN, (_MODERATOR, _OWNER)),
    Rule(Place.ANNOUNCEMENTS, Action.SEE_VERSIONS, (_MODERATOR, _OWNER)),
    Rule(Place.ANNOUNCEMENTS, Action.MENTION_CHANNEL, (_MODERATOR, _OWNER)),
    Rule(Place.CONVERSATION, Action.SEE, (_PARTICIPANT, _CONTACT)),
    Rule(Place.CONVERSATION, Action.WRITE, (_CONTACT,)),
    Rule(Place.CONVERSATION, Action.EDIT, (_CONTACT,)),
    Rule(Place.CONVERSATION, Action.REACT, (_CONTACT,)),
    Rule(Place.CONVERSATION, Action.DELETE_OWN, (_PARTICIPANT, _CONTACT)),
    Rule(Place.CONVERSATION, Action.DELETE_OTHERS, ()),
    Rule(Place.CONVERSATION, Action.GRADE, ()),
    Rule(Place.CONVERSATION, Action.PIN, ()),
    Rule(Place.CONVERSATION, Action.SEE_VERSIONS, ()),
    Rule(Place.CONVERSATION, Action.MENTION_CHANNEL, ()),
)

_RIGHTS: Final = frozenset(
    (rule.place, rule.action, standing) for rule in POLICY for standing in rule.standings
)


def grants(place: Place, action: Action, standing: Standing | None) -> bool:
    """Whether a user with this standing (None: without one) may take the action in this place."""
    return (place, action, standing) in _RIGHTS
