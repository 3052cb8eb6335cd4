"""The operator's commands: migrate, settings, accounts, sessions, and control of a running hub.

Accounts and sessions are those of the hub that runs on the data folder, or of the database; see
`hub.cli.operators.desk`. Must not know: flags, how an action is carried out.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import TypeAlias

from attrs import frozen

from hub.cli.operators.desk import account_desk, enter_in_turn, hub_desk, new_account_desk
from hub.cli.operators.lines import (
    account_row,
    action_row,
    connection_lines,
    log_line,
    node_lines,
    status_lines,
)
from hub.cli.running import Say
from hub.cli.terminal import aligned, counted, say, watched_stdout
from hub.files.opening import open_files
from hub.settings.config import SETTINGS, Config
from hub.settings.redaction import revealed
from hub.sockets.tls import server_context
from persistence import check_standbys, open_database
from protocol.admin import (
    AnnouncementBody,
    DrainBody,
    LogLevelBody,
    NewAccountBody,
    NewPasswordBody,
    RoleBody,
    UserBody,
)

Show: TypeAlias = Callable[[object, Sequence[str]], None]
"""Prints a result: the object for a program, or the lines for a person."""


@frozen
class Office:
    """The hub or database that an operator's command works on, and how its result is printed.

    Args:
        config: the settings.
        url: a hub to call over HTTP; None: the hub or database of the data folder.
        show: prints the result.
    """

    config: Config
    url: str | None
    show: Show


def in_words(say: Say) -> Show:
    """For people: prints the lines."""

    def show(result: object, lines: Sequence[str]) -> None:
        del result
        for line in lines:
            say(line)

    return show


def as_json(say: Say) -> Show:
    """For programs: prints each result as one line of JSON."""

    def show(result: object, lines: Sequence[str]) -> None:
        del lines
        say(json.dumps(result))

    return show


async def migrate_database(config: Config, say: Say) -> None:
    """Apply the files of the schema that are missing or have changed."""
    open_it = partial(open_database, revealed(config.database_url), config.data_dir)
    async with AsyncExitStack() as stack:
        await enter_in_turn(stack, open_it)
        say("The database is up to date")


async def show_config(config: Config, say: Say) -> None:
    """Print every setting; of a secret only whether it is set, of a URL no password.

    Raises:
        ConfigError: the certificate, or the file store, cannot be used, or there is no room for
            workers.
        FilesUnavailable: the file store does not respond.
        StoreUnavailable: there is no synchronous standby, though one is required.
    """
    config.require_room_for_workers()
    server_context(config)
    if config.uploads is not None:
        async with open_files(config) as files:
            await files.check()
    if config.require_sync_standby and config.database_url is not None:
        await check_standbys(config.database_url.reveal())
    for setting in SETTINGS:
        say(f"{setting.name} = {setting.show(getattr(config, setting.name))}")


async def add_user(office: Office, body: NewAccountBody) -> None:
    """Make an account."""
    async with new_account_desk(office.config, office.url) as desk:
        user = await desk.add(body)
    office.show(user, [f"{user['username']} has id {user['id']}"])


async def set_password(office: Office, body: NewPasswordBody) -> None:
    """Set a password and end the user's sessions."""
    async with account_desk(office.config, office.url) as desk:
        user = await desk.set_password(body)
    office.show(user, [f"{user['username']} has a new password and is signed out everywhere"])


async def set_role(office: Office, body: RoleBody) -> None:
    """Set a user's role on the platform; teachers and above moderate where they are members."""
    async with account_desk(office.config, office.url) as desk:
        user = await desk.set_role(body)
    said = f"{user['username']} is a {user['role']}"
    office.show(user, [said if user["changed"] else _unchanged(said)])


async def list_users(office: Office) -> None:
    """Print id, username, email and name of every account, and whether it is deactivated."""
    async with account_desk(office.config, office.url) as desk:
        after: int | None = 0
        while after is not None:
            page = await desk.users(after=after)
            lines = aligned([account_row(user) for user in page["users"]])
            for user, line in zip(page["users"], lines, strict=True):
                office.show(user, [line])
            after = page["next"]


async def revoke_sessions(office: Office, user: str) -> None:
    """End every session of a user."""
    async with account_desk(office.config, office.url) as desk:
        revoked = await desk.revoke(UserBody(user))
    name = revoked["user"]["username"]
    office.show(revoked, [f"{counted(revoked['ended'], 'session')} of {name} ended"])


async def deactivate(office: Office, user: str) -> None:
    """Deactivate an account: it cannot be signed in to."""
    async with account_desk(office.config, office.url) as desk:
        account = await desk.deactivate(UserBody(user))
    name = account["username"]
    done = f"{name} is deactivated and signed out everywhere; messages stay"
    office.show(account, [done if account["changed"] else _unchanged(f"{name} is deactivated")])


async def reactivate(office: Office, user: str) -> None:
    """Reactivate an account: it can be signed in to again."""
    async with account_desk(office.config, office.url) as desk:
        account = await desk.reactivate(UserBody(user))
    name = account["username"]
    done = f"{name} may sign in again"
    office.show(account, [done if account["changed"] else _unchanged(f"{name} may sign in")])


async def show_audit(office: Office, before: int | None, limit: int) -> None:
    """Print what operators have done, newest first."""
    async with account_desk(office.config, office.url) as desk:
        page = await desk.audit(before=before, limit=limit)
    lines = aligned([action_row(action) for action in page["actions"]])
    for action, line in zip(page["actions"], lines, strict=True):
        office.show(action, [line])


async def show_status(office: Office) -> None:
    """Print the state of the hub."""
    found = await hub_desk(office.config, office.url).status()
    office.show(found, list(status_lines(found)))


async def show_nodes(office: Office) -> None:
    """Print which nodes serve the database."""
    found = await hub_desk(office.config, office.url).nodes()
    office.show(found, list(node_lines(found)))


async def show_connections(office: Office, user: str | None, after: int, limit: int) -> None:
    """Print a page of the connections."""
    desk = hub_desk(office.config, office.url)
    page = await desk.connections(user=user, after=after, limit=limit)
    office.show(page, list(connection_lines(page)))


async def kick(office: Office, user: str) -> None:
    """Close a user's connections."""
    closed = await hub_desk(office.config, office.url).kick(UserBody(user))
    count, name = closed["closed"], closed["user"]["username"]
    office.show(closed, [f"{counted(count, 'connection')} of {name} closed"])


async def announce(office: Office, text: str) -> None:
    """Send a text to every connection."""
    sent = await hub_desk(office.config, office.url).announce(AnnouncementBody(text))
    office.show(sent, [f"Sent to {counted(sent['connections'], 'connection')}"])


async def trace(office: Office, user: str) -> None:
    """Print the log lines of a user, until the hub ends, stdout is not read any more, or the
    command is interrupted.
    """

    def show(line: object) -> None:
        office.show(line, [log_line(line)])

    begun = partial(say, f"The log of {user} from now on; ^C ends it", err=True)
    desk = hub_desk(office.config, office.url)
    with watched_stdout() as is_read:
        if await desk.trace(user, begun, show, is_read):
            say("The hub has ended it", err=True)


async def set_log_level(office: Office, level: str) -> None:
    """Log more or less, until the settings are read again."""
    changed = await hub_desk(office.config, office.url).set_log_level(LogLevelBody(level))
    said, before = f"The log level is {changed['level']}", changed["before"]
    is_new = before != changed["level"]
    office.show(changed, [f"{said}; it was {before}" if is_new else _unchanged(said)])


async def drain(office: Office, body: DrainBody) -> None:
    """Have load balancers send no new connections, or send them again."""
    found = await hub_desk(office.config, office.url).drain(body)
    match found:
        case {"changed": False, "draining": True}:
            said = _unchanged("The hub is draining")
        case {"changed": False}:
            said = f"The hub is not draining; {_NOTHING}"
        case {"draining": True}:
            said = "The hub is draining: /readyz says 503, everything else goes on"
        case _:
            said = "The hub is not draining any more"
    office.show(found, [said])


_NOTHING = "nothing has changed"


def _unchanged(state: str) -> str:
    return f"{state} already; {_NOTHING}"
