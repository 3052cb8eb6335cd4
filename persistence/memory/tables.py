"""The rows that the parts of the memory store share, and the policy, which needs several tables."""

from collections.abc import AsyncIterator, Callable, Container, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from math import inf
from typing import Final, TypeVar

import trio
from attrs import define, evolve, field, frozen

from persistence.audit import AuditEntry, AuditRow
from persistence.changes import (
    Change,
    InvitationChanged,
    PairMet,
)
from persistence.contents.revisions import Version
from persistence.policy import PLACES, Action, Place, grants
from persistence.records import (
    Denial,
    Identity,
    InvitationLink,
    SessionChange,
    SessionEnded,
    Upload,
)
from persistence.recoveries import Recovery
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
    Reaction,
    Role,
    SessionId,
    Standing,
    User,
    UserId,
    Workspace,
    WorkspaceId,
)
from protocol.revisions import NAMED_REACTORS, Revision

T = TypeVar("T")


@frozen
class SessionRow:
    """A session, without the hash by which it is found."""

    id: SessionId
    user_id: UserId
    expires_at: datetime
    created_at: datetime
    used_at: datetime


class _Everybody:
    """A set that everybody is in."""

    def __contains__(self, _: object) -> bool:
        return True


EVERYBODY: Final[Container[UserId]] = _Everybody()


@define
class ChannelRow:
    """A channel, its log and its watermarks by user. `messages[seq - 1]` is the message with that
    seq; `deleted` has the ids of deleted messages.
    """

    channel: Channel
    messages: list[Message] = field(factory=list)
    deleted: set[MessageId] = field(factory=set)
    read: dict[UserId, int] = field(factory=dict)
    delivered: dict[UserId, int] = field(factory=dict)
    archived: dict[UserId, int] = field(factory=dict)
    declined: dict[UserId, int] = field(factory=dict)
    opened_by: set[UserId] = field(factory=set)
    accepted: bool = False
    last_rev: int = 0
    reactions: dict[MessageId, dict[str, dict[UserId, int]]] = field(factory=dict)  # numbered
    versions: dict[MessageId, list[Version]] = field(factory=dict)  # the last first
    is_request: Callable[[UserId], bool] = lambda _: False

    def find(self, message_id: MessageId) -> Message:
        """The stored message of that id, which must be in this channel."""
        return next(message for message in self.messages if message.id == message_id)

    def replace(self, message: Message) -> None:
        """Replace a stored message by another version of it."""
        self.messages[message.seq - 1] = message

    def forget_reactions(self, user_id: UserId) -> None:
        """Take back whatever a user has reacted."""
        for kinds in self.reactions.values():
            for emoji, users in tuple(kinds.items()):
                users.pop(user_id, None)
                if not users:
                    del kinds[emoji]

    def next_rev(self) -> int:
        """The rev of the next revision."""
        self.last_rev += 1
        return self.last_rev

    def clear(self, message: Message) -> None:
        """Delete what a stored message says."""
        self.deleted.add(message.id)
        self.reactions.pop(message.id, None)
        self.versions.pop(message.id, None)
        self.replace(evolve(message, content="", file_url=None, is_deleted=True))
        others = (each for each in self.channel.pinned if each != message.id)
        self.channel = evolve(self.channel, pinned=tuple(others))

    def shown(self, unknown: Container[UserId] = EVERYBODY) -> list[Message]:
        """The messages that were not deleted, as of now; see `seen`."""
        return [self.seen(each, unknown) for each in self.messages if each.id not in self.deleted]

    def conversation(self, unknown: Container[UserId] = EVERYBODY) -> list[Message]:
        """The messages of the two users of a dm, as of now; without the assistant's."""
        return [message for message in self.shown(unknown) if message.recipient_id is not None]

    @property
    def answered(self) -> bool:
        """Whether both users of a dm have written in it, or the second one has accepted it."""
        both = set(self.channel.pair or (None,))
        return self.accepted or {each.author_id for each in self.messages} >= both

    @property
    def opener(self) -> UserId | None:
        """Who of the two users of a dm wrote first."""
        authors = (each.author_id for each in self.messages)
        return next((each for each in authors if each in (self.channel.pair or ())), None)

    def seen(self, message: Message, unknown: Container[UserId] = EVERYBODY) -> Message:
        """The message with its pin, its reactions and its readers as of now, without those who are
        unknown to the one that it is for.
        """
        found = self.reactions.get(message.id, {})
        reactions = tuple(
            Reaction(emoji, len(users), tuple(users)[:NAMED_REACTORS])
            for emoji, users in sorted(found.items(), key=lambda each: min(each[1].values()))
        )
        return evolve(
            message,
            reactions=reactions,
            read_by=tuple(sorted(self._past(self.read, message, unknown))),
            is_pinned=message.id in self.channel.pinned,
            is_delivered=bool(self._past(self.delivered, message, unknown)),
        )

    def _past(
        self, marks: Mapping[UserId, int], message: Message, unknown: Container[UserId]
    ) -> set[UserId]:
        """The others whose watermark has passed a message, who are not unknown, and for whom it is
        no request.
        """
        return {
            user
            for user, seq in marks.items()
            if seq >= message.seq
            and user != message.author_id
            and user not in unknown
            and not self.is_request(user)
        }

    def unread(self, user_id: UserId) -> list[Message]:
        """The messages of others above the user's read watermark."""
        return self.by_others(user_id, self.read.get(user_id, 0))

    def unread_among(self, user_id: UserId, among: int) -> int:
        """How many of those are among the channel's newest messages."""
        newest = {message.id for message in self.shown()[-among:]}
        return sum(message.id in newest for message in self.unread(user_id))

    def by_others(
        self, user_id: UserId, above: int, unknown: Container[UserId] = EVERYBODY
    ) -> list[Message]:
        """The messages of others above a seq; see `seen`."""
        shown = self.shown(unknown)
        return [each for each in shown if each.seq > above and each.author_id != user_id]


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
    deleted: dict[UserId, User] = field(factory=dict, init=False)  # whose messages stayed
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
    invitations: dict[tuple[WorkspaceId, UserId], InvitationRow] = field(factory=dict, init=False)
    links: dict[bytes, LinkRow] = field(factory=dict, init=False)
    channels: dict[ChannelId, ChannelRow] = field(factory=dict, init=False)
    dms: dict[frozenset[UserId], ChannelRow] = field(factory=dict, init=False)
    messages: dict[MessageId, ChannelRow] = field(factory=dict, init=False)
    keys: dict[tuple[UserId, str], Message] = field(factory=dict, init=False)
    revision_keys: dict[tuple[UserId, str], tuple[MessageId, Revision]] = field(
        factory=dict, init=False
    )
    uploads: dict[str, Upload] = field(factory=dict, init=False)
    loose: list[tuple[str, datetime]] = field(factory=list, init=False)  # as loose_uploads
    recoveries: dict[bytes, RecoveryRow] = field(factory=dict, init=False)
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

    def note(self, entry: AuditEntry | None, user: User | None) -> None:
        """Keep what an operator does, if one does it."""
        if entry is not None:
            about = None if user is None else user.id
            self.audit.append(AuditRow(next(self.ids), self.now(), entry, about, None))

    def person(self, user_id: UserId) -> User:
        """Who that is, or was."""
        return self.users.get(user_id) or self.deleted[user_id]

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
        """Those whom the user blocks or who block them."""
        pairs = [pair for pair in self.blocks if user_id in pair]
        return frozenset(other for pair in pairs for other in pair if other != user_id)

    def unknown_to(self, viewer: UserId | None) -> Container[UserId]:
        """Those of whom the viewer may not know what they have read; nobody may know anything."""
        return EVERYBODY if viewer is None else self.hidden_from(viewer)

    def follow_accepted_either_way(self, a: UserId, b: UserId) -> bool:
        """Whether an accepted follow exists either way."""
        accepted = FollowStatus.ACCEPTED
        return self.follows.get((a, b)) is accepted or self.follows.get((b, a)) is accepted

    def follow(self, follower: UserId, followee: UserId, status: FollowStatus) -> None:
        """Make a follow, or change its status; `made` counts them in the order they were made."""
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
        """Notify the listeners of a change that may take away a right, or give one."""
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
        """Why the user may not take an action there; None: they may."""
        standing = self.standing_in_workspace(user_id, workspace_id)
        return _denial(Place.WORKSPACE, action, standing)

    def denial_in_channel(self, user_id: UserId, action: Action, channel: Channel) -> Denial | None:
        """Why the user may not take an action there; None: they may."""
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
        """Whether a message carries the upload, or it is somebody's picture."""
        return any(
            message.file_url == url for row in self.channels.values() for message in row.shown()
        ) or any(user.avatar == url for user in self.users.values())

    def loosen(self, url: str | None, after: timedelta = timedelta()) -> None:
        """Note that an upload is to be looked at: it may be named by nothing then."""
        if url is not None and url.startswith("/uploads/"):
            self.loose.append((url, self.clock() + after))

    def end_message(
        self, row: ChannelRow, message: Message, user_id: UserId, fate: MessageFate
    ) -> None:
        """Do with a message what the deletion of a user does."""
        is_own, upload = message.author_id == user_id, self.uploads.get(message.file_url or "")
        if is_own:
            self.keys.pop((user_id, message.key or ""), None)
            row.replace(evolve(message, key=None))
            row.versions.pop(message.id, None)
        is_removed = is_own or user_id in (row.channel.pair or ())
        is_lost = upload is not None and upload.owner_id == user_id
        if is_lost or (is_removed and fate is MessageFate.REMOVE):
            row.clear(row.find(message.id))

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
    """What the listeners are notified of while the context is open."""
    send, receive = trio.open_memory_channel[T](inf)
    listeners.add(send)
    try:
        with receive:
            yield receive
    finally:
        listeners.remove(send)
