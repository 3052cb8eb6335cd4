"""Accounts in memory: users and their password hashes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from attrs import asdict, define, evolve, fields

from persistence.memory.tables import Tables
from persistence.records import (
    Credentials,
    NewUser,
    NoSuchUser,
    ProfileChange,
    ProfileChanged,
    Taken,
    UserChanged,
)
from protocol.model import Role, SessionId, User, UserId


@define
class MemoryAccounts:
    """Implements `persistence.interface.Accounts`."""

    tables: Tables

    async def create(self, new: NewUser) -> User:
        """See the interface."""
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
        return user

    async def get(self, user_id: UserId) -> User | None:
        """See the interface."""
        return self.tables.users.get(user_id)

    async def get_many(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        """See the interface."""
        users = self.tables.users
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

    async def credentials(self, login: str) -> Credentials | None:
        """See the interface."""
        user = self._find(login, "email") or self._find(login, "username")
        return None if user is None else Credentials(user, self.tables.passwords[user.id])

    async def password_hash(self, user_id: UserId) -> str | None:
        """See the interface."""
        return self.tables.passwords.get(user_id)

    async def set_password(
        self, user_id: UserId, password_hash: str, *, keep: SessionId | None = None
    ) -> None:
        """See the interface."""
        if user_id not in self.tables.users:
            raise NoSuchUser(user_id)
        self.tables.passwords[user_id] = password_hash
        self.tables.end_sessions(user_id, keep)

    async def rehash_password(self, user_id: UserId, password_hash: str) -> None:
        """See the interface."""
        self.tables.passwords[user_id] = password_hash

    async def change_profile(self, user_id: UserId, change: ProfileChange) -> User:
        """See the interface."""
        user = self.tables.users.get(user_id)
        if user is None:
            raise NoSuchUser(user_id)
        given: Any = change.given()
        changed = evolve(user, updated_at=self.tables.now(), **given)
        self.tables.users[user_id] = changed
        if changed.avatar != user.avatar:
            self.tables.loosen(user.avatar)
        self.tables.session_changed(UserChanged(user_id))
        if user.is_public and not changed.is_public:
            self.tables.changed(ProfileChanged(user_id))
        return changed

    def _find(self, value: str, column: str) -> User | None:
        wanted = value.lower()
        for user in self.tables.users.values():
            held = getattr(user, column)
            if held is not None and held.lower() == wanted:
                return user
        return None

    def _free_username(self, new: NewUser) -> str:
        base = (new.email or "user").partition("@")[0] or "user"
        candidate, number = base, 1
        while self._find(candidate, "username") is not None:
            number += 1
            candidate = f"{base}{number}"
        return candidate


_PROFILE = {field.name for field in fields(NewUser)} - {"password_hash", "username"}
