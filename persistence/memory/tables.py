"""The rows that the parts of the memory store share, and the policy, which needs several tables."""

from collections.abc import AsyncIterator, Callable, Container, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from math import inf
from typing import TypeVar

import trio
from attrs import define, evolve, field, frozen

from persistence.audit import AuditEntry, AuditRow
from persistence.changes import (
    Change,
    InvitationChanged,
    PairMet,
)
from persistence.invitations import InvitationLink
from persistence.memory.contents.channel_row import EVERYBODY, ChannelRow
from persistence.policy import PLACES, Action, Place, grants
from persistence.records import Denial, Identity
from persistence.recoveries import Recovery
from persistence.sessions import SessionChange, SessionEnded
from persistence.uploads import Upload
from protocol.model import (
    ASSISTANT_ID,
    STAFF,
    Channel,
    ChannelId,
    ChannelKind,
    FollowStatus,
    Message,
    MessageFate,
    MessageId,
    Role,
    SessionId,
    Standing,
    User,
    UserId,
    Workspace,
    WorkspaceId,
)
from protocol.revisions import Revision

T = TypeVar("T")


@frozen
class SessionRow:
    """A session, without the hash by which it is found."""

    id: SessionId
    user_id: UserId
    expires_at: datetime
    created_at: datetime
    used_at: datetime


@frozen
class RecoveryRow:
    """The position of a connection, and when it was last known to be open."""

    recovery: Recovery
    touched_at: datetime


@frozen
class InvitationRow:
    """Who asked a user to join a workspace, and when."""

    inviter_id: UserId
    created_at: datetime


@frozen
class LinkRow:
    """A link that invites, and who made it."""

    creator_id: UserId
    link: InvitationLink


def _ids() -> Iterator[int]:
    return (number for number in count(1) if number != ASSISTANT_ID)


@define
class Tables:
    """All tables. Every timestamp comes from `clock`."""

    clock: Callable[[], datetime]
    ids: Iterator[int] = field(factory=_ids, init=False)
    users: dict[UserId, User] = field(factory=dict, init=False)
    deleted: dict[UserId, User] = field(factory=dict, init=False)  # their messages stay
    passwords: dict[UserId, str] = field(factory=dict, init=False)
    identities: dict[Identity, UserId] = field(factory=dict, init=False)
    sessions: dict[bytes, SessionRow] = field(factory=dict, init=False)
    session_listeners: set[trio.MemorySendChannel[SessionChange | None]] = field(
        factory=set, init=False
    )
    listeners: set[trio.MemorySendChannel[Change | None]] = field(factory=set, init=False)
    secrets: dict[str, str] = field(factory=dict, init=False)
    follows: dict[tuple[UserId, UserId], FollowStatus] = field(factory=dict, init=False)
    made: dict[tuple[UserId, UserId], int] = field(factory=dict, init=False)
    blocks: dict[tuple[UserId, UserId], None] = field(factory=dict, init=False)
    workspaces: dict[WorkspaceId, Workspace] = field(factory=dict, init=False)
    retention: dict[WorkspaceId, int] = field(factory=dict, init=False)  # in days
    roles: dict[tuple[WorkspaceId, UserId], Standing] = field(factory=dict, init=False)
    joined: dict[tuple[WorkspaceId, UserId], datetime] = field(factory=dict, init=False)
    invitations: dict[tuple[WorkspaceId, UserId], InvitationRow] = field(factory=dict, init=False)
    links: dict[bytes, LinkRow] = field(factory=dict, init=False)
    channels: dict[ChannelId, ChannelRow] = field(factory=dict, init=False)
    dms: dict[frozenset[UserId], ChannelRow] = field(factory=dict, init=False)
    messages: dict[MessageId, ChannelRow] = field(factory=dict, init=False)
    keys: dict[tuple[ChannelId, UserId, str], Message] = field(factory=dict, init=False)
    originals: dict[MessageId, MessageId] = field(factory=dict, init=False)  # by copy
    revision_keys: dict[tuple[ChannelId, UserId, str], tuple[MessageId, Revision]] = field(
        factory=dict, init=False
    )
    uploads: dict[str, Upload] = field(factory=dict, init=False)
    loose: list[tuple[str, datetime]] = field(factory=list, init=False)  # as loose_uploads
    recoveries: dict[bytes, RecoveryRow] = field(factory=dict, init=False)
    proposed_emails: dict[UserId, tuple[str, bytes, datetime]] = field(factory=dict, init=False)
    last_notes: dict[UserId, int] = field(factory=dict, init=False)
    audit: list[AuditRow] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        now = self.now()
        name = "AI Tutor"
        self.users[ASSISTANT_ID] = User(ASSISTANT_ID, name, name, now, now, role=Role.ASSISTANT)
        self.passwords[ASSISTANT_ID] = "none"

    def now(self) -> datetime:
        """The time, with millisecond precision as in Postgres."""
        now = self.clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def next_note(self, user_id: UserId) -> int:
        """The number of the user's next note."""
        self.last_notes[user_id] = self.last_notes.get(user_id, 0) + 1
        return self.last_notes[user_id]

    def note(self, entry: AuditEntry | None, user: User | None) -> None:
        """Record the action of an operator, if there is one."""
        if entry is not None:
            about = None if user is None else user.id
            self.audit.append(AuditRow(next(self.ids), self.now(), entry, about, None))

    def person(self, user_id: UserId) -> User:
        """The user with this id, also a deleted one."""
        return self.users.get(user_id) or self.deleted[user_id]

    def username(self, user_id: UserId) -> str:
        """The username of a user, also of a deleted one."""
        return self.person(user_id).username

    def end_session(self, token_hash: bytes) -> SessionId:
        """Delete a session and notify the listeners."""
        session_id = self.sessions.pop(token_hash).id
        self.session_changed(SessionEnded(session_id))
        return session_id

    def end_sessions(self, user_id: UserId, keep: SessionId | None) -> list[SessionId]:
        """Delete a user's sessions but one and notify the listeners."""
        ended = [
            token_hash
            for token_hash, row in self.sessions.items()
            if row.user_id == user_id and row.id != keep
        ]
        return [self.end_session(token_hash) for token_hash in ended]

    def session_changed(self, change: SessionChange) -> None:
        """Notify the listeners of a session that ended or a user that changed."""
        for listener in self.session_listeners:
            listener.send_nowait(change)

    def blocked_either_way(self, a: UserId, b: UserId) -> bool:
        """Whether one of the two blocks the other."""
        return (a, b) in self.blocks or (b, a) in self.blocks

    def hidden_from(self, user_id: UserId) -> frozenset[UserId]:
        """The users who block this one or are blocked by them."""
        pairs = [pair for pair in self.blocks if user_id in pair]
        return frozenset(other for pair in pairs for other in pair if other != user_id)

    def unknown_to(self, viewer: UserId | None) -> Container[UserId]:
        """The users who must not be shown as readers to the viewer; everybody if there is no
        viewer.
        """
        return EVERYBODY if viewer is None else self.hidden_from(viewer)

    def follow_accepted_either_way(self, a: UserId, b: UserId) -> bool:
        """Whether an accepted follow exists either way."""
        accepted = FollowStatus.ACCEPTED
        return self.follows.get((a, b)) is accepted or self.follows.get((b, a)) is accepted

    def follow(self, follower: UserId, followee: UserId, status: FollowStatus) -> None:
        """Make a follow, or change its status; `made` numbers the follows in order of creation."""
        if (follower, followee) not in self.follows:
            self.made[follower, followee] = next(self.ids)
        self.follows[follower, followee] = status
        if status is FollowStatus.ACCEPTED:
            self.changed(PairMet(follower, followee))

    def may_message(self, sender: UserId, recipient: UserId) -> bool:
        """As `may_message` in postgres/routines/policy.sql."""
        if sender == recipient or sender not in self.users or recipient not in self.users:
            return False
        if self.blocked_either_way(sender, recipient):
            return False
        public = self.users[recipient].is_public
        return public or self.follow_accepted_either_way(sender, recipient)

    def may_see(self, user_id: UserId, peer: UserId) -> bool:
        """As `may_see_conversation` in postgres/routines/policy.sql."""
        if (peer, user_id) in self.blocks:
            return False
        is_open = (user_id, peer) in self.blocks or peer in self.deleted
        return is_open or self.in_contact(user_id, peer)

    def in_contact(self, a: UserId, b: UserId) -> bool:
        """Whether one of the two may message the other."""
        return self.may_message(a, b) or self.may_message(b, a)

    def has_let_in(self, user_id: UserId, other: UserId) -> bool:
        """As `has_let_in` in postgres/routines/policy.sql."""
        accepted = FollowStatus.ACCEPTED
        is_public = self.users[user_id].is_public
        return (
            self.follows.get((user_id, other)) is accepted
            or (self.follows.get((other, user_id)) is accepted and not is_public)
            or any({user_id, other} <= {*each.members} for each in self.workspaces.values())
        )

    def is_request(self, row: ChannelRow, user_id: UserId) -> bool:
        """As `is_request` in postgres/routines/policy.sql."""
        peer, opener = row.channel.peer_of(user_id), row.opener
        if peer is None or row.answered or opener != peer:
            return False
        return not self.has_let_in(user_id, opener)

    def is_declined(self, row: ChannelRow, user_id: UserId) -> bool:
        """As `is_declined` in postgres/routines/policy.sql."""
        has_declined = row.declined.get(user_id, 0) >= len(row.messages)
        return self.is_request(row, user_id) and (
            has_declined or (user_id, row.opener) in self.blocks
        )

    def is_listed(self, row: ChannelRow, user_id: UserId) -> bool:
        """As `is_listed` in postgres/routines/policy.sql."""
        if row.channel.pair is None:
            return True
        is_open = bool(row.messages) or user_id in row.opened_by
        return is_open and not self.is_declined(row, user_id)

    def changed(self, change: Change) -> None:
        """Notify the listeners of a change of rights, or of a request to a user."""
        for listener in self.listeners:
            listener.send_nowait(change)

    def end_invitation(self, workspace_id: WorkspaceId, user_id: UserId) -> bool:
        """Delete an invitation and notify the listeners; False: there is none."""
        if self.invitations.pop((workspace_id, user_id), None) is None:
            return False
        self.changed(InvitationChanged(user_id))
        return True

    def standing_in_workspace(self, user_id: UserId, workspace_id: WorkspaceId) -> Standing | None:
        """As `standing_in_workspace` in postgres/routines/policy.sql."""
        workspace = self.workspaces.get(workspace_id)
        if workspace is None or user_id not in workspace.members:
            return None
        if workspace.owner_id == user_id:
            return Standing.OWNER
        given = self.roles.get((workspace_id, user_id), Standing.MEMBER)
        is_promoted = given is Standing.MEMBER and self.users[user_id].role in STAFF
        return Standing.MODERATOR if is_promoted else given

    def standing_in_channel(self, user_id: UserId, channel: Channel) -> Standing | None:
        """As `standing_in_channel` in postgres/routines/policy.sql."""
        if channel.workspace_id is not None:
            return self.standing_in_workspace(user_id, channel.workspace_id)
        peer = channel.peer_of(user_id)
        if peer is None or not self.may_join(user_id, channel):
            return None
        return Standing.CONTACT if self.may_message(user_id, peer) else Standing.PARTICIPANT

    def denial_in_workspace(
        self, user_id: UserId, action: Action, workspace_id: WorkspaceId
    ) -> Denial | None:
        """Why the user may not take an action in a workspace; None: they may."""
        standing = self.standing_in_workspace(user_id, workspace_id)
        return _denial(Place.WORKSPACE, action, standing)

    def denial_in_channel(self, user_id: UserId, action: Action, channel: Channel) -> Denial | None:
        """Why the user may not take an action in a channel; None: they may."""
        standing = self.standing_in_channel(user_id, channel)
        return _denial(PLACES[channel.kind], action, standing)

    def may_join(self, user_id: UserId, channel: Channel) -> bool:
        """As `may_join` in postgres/routines/policy.sql."""
        if channel.workspace_id is None:
            peer = channel.peer_of(user_id)
            return peer is not None and self.may_see(user_id, peer)
        return user_id in self.workspaces[channel.workspace_id].members

    def may_see_upload(self, user_id: UserId, url: str) -> bool:
        """As `may_see_upload` in postgres/routines/policy.sql."""
        upload = self.uploads.get(url)
        if upload is None or upload.owner_id == user_id:
            return upload is not None
        return self.users[upload.owner_id].avatar == url or any(
            message.file_url == url
            for row in self.channels.values()
            if self.may_join(user_id, row.channel)
            for message in row.shown()
        )

    def is_named(self, url: str) -> bool:
        """Whether a message carries the upload, or a user has it as their picture."""
        return any(
            message.file_url == url for row in self.channels.values() for message in row.shown()
        ) or any(user.avatar == url for user in self.users.values())

    def loosen(self, url: str | None, after: timedelta = timedelta()) -> None:
        """Have `collect` look at an upload `after` some time: nothing may name it by then."""
        if url is not None and url.startswith("/uploads/"):
            self.loose.append((url, self.clock() + after))

    def end_message(
        self, row: ChannelRow, message: Message, user_id: UserId, fate: MessageFate
    ) -> None:
        """Apply the deletion of a user to a message."""
        is_own, upload = message.author_id == user_id, self.uploads.get(message.file_url or "")
        if is_own:
            self.keys.pop((row.channel.id, user_id, message.key or ""), None)
            row.replace(evolve(message, key=None))
            row.versions.pop(message.id, None)
        is_removed = is_own or user_id in (row.channel.pair or ())
        is_lost = upload is not None and upload.owner_id == user_id
        if is_lost or (is_removed and fate is MessageFate.REMOVE):
            row.clear(row.find(message.id))
        if is_removed and fate is MessageFate.REMOVE:
            row.release_replies(message.id)

    def dm(self, one: UserId, other: UserId) -> ChannelRow:
        """The dm of the two users, made if it is missing."""
        pair = frozenset((one, other))
        if pair not in self.dms:
            low, high = sorted(pair)
            row = ChannelRow(
                Channel(
                    ChannelId(next(self.ids)),
                    ChannelKind.DM,
                    f"dm_{low}_{high}",
                    self.now(),
                    pair=(low, high),
                )
            )
            row.is_request = lambda user_id: self.is_request(row, user_id)
            row.username = self.username
            self.dms[pair] = self.channels[row.channel.id] = row
        return self.dms[pair]


def _denial(place: Place, action: Action, standing: Standing | None) -> Denial | None:
    if not grants(place, Action.SEE, standing):
        return Denial.NOT_FOUND
    return None if grants(place, action, standing) else Denial.NOT_ALLOWED


@asynccontextmanager
async def listen(
    listeners: set[trio.MemorySendChannel[T]],
) -> AsyncIterator[trio.MemoryReceiveChannel[T]]:
    """What is sent to the listeners while the context is open."""
    send, receive = trio.open_memory_channel[T](inf)
    listeners.add(send)
    try:
        with receive:
            yield receive
    finally:
        listeners.remove(send)
