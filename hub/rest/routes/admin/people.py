"""Exports and deletions of users, and how long messages are kept, for operators. See
docs/dialects/admin.md.

Must not know: how it is stored, what an export holds.
"""

from typing import Final

from hub.admin.actions import NO_USER, NO_WORKSPACE, OWNS
from hub.http.responses import ZipFile
from hub.rest.endpoint import JSON, Call
from hub.rest.parameters import Text
from hub.rest.routes.admin.accounts import AFTER, LIMIT
from hub.rest.routes.admin.gate import GATED, AdminEndpoint, actions_of, operator_of
from protocol.admin import (
    ADMIN,
    ChangedWorkspaceObject,
    DeletedObject,
    DeletionBody,
    RetentionBody,
    WorkspacesObject,
)

USER: Final = Text("user", "the username", is_required=True)


async def export(call: Call) -> ZipFile:
    """Send a file with everything that belongs to a user."""
    actions, name = actions_of(call), call.text(USER) or ""
    user = await actions.account(name)
    produce = await actions.export(name)
    operator_of(call).has_done("user export", user["id"])
    return ZipFile(produce)


async def delete(call: Call) -> JSON[DeletedObject]:
    """Delete an account, and end its sessions and connections."""
    body = await call.body(DeletionBody)
    deleted = await actions_of(call).delete(body)
    user_id = deleted["user"]["id"]
    call.services.authenticator.forget(user_id)
    await call.services.hub.end_users([user_id])
    operator_of(call).has_done("user delete", user_id, messages=body.messages)
    return JSON(deleted)


async def show_workspaces(call: Call) -> JSON[WorkspacesObject]:
    """A page of the workspaces."""
    after, limit = call.number(AFTER), call.number(LIMIT)
    return JSON(await actions_of(call).workspaces(after=after, limit=limit))


async def set_retention(call: Call) -> JSON[ChangedWorkspaceObject]:
    """Set how long the messages of a workspace are kept."""
    workspace = await actions_of(call).set_retention(await call.body(RetentionBody))
    if workspace["changed"]:
        days = workspace["retention_days"]
        operator_of(call).has_done("workspace retention", workspace=workspace["id"], days=days)
    return JSON(workspace)


SURFACE: Final = ADMIN
ENDPOINTS: Final = (
    AdminEndpoint(
        "GET",
        "/admin/users/export",
        "Export everything that belongs to a user, as a ZIP file",
        export,
        {200: "the file, sent while it is made", **GATED, 404: [NO_USER, *GATED[404]]},
        parameters=(USER,),
    ),
    AdminEndpoint(
        "POST",
        "/admin/users/delete",
        "Delete an account and what belongs to it; messages are kept or removed",
        delete,
        {
            200: "the account as it was, and the workspaces that were handed over",
            **GATED,
            404: [NO_USER, *GATED[404]],
            409: [OWNS],
        },
        body=DeletionBody,
    ),
    AdminEndpoint(
        "GET",
        "/admin/workspaces",
        "List the workspaces",
        show_workspaces,
        {200: "a page of the workspaces", **GATED},
        parameters=(AFTER, LIMIT),
    ),
    AdminEndpoint(
        "POST",
        "/admin/workspaces/retention",
        "Set after how many days the messages of a workspace are removed",
        set_retention,
        {200: "the workspace", **GATED, 404: [NO_WORKSPACE, *GATED[404]]},
        body=RetentionBody,
    ),
)
