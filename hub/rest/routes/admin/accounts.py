"""Accounts and the audit, as operators see and change them. See docs/dialects/admin.md.

Must not know: how accounts are stored.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from hub.admin.actions import NO_USER, PAGE
from hub.rest.endpoint import JSON, Call
from hub.rest.login import WEAK_CODES
from hub.rest.parameters import Number, Text
from hub.rest.routes.admin.gate import GATED, AdminEndpoint, actions_of, operator_of
from protocol.admin import (
    ADMIN,
    AccountObject,
    AccountsObject,
    AuditObject,
    ChangedAccountObject,
    NewAccountBody,
    NewPasswordBody,
    RevokedObject,
    RoleBody,
    UserBody,
)
from protocol.model import MAX_ID

AFTER: Final = Number("after", "only entries with an id above this one", default=0)
BEFORE: Final = Number("before", "only actions with an id below this one", MAX_ID, 1)
USER: Final = Text("user", "only the account with this username")
LIMIT: Final = Number("limit", "the maximum number of entries", PAGE, 1, PAGE, larger=PAGE)


async def show_users(call: Call) -> JSON[AccountsObject]:
    """A page of the accounts, or one."""
    name = call.text(USER)
    if name is not None:
        return JSON({"users": [await actions_of(call).account(name)], "next": None})
    return JSON(await actions_of(call).users(after=call.number(AFTER), limit=call.number(LIMIT)))


async def add_user(call: Call) -> JSON[AccountObject]:
    """Make an account."""
    user = await actions_of(call).add(await call.body(NewAccountBody))
    operator_of(call).has_done("user add", user["id"])
    return JSON(user, 201)


async def set_password(call: Call) -> JSON[AccountObject]:
    """Set a new password."""
    user = await actions_of(call).set_password(await call.body(NewPasswordBody))
    call.services.authenticator.forget(user["id"])
    operator_of(call).has_done("user passwd", user["id"])
    return JSON(user)


async def set_role(call: Call) -> JSON[ChangedAccountObject]:
    """Set a user's role on the learning platform."""
    user = await actions_of(call).set_role(await call.body(RoleBody))
    if user["changed"]:
        call.services.authenticator.forget(user["id"])
        operator_of(call).has_done("user role", user["id"], role=user["role"])
    return JSON(user)


async def revoke(call: Call) -> JSON[RevokedObject]:
    """End every session of a user."""
    revoked = await actions_of(call).revoke(await call.body(UserBody))
    user_id = revoked["user"]["id"]
    call.services.authenticator.forget(user_id)
    operator_of(call).has_done("session revoke", user_id, ended=revoked["ended"])
    return JSON(revoked)


async def deactivate(call: Call) -> JSON[ChangedAccountObject]:
    """Refuse sign-ins to an account, and end its sessions and connections."""
    user = await actions_of(call).deactivate(await call.body(UserBody))
    if user["changed"]:
        call.services.authenticator.forget(user["id"])
        await call.services.hub.end_users([user["id"]])
        operator_of(call).has_done("deactivate", user["id"])
    return JSON(user)


async def reactivate(call: Call) -> JSON[ChangedAccountObject]:
    """Allow sign-ins to a deactivated account again."""
    user = await actions_of(call).reactivate(await call.body(UserBody))
    if user["changed"]:
        await call.services.hub.readmit(user["id"])
        operator_of(call).has_done("reactivate", user["id"])
    return JSON(user)


async def show_audit(call: Call) -> JSON[AuditObject]:
    """What operators have done."""
    return JSON(
        await actions_of(call).audit(before=call.optional(BEFORE), limit=call.number(LIMIT))
    )


_NOBODY: Final[Mapping[int, str | Sequence[str]]] = {**GATED, 404: [NO_USER, *GATED[404]]}

SURFACE: Final = ADMIN
ENDPOINTS: Final = (
    AdminEndpoint(
        "GET",
        "/admin/users",
        "List the accounts",
        show_users,
        {200: "a page of the accounts", **_NOBODY},
        parameters=(AFTER, LIMIT, USER),
    ),
    AdminEndpoint(
        "POST",
        "/admin/users",
        "Make an account",
        add_user,
        {
            **GATED,
            201: "the account",
            400: ["name_refused", "email_refused", *WEAK_CODES],
            409: ["username_taken", "email_taken"],
            503: ["busy"],
        },
        body=NewAccountBody,
    ),
    AdminEndpoint(
        "POST",
        "/admin/users/password",
        "Set a new password; every session of the user ends",
        set_password,
        {200: "the account", **_NOBODY, 400: WEAK_CODES, 503: ["busy"]},
        body=NewPasswordBody,
    ),
    AdminEndpoint(
        "POST",
        "/admin/users/role",
        "Set a user's role on the learning platform",
        set_role,
        {200: "the account", **_NOBODY},
        body=RoleBody,
    ),
    AdminEndpoint(
        "POST",
        "/admin/sessions/revoke",
        "End every session of a user; the connections close with 4001",
        revoke,
        {200: "the user, and how many sessions were ended", **_NOBODY},
        body=UserBody,
    ),
    AdminEndpoint(
        "POST",
        "/admin/deactivate",
        "Deactivate an account: sign-ins are refused, connections close with 4001",
        deactivate,
        {200: "the account", **_NOBODY},
        body=UserBody,
    ),
    AdminEndpoint(
        "POST",
        "/admin/reactivate",
        "Reactivate an account: its user can sign in again",
        reactivate,
        {200: "the account", **_NOBODY},
        body=UserBody,
    ),
    AdminEndpoint(
        "GET",
        "/admin/audit",
        "List the actions of operators, newest first",
        show_audit,
        {200: "a page of the actions", **GATED},
        parameters=(BEFORE, LIMIT),
    ),
)
