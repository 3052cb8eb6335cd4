"""Operators' actions on accounts and workspaces, for a running hub and for commands beside it.

Guarantees: an action is in the audit, in the same transaction, or for a deletion and an export
before it begins; a refusal has a stable code. Must not know: how an operator connects, which users
are connected.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

import trio
from attrs import evolve, frozen

from hub.admin.operator import Operator
from hub.files.collector import FileCollector
from hub.files.uploads import UploadFiles
from hub.http.responses import HttpError
from hub.identity.passwords import WEAK, Busy, PasswordHasher, check_password
from hub.services.people.deletion import OwnsWorkspaces, delete_account, shared_workspaces
from hub.services.people.export import Put, export_person
from persistence.interface import AuditRow, ListedWorkspace, Store
from persistence.records import NewUser, NoSuchUser, ProfileChange, Taken
from protocol.admin import (
    AccountObject,
    AccountsObject,
    ActionObject,
    AuditObject,
    ChangedAccountObject,
    ChangedWorkspaceObject,
    DeletedObject,
    DeletionBody,
    NewAccountBody,
    NewPasswordBody,
    RetentionBody,
    RevokedObject,
    RoleBody,
    UserBody,
    WorkspaceObject,
    WorkspacesObject,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID, Role, User, UserId, Workspace, WorkspaceId
from protocol.parsing.content import is_storable
from protocol.parsing.names import USERNAME, is_address, is_name, is_username
from protocol.shapes.timestamps import timestamp

PAGE: Final = 500
NO_USER: Final = "user_not_found"
NO_WORKSPACE: Final = "workspace_not_found"
OWNS: Final = "owns_workspace"
_UNSEEN: Final = "A name must show something, and have no characters that cannot be seen"


@frozen
class StoredActions:
    """The actions of one operator on the store.

    Args:
        store: the store.
        passwords: hashes new passwords.
        operator: the operator, for the audit.
        files: the uploaded files.
        collector: removes files that nothing names any more; None: another process does.
    """

    store: Store
    passwords: PasswordHasher
    operator: Operator
    files: UploadFiles
    collector: FileCollector | None

    async def add(self, body: NewAccountBody) -> AccountObject:
        """Make an account.

        Raises:
            HttpError: 400 when a name, the email address or the password is not accepted, 409 when
                the username or the email address is taken.
        """
        name = body.username if body.name is None else body.name
        if not is_username(body.username):
            raise HttpError(400, "name_refused", USERNAME)
        if not is_name(name):
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
            HttpError: 400 when it is too short or too long, 404 when there is no such user.
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
        """Set a user's role on the learning platform.

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
        """Refuse sign-ins to an account, and end its sessions. Raises HttpError: 404."""
        user = await self.find(body.user)
        if user.deactivated_at is not None:
            return _changed(user, is_changed=False)
        entry = self.operator.does("deactivate")
        try:
            return _changed(await self.store.accounts.deactivate(user.id, audit=entry))
        except NoSuchUser:
            raise no_user(body.user) from None

    async def reactivate(self, body: UserBody) -> ChangedAccountObject:
        """Allow sign-ins to an account again. Raises HttpError: 404."""
        user = await self.find(body.user)
        if user.deactivated_at is None:
            return _changed(user, is_changed=False)
        entry = self.operator.does("reactivate")
        try:
            return _changed(await self.store.accounts.reactivate(user.id, audit=entry))
        except NoSuchUser:
            raise no_user(body.user) from None

    async def delete(self, body: DeletionBody) -> DeletedObject:
        """Delete an account, and hand its workspaces over first.

        Raises:
            HttpError: 404; 409 when a workspace with other members would have no owner. The account
                was not deleted then.
            WireError: the fate of the messages is unknown, or the heir is the deleted user.
        """
        fate, user = body.checked_fate(), await self.find(body.user)
        heir = None if body.hand_over_to is None else await self.find(body.hand_over_to)
        if heir is not None and heir.id == user.id:
            text = f"{user.username} is to be deleted, and cannot own workspaces"
            raise WireError(ErrorCode.INVALID_FIELD, text, field="hand_over_to")
        shared = await shared_workspaces(self.store, user.id)
        left = [each for each in shared if heir is None or heir.id not in each.members]
        if left:
            raise _owns_workspaces(user, left, heir)
        whose = {} if heir is None else {"hand_over_to": heir.id}
        entry = self.operator.does("user delete", messages=fate.value, **whose)
        await self.store.audit.note(entry, user)
        workspaces = self.store.workspaces
        handed = [] if heir is None else await workspaces.hand_over(user.id, heir.id)
        try:
            await delete_account(self.store, user.id, fate)
        except OwnsWorkspaces as error:
            raise _owns_workspaces(user, error.workspaces, heir) from None
        except NoSuchUser:
            raise no_user(body.user) from None
        while self.collector is not None and await self.collector.collect():
            await trio.lowlevel.checkpoint()
        return {
            "user": account_object(user),
            "messages": fate,
            "handed_over": [{"id": each.id, "name": each.name} for each in handed],
        }

    async def export(self, username: str) -> Callable[[Put], Awaitable[None]]:
        """A function that writes the file with a user's data. Raises HttpError: 404."""
        user = await self.find(username)
        await self.store.audit.note(self.operator.does("user export"), user)
        return partial(export_person, self.store, self.files, user)

    async def account(self, username: str) -> AccountObject:
        """One account. Raises HttpError: 404."""
        return account_object(await self.find(username))

    async def workspaces(self, *, after: int = 0, limit: int = PAGE) -> WorkspacesObject:
        """A page of the workspaces, by id."""
        page = await self.store.workspaces.list_page(after=WorkspaceId(after), limit=limit)
        is_last = len(page) < limit
        return {
            "workspaces": [_workspace_object(each) for each in page],
            "next": None if is_last else page[-1].id,
        }

    async def set_retention(self, body: RetentionBody) -> ChangedWorkspaceObject:
        """Set after how many days the messages of a workspace are removed.

        Raises:
            HttpError: 404 when there is no such workspace.
            WireError: there are several of this name, or the number of days is not allowed.
        """
        days, workspace = body.checked_days(), await self._workspace(body.workspace)
        if workspace.retention_days == days:
            return {**_workspace_object(workspace), "changed": False}
        entry = self.operator.does("workspace retention", workspace=workspace.id, days=days)
        if not await self.store.workspaces.set_retention(workspace.id, days, audit=entry):
            raise _no_workspace(body.workspace)
        return {**_workspace_object(evolve(workspace, retention_days=days)), "changed": True}

    async def _workspace(self, name: str) -> ListedWorkspace:
        """The workspace of this name; if there is none, the one of this id."""
        workspaces = self.store.workspaces
        found = list(await workspaces.named(name)) if is_storable(name) else []
        if not found and (number := decimal_id(name)) is not None:
            page = await workspaces.list_page(after=WorkspaceId(number - 1), limit=1)
            found = [each for each in page if each.id == number]
        if not found:
            raise _no_workspace(name)
        if len(found) > 1:
            ids = ", ".join(str(each.id) for each in found)
            text = f"Several workspaces are called {name}; say which one: {ids}"
            raise WireError(ErrorCode.INVALID_FIELD, text, field="workspace")
        return found[0]

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
        """A person's account: not deleted, and not the assistant's. Raises HttpError: 404."""
        user = await self.store.accounts.find(username) if is_storable(username) else None
        if user is None or user.deleted_at or user.role is Role.ASSISTANT:
            raise no_user(username)
        return user

    async def _hash(self, password: str) -> str:
        flaw = check_password(password)
        if flaw is not None:
            raise HttpError(400, flaw, WEAK[flaw])
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


def decimal_id(text: str) -> int | None:
    """An id, written in digits; None for anything else."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_ID))
    return int(text) if is_number and 0 < int(text) <= MAX_ID else None


def _owns_workspaces(user: User, owned: Sequence[Workspace], heir: User | None) -> HttpError:
    names = ", ".join(f"the workspace {each.name} ({each.id})" for each in owned)
    how = "say who of them becomes the owner (hand_over_to; of the command, --hand-over-to)"
    if heir is not None:
        how = f"{heir.username} is not one of them"
    return HttpError(409, OWNS, f"{user.username} owns {names}, with others in it; {how}")


def _no_workspace(name: str) -> HttpError:
    return HttpError(404, NO_WORKSPACE, f"There is no workspace {name}")


def _workspace_object(workspace: ListedWorkspace) -> WorkspaceObject:
    return {
        "id": workspace.id,
        "name": workspace.name,
        "owner": workspace.owner,
        "members": workspace.members,
        "retention_days": workspace.retention_days,
    }


def _changed(user: User, *, is_changed: bool = True) -> ChangedAccountObject:
    return {**account_object(user), "changed": is_changed}


def no_user(username: str) -> HttpError:
    """The error when there is no such account."""
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
