"""Carries out an operator's command: by a running hub, or on the database itself.

Guarantees: the embedded database is never opened while a hub holds it; both ways carry out the same
actions, and record them in the audit. Must not know: flags, what is printed.
"""

import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final, TypeAlias, TypeVar, cast
from urllib.parse import urlencode

import attrs
import trio
from attrs import field, frozen

from hub.admin.actions import PAGE, StoredActions
from hub.admin.operator import Operator
from hub.admin.socket import NAME, flaw_of_path
from hub.cli.rest import CALL_SECONDS, call, open_stream
from hub.cli.running import NotDone
from hub.cli.terminal import say
from hub.files.collector import FileCollector
from hub.files.opening import open_files
from hub.identity.passwords import PasswordHasher
from hub.services.people.export import Put
from hub.settings.config import Config
from hub.settings.redaction import revealed
from hub.settings.setting import ConfigError
from hub.sockets.addresses import UNIX
from persistence import is_data_dir, open_store
from persistence.embedded import DataDirInUse
from persistence.embedded.beside import pid_of_holder
from persistence.interface import Way
from protocol.admin import (
    AccountObject,
    AccountsObject,
    AnnouncedObject,
    AnnouncementBody,
    AuditObject,
    ChangedAccountObject,
    ChangedWorkspaceObject,
    ClosedObject,
    ConnectionsObject,
    DeletedObject,
    DeletionBody,
    DrainBody,
    DrainObject,
    HubObject,
    LogLevelBody,
    LogLevelObject,
    NewAccountBody,
    NewPasswordBody,
    NodesObject,
    RetentionBody,
    RevokedObject,
    RoleBody,
    UserBody,
    WorkspacesObject,
)

T = TypeVar("T")

PROBE_SECONDS: Final = 5.0
TURN_SECONDS: Final = 20.0
TURN_PAUSE_SECONDS: Final = 0.1
DELETION_SECONDS: Final = 3_600.0
EXPORT_IDLE_SECONDS: Final = 120.0
TRACE_IDLE_SECONDS: Final = 60.0  # a running hub sends something every 15 s


@frozen
class HubDesk:
    """A running hub.

    Args:
        url: its address: `http://…`, or `unix:` and the path of its admin socket.
        token: the setting `admin_token`; the socket needs none.
    """

    url: str
    token: str | None = field(default=None, repr=False)

    async def add(self, body: NewAccountBody) -> AccountObject:
        """As `StoredActions`, whose methods raise HttpError where these raise CallFailed."""
        return cast("AccountObject", await self._post("/admin/users", body))

    async def set_password(self, body: NewPasswordBody) -> AccountObject:
        """See above."""
        return cast("AccountObject", await self._post("/admin/users/password", body))

    async def set_role(self, body: RoleBody) -> ChangedAccountObject:
        """See above."""
        return cast("ChangedAccountObject", await self._post("/admin/users/role", body))

    async def revoke(self, body: UserBody) -> RevokedObject:
        """See above."""
        return cast("RevokedObject", await self._post("/admin/sessions/revoke", body))

    async def deactivate(self, body: UserBody) -> ChangedAccountObject:
        """See above."""
        return cast("ChangedAccountObject", await self._post("/admin/deactivate", body))

    async def reactivate(self, body: UserBody) -> ChangedAccountObject:
        """See above."""
        return cast("ChangedAccountObject", await self._post("/admin/reactivate", body))

    async def users(self, *, after: int = 0, limit: int = PAGE) -> AccountsObject:
        """See above."""
        return cast("AccountsObject", await self._get("/admin/users", after=after, limit=limit))

    async def audit(self, *, before: int | None = None, limit: int = PAGE) -> AuditObject:
        """See above."""
        return cast("AuditObject", await self._get("/admin/audit", before=before, limit=limit))

    async def delete(self, body: DeletionBody) -> DeletedObject:
        """See above; the more messages, the longer it takes."""
        answer = await self._post("/admin/users/delete", body, seconds=DELETION_SECONDS)
        return cast("DeletedObject", answer)

    async def account(self, username: str) -> AccountObject:
        """See above."""
        page = cast("AccountsObject", await self._get("/admin/users", user=username))
        return page["users"][0]

    async def export(self, username: str) -> Callable[[Put], Awaitable[None]]:
        """See above."""
        return partial(self._read, _target("/admin/users/export", user=username))

    async def workspaces(self, *, after: int = 0, limit: int = PAGE) -> WorkspacesObject:
        """See above."""
        page = await self._get("/admin/workspaces", after=after, limit=limit)
        return cast("WorkspacesObject", page)

    async def set_retention(self, body: RetentionBody) -> ChangedWorkspaceObject:
        """See above."""
        answer = await self._post("/admin/workspaces/retention", body)
        return cast("ChangedWorkspaceObject", answer)

    async def status(self) -> HubObject:
        """The state of the hub."""
        return cast("HubObject", await self._get("/admin/status"))

    async def nodes(self) -> NodesObject:
        """The nodes of its database, as it knows them."""
        return cast("NodesObject", await self._get("/admin/nodes"))

    async def connections(self, *, user: str | None, after: int, limit: int) -> ConnectionsObject:
        """A page of the connections, of one user if one is named."""
        page = await self._get("/admin/connections", user=user, after=after, limit=limit)
        return cast("ConnectionsObject", page)

    async def kick(self, body: UserBody) -> ClosedObject:
        """Close a user's connections."""
        return cast("ClosedObject", await self._post("/admin/kick", body))

    async def announce(self, body: AnnouncementBody) -> AnnouncedObject:
        """Send a text to every connection."""
        return cast("AnnouncedObject", await self._post("/admin/announce", body))

    async def set_log_level(self, body: LogLevelBody) -> LogLevelObject:
        """Log more or less, until the settings are read again."""
        return cast("LogLevelObject", await self._post("/admin/log-level", body))

    async def drain(self, body: DrainBody) -> DrainObject:
        """Have load balancers send no new connections, or send them again."""
        return cast("DrainObject", await self._post("/admin/drain", body))

    async def trace(
        self,
        user: str,
        begun: Callable[[], None],
        show: Callable[[object], None],
        is_read: Callable[[], bool],
    ) -> bool:
        """Show the log lines of a user from now on; calls `begun` once the hub sends them.

        Returns:
            True: the hub has ended the stream; False: the output is not read any more.
        """
        path = _target("/admin/trace", user=user)
        waiting = b""
        async with open_stream(
            self.url, path, token=self.token, idle_seconds=TRACE_IDLE_SECONDS
        ) as read:
            begun()
            while part := await read():
                if not is_read():
                    return False
                *lines, waiting = (waiting + part).split(b"\n")
                for line in filter(None, lines):
                    show(json.loads(line))
            return True

    async def _get(self, path: str, **query: str | int | None) -> object:
        return (await call(self.url, "GET", _target(path, **query), token=self.token)).body

    async def _post(
        self, path: str, body: attrs.AttrsInstance, *, seconds: float = CALL_SECONDS
    ) -> object:
        given: Mapping[str, object] = attrs.asdict(body)
        answer = await call(self.url, "POST", path, given, token=self.token, seconds=seconds)
        return answer.body

    async def _read(self, path: str, put: Put) -> None:
        async with open_stream(
            self.url, path, token=self.token, idle_seconds=EXPORT_IDLE_SECONDS
        ) as read:
            while part := await read():
                await put(part)


def _target(path: str, **query: str | int | None) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, errors='surrogateescape')}" if given else path


Desk: TypeAlias = HubDesk | StoredActions


def hub_desk(config: Config, url: str | None) -> HubDesk:
    """The hub at `url`, or the one that runs on the data folder.

    Raises:
        NotDone: no hub runs on it.
        ConfigError: there is no token for the hub at `url`.
    """
    if url is not None:
        token = revealed(config.admin_token)
        if token is None:
            raise ConfigError("With --url the hub's admin_token is needed: --admin-token-file FILE")
        return HubDesk(url, token)
    flaw = _flaw_of_socket(config)
    if flaw is not None:
        raise NotDone(f"No hub listens on {config.data_dir / NAME}: {flaw}")
    return _beside(config)


@asynccontextmanager
async def account_desk(config: Config, url: str | None) -> AsyncIterator[Desk]:
    """The hub at `url`, or the one that holds the data folder; else the database, which must exist.

    Raises:
        NotDone: there is no database; none is created, as the folder may be misspelt.
    """
    if url is None and not _is_there(config):
        raise NotDone(f"There is no database of Parlour in {config.data_dir}")
    async with new_account_desk(config, url) as desk:
        yield desk


@asynccontextmanager
async def new_account_desk(config: Config, url: str | None) -> AsyncIterator[Desk]:
    """As `account_desk`, but a missing database is created, and a line on stderr says so.

    Raises:
        DataDirInUse: a process holds the data folder, and cannot be called.
    """
    if url is not None:
        yield hub_desk(config, url)
        return
    if not _is_there(config):
        say(f"Making a new database in {config.data_dir.absolute()}", err=True)
    async with AsyncExitStack() as stack:
        yield await enter_in_turn(stack, partial(_desk_here, config))


def _is_there(config: Config) -> bool:
    """Whether there is a database, or a hub that has one."""
    is_made = config.database_url is not None or is_data_dir(config.data_dir)
    return is_made or _flaw_of_socket(config) is None


async def enter_in_turn(
    stack: AsyncExitStack, open_one: Callable[[], AbstractAsyncContextManager[T]]
) -> T:
    """Enter a context that may need the data folder for itself, once the process that holds the
    folder has ended; returns the context's value.

    Args:
        stack: exits it.
        open_one: makes the context.

    Raises:
        DataDirInUse: the folder is held for more than `TURN_SECONDS`; the text names the holder.
    """
    until = trio.current_time() + TURN_SECONDS
    is_reported = False
    while True:
        try:
            return await stack.enter_async_context(open_one())
        except Exception as error:
            reason = _in_use(error)
            if reason is None or trio.current_time() >= until:
                raise
        if not is_reported:
            say(f"Waiting: {reason}", err=True)
            is_reported = True
        await trio.sleep(TURN_PAUSE_SECONDS)


def _in_use(error: BaseException) -> str | None:
    """The text that names the holder of the data folder; None: it is another error."""
    match error:
        case DataDirInUse():
            return str(error)
        case BaseExceptionGroup(exceptions=[inner]):
            return _in_use(inner)
        case _:
            return None


@asynccontextmanager
async def _desk_here(config: Config) -> AsyncIterator[Desk]:
    """The hub that holds the data folder, else the database."""
    if config.database_url is None and _flaw_of_socket(config) is None:
        yield _beside(config)
    else:
        database = revealed(config.database_url)
        if database is None:
            _require_free(config)
        async with (
            open_files(config) as files,
            open_store(database, config.data_dir, pool_size=2, lanes=1) as store,
        ):
            operator = Operator(Way.COMMAND, f"uid {os.getuid()}")
            is_ours = database is None  # else a hub may run, and removes files itself
            collector = FileCollector(store.uploads, files, interval=0.0) if is_ours else None
            yield StoredActions(store, PasswordHasher(), operator, files, collector)


def _require_free(config: Config) -> None:
    """Raises DataDirInUse: a process holds the folder; the text says why it was not called."""
    pid = pid_of_holder(config.data_dir)
    if pid is not None:
        why = _flaw_of_socket(config) or "it was not ready"
        text = f"{config.data_dir} is in use by another hub or command (pid {pid})"
        raise DataDirInUse(f"{text}, and no hub listens on {NAME} in it: {why}")


def _beside(config: Config) -> HubDesk:
    return HubDesk(f"{UNIX}{config.data_dir / NAME}")


def _flaw_of_socket(config: Config) -> str | None:
    """Why there is no hub at the admin socket of the data folder; None: there is one."""
    path = config.data_dir / NAME
    if (flaw := flaw_of_path(path)) is not None:
        return f"{flaw}: choose a shorter data_dir"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS)
        try:
            probe.connect(str(path))
        except OSError as error:
            return error.strerror or str(error)
    return None
