"""`parlour user`, `session`, `workspace` and `admin`: the flags of the operators' commands.

Must not know: how a command is carried out, or where.
"""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from pathlib import Path
from typing import Final, TypeAlias

import click

from hub.admin.actions import PAGE
from hub.cli.operators import admin as commands
from hub.cli.operators import people
from hub.cli.operators.admin import Office, Show, as_json, in_words
from hub.cli.operators.desk import Desk, account_desk
from hub.cli.questions import asked_password, confirm
from hub.cli.running import DATA, config_of, run_to_end, with_settings
from hub.cli.terminal import say
from hub.settings.choices import LogLevel
from protocol.admin import (
    MAX_RETENTION_DAYS,
    ROLES,
    DeletionBody,
    DrainBody,
    NewAccountBody,
    NewPasswordBody,
    RetentionBody,
    RoleBody,
)
from protocol.model import MAX_ID, MessageFate

Start: TypeAlias = Callable[[Office], Awaitable[None]]

LEVELS: Final = [level.value for level in LogLevel]
_ID: Final = click.IntRange(0, MAX_ID)
_LIMIT: Final = click.IntRange(1, PAGE)


def operating(command: Callable[..., Start]) -> Callable[..., None]:
    """Run what the command returns; adds the flags that all these commands have."""
    own = {parameter.name for parameter in getattr(command, "__click_params__", ())}

    @wraps(command)
    def run(*, url: str | None, is_json: bool, config: str | None, **given: object) -> None:
        start = command(**{name: given.pop(name) for name in own})
        show = as_json(say) if is_json else in_words(say)
        run_to_end(partial(start, Office(config_of(config, given), url, show)))

    for option in (
        click.option("--json", "is_json", is_flag=True, help="Print JSON, for programs"),
        click.option(
            "--url", help="Call the hub at this URL, with --admin-token-file", metavar="URL"
        ),
    ):
        run = option(run)
    return with_settings(*DATA, "admin_token")(run)


def at_desk(command: Callable[[Desk, Show], Awaitable[None]]) -> Start:
    """Start a command with the desk for accounts."""

    async def start(office: Office) -> None:
        async with account_desk(office.config, office.url) as desk:
            await command(desk, office.show)

    return start


@click.group()
def user() -> None:
    """Make and list accounts."""


@user.command("add")
@operating
@click.argument("username")
@click.option("--email", help="For signing in, as an alternative to the username")
@click.option("--name", help="Shown to others; by default the username")
@asked_password(twice=True)
def user_add(username: str, email: str | None, name: str | None, password: str) -> Start:
    """Make an account."""
    body = NewAccountBody(username, password, name or None, email)
    return partial(commands.add_user, body=body)


@user.command("passwd")
@operating
@click.argument("username")
@asked_password(twice=True)
def user_passwd(username: str, password: str) -> Start:
    """Set a new password; every session of the user ends."""
    return partial(commands.set_password, body=NewPasswordBody(username, password))


@user.command("role", help=f"Set the role of a user on the learning platform: {', '.join(ROLES)}.")
@operating
@click.argument("username")
@click.argument("role", type=click.Choice(ROLES), metavar="ROLE")
def user_role(username: str, role: str) -> Start:
    """Set the role of a user."""
    return partial(commands.set_role, body=RoleBody(username, role))


@user.command("list")
@operating
def user_list() -> Start:
    """List the accounts."""
    return commands.list_users


@user.command("export")
@operating
@click.argument("username")
@click.option(
    "--to",
    required=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="A new ZIP file, or a folder for it",
)
def user_export(username: str, to: Path) -> Start:
    """Export all data of a user to a ZIP file."""
    return at_desk(partial(people.export_user, username=username, to=to))


@user.command("delete")
@operating
@click.argument("username")
@click.option(
    "--messages",
    required=True,
    type=click.Choice([fate.value for fate in MessageFate]),
    help="keep: the messages stay, with a deleted user as their author",
)
@click.option(
    "--hand-over-to", "heir", metavar="MEMBER", help="The new owner of the user's workspaces"
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation")
def user_delete(username: str, messages: str, heir: str | None, *, yes: bool) -> Start:
    """Delete an account and all data of its user."""
    if not yes:
        confirm(f"Delete {username} for ever?")
    return at_desk(partial(people.delete_user, body=DeletionBody(username, messages, heir)))


@click.group()
def workspace() -> None:
    """List and manage workspaces."""


@workspace.command("list")
@operating
def workspace_list() -> Start:
    """List the workspaces."""
    return at_desk(people.list_workspaces)


@workspace.command("retention", context_settings={"ignore_unknown_options": True})
@operating
@click.argument("name")
@click.argument("days", type=click.IntRange(0, MAX_RETENTION_DAYS))
def workspace_retention(name: str, days: int) -> Start:
    """Set after how many DAYS messages are removed; 0: use the setting retention_days."""
    return at_desk(partial(people.set_retention, body=RetentionBody(name, days)))


@click.group()
def session() -> None:
    """Manage logins."""


@session.command("revoke")
@operating
@click.argument("username")
def session_revoke(username: str) -> Start:
    """End every session of a user."""
    return partial(commands.revoke_sessions, user=username)


@click.group()
def admin() -> None:
    """Manage a running hub; commands on accounts and the audit also work without one."""


@admin.command("status")
@operating
def admin_status() -> Start:
    """Show the state of the hub."""
    return commands.show_status


@admin.command("nodes")
@operating
def admin_nodes() -> Start:
    """List the nodes of the database, as the called hub knows them."""
    return commands.show_nodes


@admin.command("connections")
@operating
@click.option("--user", help="Only connections of this user", metavar="USERNAME")
@click.option("--after", default=0, type=_ID, help="Only ids above this one", metavar="ID")
@click.option("--limit", default=100, type=_LIMIT, show_default=True, help="At most this many")
def admin_connections(user: str | None, after: int, limit: int) -> Start:
    """List the connections, the oldest first."""
    return partial(commands.show_connections, user=user, after=after, limit=limit)


@admin.command("kick")
@operating
@click.argument("username")
def admin_kick(username: str) -> Start:
    """Close the connections of a user, who stays signed in."""
    return partial(commands.kick, user=username)


@admin.command("deactivate")
@operating
@click.argument("username")
def admin_deactivate(username: str) -> Start:
    """Deactivate an account: its sessions end, and its user cannot sign in; messages stay."""
    return partial(commands.deactivate, user=username)


@admin.command("reactivate")
@operating
@click.argument("username")
def admin_reactivate(username: str) -> Start:
    """Reactivate an account, so that its user can sign in again."""
    return partial(commands.reactivate, user=username)


@admin.command("announce")
@operating
@click.argument("text")
def admin_announce(text: str) -> Start:
    """Send a text to all connections."""
    return partial(commands.announce, text=text)


@admin.command("trace")
@operating
@click.argument("username")
def admin_trace(username: str) -> Start:
    """Show the log lines of one user, of every level, as they are written; ^C ends the command."""
    return partial(commands.trace, user=username)


@admin.command(
    "log-level",
    help="Set the log level until the settings are read again (SIGHUP) or the hub ends:"
    f" {', '.join(LEVELS)}.",
)
@operating
@click.argument("level", type=click.Choice(LEVELS), metavar="LEVEL")
def admin_log_level(level: str) -> Start:
    """Set the log level."""
    return partial(commands.set_log_level, level=level)


@admin.command("drain")
@operating
@click.option("--undo", is_flag=True, help="Make /readyz return 200 again")
def admin_drain(*, undo: bool) -> Start:
    """Make /readyz return 503, so that load balancers send no new clients; all else continues."""
    return partial(commands.drain, body=DrainBody(draining=not undo))


@admin.command("audit")
@operating
@click.option("--before", type=_ID, help="Only ids below this one", metavar="ID")
@click.option("--limit", default=100, type=_LIMIT, show_default=True, help="At most this many")
def admin_audit(before: int | None, limit: int) -> Start:
    """List the actions of operators, the latest first."""
    return partial(commands.show_audit, before=before, limit=limit)


COMMANDS: Final = (user, session, workspace, admin)
