"""The changes that a store notifies a running hub of: of rights, and of requests to a user.

Guarantees: immutable; each names the users concerned, but not their present rights: those are
looked up when the change is acted on. Must not know: commands, events, dialects, sockets.
"""

from typing import TypeAlias

from attrs import frozen

from protocol.model import ChannelId, UserId, WorkspaceId


@frozen
class FollowEnded:
    """An accepted follow between the two users ended."""

    one: UserId
    other: UserId


@frozen
class BlockMade:
    """One user blocks the other."""

    blocker: UserId
    blocked: UserId


@frozen
class ProfileChanged:
    """The user's profile became private."""

    user_id: UserId


@frozen
class MemberGone:
    """The user left the workspace or was removed from it."""

    workspace_id: WorkspaceId
    user_id: UserId


@frozen
class ChannelMemberGone:
    """The user is no longer one of the channel's own members."""

    channel_id: ChannelId
    user_id: UserId


@frozen
class UserGone:
    """The account was deleted."""

    user_id: UserId


@frozen
class ConversationGone:
    """A dm with messages was deleted, mostly with the account of one of its two users."""

    channel_id: ChannelId
    one: UserId
    other: UserId


@frozen
class ChannelGone:
    """A channel of a workspace was deleted."""

    channel_id: ChannelId
    workspace_id: WorkspaceId


@frozen
class PairMet:
    """An accepted follow exists between the two users, or the second one has answered the first."""

    one: UserId
    other: UserId


@frozen
class BlockEnded:
    """One of the two users no longer blocks the other."""

    one: UserId
    other: UserId


@frozen
class ProfileOpened:
    """The user's profile became public."""

    user_id: UserId


@frozen
class MemberCame:
    """The user is a member of the workspace now."""

    workspace_id: WorkspaceId
    user_id: UserId


Loss: TypeAlias = (
    FollowEnded
    | BlockMade
    | ProfileChanged
    | MemberGone
    | ChannelMemberGone
    | ChannelGone
    | UserGone
    | ConversationGone
)
"""A change that may take away a user's right to see something."""

Gain: TypeAlias = PairMet | BlockEnded | ProfileOpened | MemberCame
"""A change that may give a user the right to see something."""


@frozen
class RequestDecided:
    """The user has accepted or declined the peer's message request."""

    user_id: UserId
    peer_id: UserId


@frozen
class InvitationChanged:
    """The user was invited to a workspace, or one of their invitations has ended."""

    user_id: UserId


Question: TypeAlias = RequestDecided | InvitationChanged
"""A change of the requests to a user; only that user's own connections get an event for it."""

Change: TypeAlias = Loss | Gain | Question
