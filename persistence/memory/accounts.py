"""Accounts in memory: users and their password hashes; and the audit of what operators do."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import asdict, define, evolve, fields

from persistence.audit import AuditEntry, AuditRow
from persistence.changes import (
    ChannelGone,
    ChannelMemberGone,
    ConversationGone,
    MemberGone,
    ProfileChanged,
    ProfileOpened,
    UserGone,
)
from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.tables import Tables
from persistence.records import Credentials, Identity, NewUser, NoSuchUser, ProfileChange, Taken
from persistence.sessions import UserChanged, UserDeactivated, UserReactivated
from protocol.model import (
    ASSISTANT_ID,
    MessageFate,
    Role,
    SessionId,
    User,
    UserId,
    WorkspaceId,
    name_key,
)


@define
class MemoryAccounts:
    """Implements `persistence.interface.Accounts`."""

    tables: Tables

    async def create(self, new: NewUser, *, audit: AuditEntry | None = None) -> User:
        """See the interface."""
        if new.identity in self.tables.identities:
            raise Taken("identity")
        if new.email is not None and self._find(new.email, "email") is not None:
            raise Taken("email")
        username = new.username or self._free_username(new)
        if self._find(username, "username") is not None:
            raise Taken("username")
        now = self.tables.now()
        profile = asdict(new, filter=lambda attribute, _: attribute.name in _PROFILE)
        user = User(
            id=UserId(next(self.tables.ids)),
            username=username,
            created_at=now,
            updated_at=now,
            **profile,
        )
        self.tables.users[user.id] = user
        self.tables.passwords[user.id] = new.password_hash
        if new.identity is not None:
            self.tables.identities[new.identity] = user.id
        self.tables.note(audit, user)
        return user

    async def get(self, user_id: UserId) -> User | None:
        """See the interface."""
        return self.tables.users.get(user_id) or self.tables.deleted.get(user_id)

    async def get_many(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        """See the interface."""
        users = self.tables.deleted | self.tables.users
        return {user_id: users[user_id] for user_id in user_ids if user_id in users}

    async def list_page(self, *, after: UserId | None, limit: int) -> Sequence[User]:
        """See the interface."""
        ids = sorted(
            user.id
            for user in self.tables.users.values()
            if user.id > (after or 0) and user.role is not Role.ASSISTANT
        )
        return [self.tables.users[user_id] for user_id in ids[:limit]]

    async def find(self, username: str) -> User | None:
        """See the interface."""
        return self._find(username, "username")

    async def of_identity(self, identity: Identity) -> User | None:
        """See the interface."""
        user_id = self.tables.identities.get(identity)
        return None if user_id is None else self.tables.users[user_id]

    async def credentials(self, login: str) -> Credentials | None:
        """See the interface."""
        user = self._find(login, "username") or self._find(login, "email")
        return None if user is None else Credentials(user, self.tables.passwords[user.id])

    async def password_hash(self, user_id: UserId) -> str | None:
        """See the interface."""
        return self.tables.passwords.get(user_id)

    async def set_password(
        self,
        user_id: UserId,
        password_hash: str,
        *,
        keep: SessionId | None = None,
        audit: AuditEntry | None = None,
    ) -> None:
        """See the interface."""
        if user_id not in self.tables.users:
            raise NoSuchUser(user_id)
        self.tables.passwords[user_id] = password_hash
        self.tables.end_sessions(user_id, keep)
        self.tables.note(audit, self.tables.users[user_id])

    async def rehash_password(self, user_id: UserId, password_hash: str) -> None:
        """See the interface."""
        self.tables.passwords[user_id] = password_hash

    async def change_email(self, user_id: UserId, email: str) -> User:
        """See the interface."""
        user = self.tables.users.get(user_id)
        if user is None:
            raise NoSuchUser(user_id)
        if (self._find(email, "email") or user).id != user_id:
            raise Taken("email")
        changed = evolve(user, email=email, updated_at=self.tables.now())
        self.tables.users[user_id] = changed
        self.tables.session_changed(UserChanged(user_id))
        return changed

    async def propose_email(
        self, user_id: UserId, email: str, digest: bytes, *, seconds: float
    ) -> None:
        """See the interface."""
        if user_id not in self.tables.users:
            raise NoSuchUser(user_id)
        ends_at = self.tables.now() + timedelta(seconds=seconds)
        self.tables.proposed_emails[user_id] = email, digest, ends_at

    async def take_proposed_email(self, user_id: UserId, digest: bytes) -> str | None:
        """See the interface."""
        email, expected, ends_at = self.tables.proposed_emails.get(
            user_id, ("", b"", datetime.min.replace(tzinfo=UTC))
        )
        if digest != expected:
            return None
        del self.tables.proposed_emails[user_id]
        return email if ends_at > self.tables.now() else None

    async def identities(self, user_id: UserId) -> Sequence[Identity]:
        """See the interface."""
        return [each for each, user in self.tables.identities.items() if user == user_id]

    async def delete(self, user_id: UserId, fate: MessageFate = MessageFate.REMOVE) -> bool:
        """See the interface."""
        tables = self.tables
        if user_id not in tables.users or user_id == ASSISTANT_ID:
            raise NoSuchUser(user_id)
        owned = [each for each in tables.workspaces.values() if each.owner_id == user_id]
        if any(set(each.members) - {user_id} for each in owned):
            return False
        tables.end_sessions(user_id, None)
        for workspace in owned:
            del tables.workspaces[workspace.id]
        for row in tuple(tables.channels.values()):
            self._end_in(row, user_id, fate)
        self._end_memberships(user_id)
        tables.follows = {pair: at for pair, at in tables.follows.items() if user_id not in pair}
        tables.blocks = {pair: at for pair, at in tables.blocks.items() if user_id not in pair}
        for url, upload in tuple(tables.uploads.items()):
            if upload.owner_id == user_id:
                del tables.uploads[url]
                tables.loosen(url)
        tables.identities = {
            identity: each for identity, each in tables.identities.items() if each != user_id
        }
        if fate is MessageFate.KEEP:
            tables.deleted[user_id] = self._left_of(user_id)
            tables.changed(ProfileChanged(user_id))
        tables.users.pop(user_id, None)
        tables.passwords.pop(user_id, None)
        tables.proposed_emails.pop(user_id, None)
        tables.changed(UserGone(user_id))
        return True

    def _end_in(self, row: ChannelRow, user_id: UserId, fate: MessageFate) -> None:
        """Apply the deletion of a user to a channel."""
        workspace_id = row.channel.workspace_id
        is_gone = workspace_id is not None and workspace_id not in self.tables.workspaces
        is_theirs = user_id in (row.channel.pair or ())
        for message in tuple(row.messages):
            self.tables.end_message(row, message, user_id, fate)
        if is_gone or (is_theirs and (fate is MessageFate.REMOVE or not row.messages)):
            self._drop(row)
        for marks in (row.read, row.delivered, row.archived, row.declined, row.notes):
            marks.pop(user_id, None)
        for key in [each for each in row.hidden if each[0] == user_id]:
            del row.hidden[key]
        row.forget(user_id)

    def _end_memberships(self, user_id: UserId) -> None:
        tables = self.tables

        def is_left(member: tuple[WorkspaceId, UserId]) -> bool:
            return member[0] in tables.workspaces and member[1] != user_id

        tables.roles = {key: role for key, role in tables.roles.items() if is_left(key)}
        self._end_invitations(user_id)
        for key, each in tuple(tables.workspaces.items()):
            if user_id in each.members:
                members = tuple(member for member in each.members if member != user_id)
                tables.workspaces[key] = evolve(each, members=members)
                tables.changed(MemberGone(key, user_id))

    def _end_invitations(self, user_id: UserId) -> None:
        tables = self.tables
        for (place, invited), row in tuple(tables.invitations.items()):
            if user_id in (invited, row.inviter_id) or place not in tables.workspaces:
                tables.end_invitation(place, invited)

    def _left_of(self, user_id: UserId) -> User:
        now, username = self.tables.now(), f"deleted-{user_id}"
        if self._find(username, "username") is not None:
            username += f"-{secrets.token_hex(8)}"
        return User(user_id, username, "Deleted user", now, now, is_public=False, deleted_at=now)

    def _drop(self, row: ChannelRow) -> None:
        del self.tables.channels[row.channel.id]
        for user_id in row.channel.pair or ():
            self.tables.changed(ChannelMemberGone(row.channel.id, user_id))
        if row.channel.workspace_id is not None:
            self.tables.changed(ChannelGone(row.channel.id, row.channel.workspace_id))
        if row.channel.pair is not None and row.messages:
            self.tables.changed(ConversationGone(row.channel.id, *row.channel.pair))
        for message in row.messages:
            self.tables.messages.pop(message.id, None)
        if row.channel.pair is not None:
            del self.tables.dms[frozenset(row.channel.pair)]

    async def change_profile(
        self, user_id: UserId, change: ProfileChange, *, audit: AuditEntry | None = None
    ) -> User:
        """See the interface."""
        user = self.tables.users.get(user_id)
        if user is None:
            raise NoSuchUser(user_id)
        given: Any = change.given()
        changed = evolve(user, updated_at=self.tables.now(), **given)
        self.tables.users[user_id] = changed
        self.tables.note(audit, changed)
        if changed.avatar != user.avatar:
            self.tables.loosen(user.avatar)
        self.tables.session_changed(UserChanged(user_id))
        if user.is_public and not changed.is_public:
            self.tables.changed(ProfileChanged(user_id))
        if changed.is_public and not user.is_public:
            self.tables.changed(ProfileOpened(user_id))
        return changed

    async def deactivate(self, user_id: UserId, *, audit: AuditEntry | None = None) -> User:
        """See the interface."""
        changed = self._activate(user_id, audit, is_active=False)
        self.tables.end_sessions(user_id, None)
        self.tables.session_changed(UserDeactivated(user_id))
        return changed

    async def reactivate(self, user_id: UserId, *, audit: AuditEntry | None = None) -> User:
        """See the interface."""
        changed = self._activate(user_id, audit, is_active=True)
        self.tables.session_changed(UserReactivated(user_id))
        return changed

    def _activate(self, user_id: UserId, audit: AuditEntry | None, *, is_active: bool) -> User:
        user = self.tables.users.get(user_id)
        if user is None:
            raise NoSuchUser(user_id)
        since = None if is_active else user.deactivated_at or self.tables.now()
        self.tables.users[user_id] = evolve(user, deactivated_at=since)
        self.tables.note(audit, user)
        self.tables.session_changed(UserChanged(user_id))
        return self.tables.users[user_id]

    def _find(self, value: str, column: str) -> User | None:
        wanted = name_key(value)
        for user in self.tables.users.values():
            held = getattr(user, column)
            if held is not None and name_key(held) == wanted:
                return user
        return None

    def _free_username(self, new: NewUser) -> str:
        base = new.called or (new.email or "user").partition("@")[0] or "user"
        candidate, number = base, 1
        while self._find(candidate, "username") is not None:
            number += 1
            candidate = f"{base}{number}"
        return candidate


_PROFILE = {field.name for field in fields(NewUser)} & {field.name for field in fields(User)} - {
    "username"
}


@define
class MemoryAudit:
    """Implements `persistence.audit.Audit`."""

    tables: Tables

    async def note(self, entry: AuditEntry, user: User | None = None) -> None:
        """See the interface."""
        self.tables.note(entry, user)

    async def page(self, *, before: int | None, limit: int) -> Sequence[AuditRow]:
        """See the interface."""
        rows = [row for row in reversed(self.tables.audit) if before is None or row.id < before]
        return [evolve(row, username=self._name(row.user_id)) for row in rows[:limit]]

    def _name(self, user_id: UserId | None) -> str | None:
        tables = self.tables
        user = None if user_id is None else tables.users.get(user_id) or tables.deleted.get(user_id)
        return None if user is None else user.username
