"""What operators do to accounts: one implementation for a running hub and for commands beside it.

Guarantees: what is done is in the audit, in the same transaction; a refusal has a stable code.
Must not know: how an operator comes in, who is connected.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from hub.admin.operator import Operator
from hub.http.responses import HttpError
from hub.identity.passwords import Busy, PasswordHasher, check_password
from persistence.interface import AuditRow, Store
from persistence.records import NewUser, NoSuchUser, ProfileChange, Taken
from protocol.admin import (
    AccountObject,
    AccountsObject,
    ActionObject,
    AuditObject,
    ChangedAccountObject,
    NewAccountBody,
    NewPasswordBody,
    RevokedObject,
    RoleBody,
    UserBody,
)
from protocol.model import Role, User, UserId
from protocol.parsing.content import is_storable
from protocol.parsing.names import is_address, is_name, is_username
from protocol.shapes.timestamps import timestamp

PAGE: Final = 500
NO_USER: Final = "user_not_found"
_UNSEEN: Final = "A name has a character that cannot be seen, or looks like another one"


@frozen
class StoredActions:
    """What one operator may do to what is stored.

    Args:
        store: where it is.
        passwords: hashes new ones.
        operator: who does it.
    """

    store: Store
    passwords: PasswordHasher
    operator: Operator

    async def add(self, body: NewAccountBody) -> AccountObject:
        """Make an account.

        Raises:
            HttpError: 400 when a name or the password is none, 409 when a name is taken.
        """
        name = body.username if body.name is None else body.name
        if not is_username(body.username) or not is_name(name):
            raise HttpError(400, "name_refused", _UNSEEN)
        if body.email is not None and not is_address(body.email):
            raise HttpError(400, "email_refused", f"{body.email} is no email address")
        new = NewUser(name, await self._hash(body.password), body.username, body.email)
        entry = self.operator.does("user add")
        try:
            user = await self.store.accounts.create(new, audit=entry)
        except Taken as taken:
            text = f"This {taken.field} has an account already"
            raise HttpError(409, f"{taken.field}_taken", text) from None
        return account_object(user)

    async def set_password(self, body: NewPasswordBody) -> AccountObject:
        """Set a password and end the user's sessions.

        Raises:
            HttpError: 400 when it is none, 404 when there is no such user.
        """
        password_hash = await self._hash(body.password)
        user = await self.find(body.user)
        entry = self.operator.does("user passwd")
        try:
            await self.store.accounts.set_password(user.id, password_hash, audit=entry)
        except NoSuchUser:
            raise no_user(body.user) from None
        return account_object(user)

    async def set_role(self, body: RoleBody) -> ChangedAccountObject:
        """Set what a user is on the platform.

        Raises:
            HttpError: 404.
            WireError: there is no such role.
        """
        role, user = body.checked_role(), await self.find(body.user)
        if user.role is role:
            return _changed(user, is_changed=False)
        entry = self.operator.does("user role", role=role.value, before=user.role.value)
        try:
            changed = await self.store.accounts.change_profile(
                user.id, ProfileChange(role=role), audit=entry
            )
        except NoSuchUser:
            raise no_user(body.user) from None
        return _changed(changed)

    async def revoke(self, body: UserBody) -> RevokedObject:
        """End every session of a user. Raises HttpError: 404."""
        user = await self.find(body.user)
        entry = self.operator.does("session revoke")
        ended = await self.store.sessions.close_all(user.id, audit=entry)
        return {"user": account_object(user), "ended": len(ended)}

    async def deactivate(self, body: UserBody) -> ChangedAccountObject:
        """Let nobody sign in to an account, and end its sessions. Raises HttpError: 404."""
        user = await self.find(body.user)
        if user.deactivated_at is not None:
            return _changed(user, is_changed=False)
        entry = self.operator.does("deactivate")
        try:
            return _changed(await self.store.accounts.deactivate(user.id, audit=entry))
        except NoSuchUser:
            raise no_user(body.user) from None

    async def reactivate(self, body: UserBody) -> ChangedAccountObject:
        """Undo that. Raises HttpError: 404."""
        user = await self.find(body.user)
        if user.deactivated_at is None:
            return _changed(user, is_changed=False)
        entry = self.operator.does("reactivate")
        try:
            return _changed(await self.store.accounts.reactivate(user.id, audit=entry))
        except NoSuchUser:
            raise no_user(body.user) from None

    async def users(self, *, after: int = 0, limit: int = PAGE) -> AccountsObject:
        """A page of the accounts, by id."""
        page = await self.store.accounts.list_page(after=UserId(after), limit=limit)
        is_last = len(page) < limit
        return {
            "users": [account_object(user) for user in page],
            "next": None if is_last else page[-1].id,
        }

    async def audit(self, *, before: int | None = None, limit: int = PAGE) -> AuditObject:
        """A page of what operators have done, newest first."""
        page = await self.store.audit.page(before=before, limit=limit)
        return {"actions": list(map(_action_object, page)), "next": _next(page, limit)}

    async def find(self, username: str) -> User:
        """An account, which is somebody's. Raises HttpError: 404."""
        user = await self.store.accounts.find(username) if is_storable(username) else None
        if user is None or user.deleted_at or user.role is Role.ASSISTANT:
            raise no_user(username)
        return user

    async def _hash(self, password: str) -> str:
        flaw = check_password(password)
        if flaw is not None:
            raise HttpError(400, flaw, f"This password is not accepted: {flaw}")
        try:
            return await self.passwords.hash(password, self.operator)
        except Busy:
            wait: Mapping[str, str] = {"Retry-After": "5"}
            raise HttpError(503, "busy", "Too many people are signing in", wait) from None


def account_object(user: User) -> AccountObject:
    """An account as operators see it."""
    since = user.deactivated_at
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "deactivated_at": None if since is None else timestamp(since),
    }


def _changed(user: User, *, is_changed: bool = True) -> ChangedAccountObject:
    return {**account_object(user), "changed": is_changed}


def no_user(username: str) -> HttpError:
    """There is no such account."""
    return HttpError(404, NO_USER, f"There is no user {username}")


def _action_object(row: AuditRow) -> ActionObject:
    return {
        "id": row.id,
        "at": timestamp(row.at),
        "way": row.entry.way.value,
        "peer": row.entry.peer,
        "action": row.entry.action,
        "user_id": row.user_id,
        "username": row.username,
        "details": row.entry.details,
    }


def _next(page: Sequence[AuditRow], limit: int) -> int | None:
    return None if len(page) < limit else page[-1].id
