"""The `parlour` command. Nothing else reads flags or the environment.

Guarantees: an expected failure is one clear line on stderr and exit code 1, an unexpected one a
traceback, and neither shows a password; stdout carries only what was asked for. Whoever reads
either of them may stand still or go away. Must not know: how anything works.
"""

import faulthandler
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import redirect_stderr, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar, cast

import click
import trio

from hub.app import Server
from hub.app import serve as run_server
from hub.cli import admin, healthcheck, people, systemd_unit
from hub.cli.chat import Chat, sign_in, typed_lines
from hub.cli.demo import make_demo_people
from hub.cli.rest import CallFailed
from hub.cli.sbom import bill_of_materials
from hub.cli.terminal import printable_text, say
from hub.cli.upkeep.backup import STDOUT, back_up
from hub.cli.upkeep.doctor import examine_all
from hub.cli.upkeep.restore import restore
from hub.cli.upkeep.upgrade import upgrade
from hub.files.folder import UploadFolder
from hub.settings.config import SETTINGS, Config
from hub.settings.log_sink import LogSink
from hub.settings.logs import configure_logging
from hub.settings.manual import help_of
from hub.settings.redaction import redact
from hub.settings.setting import ConfigError
from hub.settings.sources import IN_FILE, load_config
from hub.sockets.inherited import inherited
from hub.supervision.supervisor import Supervisor
from persistence.embedded import EmbeddedPostgresError
from persistence.records import StoreError
from protocol.model import MessageFate, Role

F = TypeVar("F", bound=Callable[..., Any])

_STDERR: Final = 2
_EXPECTED: Final = (ConfigError, EmbeddedPostgresError, StoreError, CallFailed, OSError)


def _settings_options(function: F) -> F:
    """One flag per setting, plus --config; `load_config` checks the values of all sources."""
    for setting in reversed(SETTINGS):
        if setting.parser.is_secret:
            function = click.option(
                f"{setting.flag}-file",
                f"{setting.name}{IN_FILE}",
                help=f"A file with {setting.flag}, which then stands on no command line",
                metavar="FILE",
            )(function)
        function = click.option(
            setting.flag,
            setting.name,
            help=help_of(setting),
            multiple=setting.parser.is_list,
            metavar="VALUE",
        )(function)
    return click.option("--config", help="A TOML file with settings", metavar="FILE")(function)


def _config(config: str | None, flags: dict[str, Any], sink: LogSink | None = None) -> Config:
    """The settings; what is logged from now on looks as they say."""
    settings = _settings(config, flags)
    configure_logging(settings.log_level, settings.log_format, sink or sys.stderr)
    return settings


def _settings(config: str | None, flags: dict[str, Any]) -> Config:
    path = config or os.environ.get("PARLOUR_CONFIG")
    return load_config(_given(flags), os.environ, Path(path) if path else None)


def _given(flags: dict[str, Any]) -> dict[str, str]:
    """The flags that were given, as text."""
    return {
        name: ",".join(value) if isinstance(value, tuple) else value  # a list: repeated, or commas
        for name, value in flags.items()
        if value not in (None, ())
    }


def _run(start: Callable[[], Awaitable[None]]) -> None:
    """Run a trio program; an expected failure becomes one line."""
    try:
        trio.run(start)
    except BaseException as error:
        leaves = _leaves(error)
        if all(isinstance(leaf, KeyboardInterrupt) for leaf in leaves):
            sys.exit(130)
        if all(isinstance(leaf, (*_EXPECTED, KeyboardInterrupt)) for leaf in leaves):
            raise click.ClickException(printable_text(redact(str(leaves[0])))) from None
        raise


def _run_to_end(start: Callable[[], Awaitable[None]]) -> None:
    """`_run`, of what has to clean up whatever ends it."""
    _run(partial(_until_interrupted, start))


async def _until_interrupted(start: Callable[[], Awaitable[None]]) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:

            async def interrupt() -> None:
                async for _ in signals:
                    raise KeyboardInterrupt

            nursery.start_soon(interrupt)
            await start()
            nursery.cancel_scope.cancel()


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="parlour")
def parlour() -> None:
    """A self-hosted hub for private messages."""


@parlour.command()
@click.option("--demo", is_flag=True, help="Make two people, and say how to let them talk")
@_settings_options
def serve(config: str | None, *, demo: bool, **flags: Any) -> None:
    """Run the hub until SIGINT or SIGTERM; SIGHUP: read certificate, log level and limits again."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until somebody reads the settings again
    # Whatever else Python says there, such as a warning, must not wait for a reader either.
    with LogSink(sys.stderr) as sink, redirect_stderr(cast("TextIO", sink)):
        settings = _config(config, flags, sink)
        supervisor = Supervisor.of(os.environ, os.getpid())
        if supervisor.watchdog_seconds is not None:  # whose end says where it hung
            faulthandler.enable(_STDERR)
        run = partial(
            run_server,
            settings,
            partial(_announce, sink=sink, demo=demo),
            is_demo=demo,
            read_again=partial(_settings, config, flags),
            supervisor=supervisor,
            given=_sockets(),
        )
        _run(run)


def _sockets() -> Sequence[socket.socket]:
    try:
        return inherited(os.environ, os.getpid())
    except OSError as error:
        raise click.ClickException(str(error)) from None


async def _announce(server: Server, *, sink: LogSink, demo: bool) -> None:
    server.services.metrics.watch_log(lambda: sink.dropped)
    try:
        say(f"Parlour is ready at {server.url}")
        if demo:
            click.echo(printable_text(await make_demo_people(server)))
    except OSError:  # nobody reads it any more
        _give_up_stdout()


@parlour.command()
@_settings_options
def migrate(config: str | None, **flags: Any) -> None:
    """Bring the database up to date."""
    _run(partial(admin.migrate_database, _config(config, flags), say))


@parlour.command("check-config")
@_settings_options
def check_config(config: str | None, **flags: Any) -> None:
    """Say whether the settings are accepted, and what they are."""
    admin.show_config(_config(config, flags), say)


@parlour.command("healthcheck")
@click.option("--ready", is_flag=True, help="Ask whether it takes work, not whether it lives")
@_settings_options
def ask_how_it_is(config: str | None, *, ready: bool, **flags: Any) -> None:
    """Ask the running hub of these settings whether it is well; if not, the exit code is 1."""
    settings = _settings(config, flags)
    try:
        say(healthcheck.check(settings, "/readyz" if ready else "/healthz"))
    except healthcheck.NotWell as error:
        raise click.ClickException(printable_text(str(error))) from None


@parlour.command("systemd-unit")
@click.option("--user", default=systemd_unit.USER, show_default=True, help="The hub's account")
@click.option("--socket", "is_socket", is_flag=True, help="Print parlour.socket, not .service")
@_settings_options
def print_unit(user: str, config: str | None, *, is_socket: bool, **flags: Any) -> None:
    """Print the unit of this installation for systemd, with the flags of its `parlour serve`."""
    given, file = _given(flags), Path(config) if config else None
    settings = load_config(given, {}, file)  # its environment is not ours
    of = systemd_unit.Installation(_program(), user, file, given, settings)
    click.echo(
        systemd_unit.socket_unit(of) if is_socket else systemd_unit.service_unit(of), nl=False
    )


def _program() -> list[str]:
    """What runs this command: where it is installed, there is a program."""
    installed = Path(sys.executable).with_name("parlour")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "hub"]


@parlour.command()
@click.argument("file")
@_settings_options
def backup(file: str, config: str | None, **flags: Any) -> None:
    """Write database and files to FILE, or to standard output if it is `-`; a hub may run."""
    settings = _config(config, flags)
    if file == STDOUT:
        _run_to_end(partial(back_up, settings, file, partial(say, err=True)))
    else:
        _run_to_end(partial(back_up, settings, file, say))


@parlour.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--end-sessions", is_flag=True, help="Everybody has to sign in again")
@_settings_options
def restore_backup(file: Path, config: str | None, *, end_sessions: bool, **flags: Any) -> None:
    """Put back what `backup` wrote, into an empty data folder or database."""
    _run_to_end(partial(restore, _config(config, flags), file, say, end_sessions=end_sessions))


@parlour.command("upgrade-database")
@click.option(
    "--old-bin",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The programs of the old Postgres, or where its wheel was installed",
)
@_settings_options
def upgrade_database(old_bin: Path | None, config: str | None, **flags: Any) -> None:
    """Move the embedded database from an older Postgres to the one of this version."""
    _run_to_end(partial(upgrade, _config(config, flags), old_bin, say))


@parlour.command()
@_settings_options
def doctor(config: str | None, **flags: Any) -> None:
    """Look whether machine, database and files are well, and say what to do; a hub may run."""
    _run_to_end(partial(examine_all, _config(config, flags), say))


@parlour.command()
def sbom() -> None:
    """Print a bill of materials (CycloneDX) of what is installed."""
    click.echo(json.dumps(bill_of_materials(), indent=2))


@parlour.group()
def user() -> None:
    """Make and list accounts."""


@user.command("add")
@click.argument("username")
@click.option("--email", help="For signing in; the username works as well")
@click.option("--name", help="Shown to others; by default the username")
@click.password_option(envvar="PARLOUR_PASSWORD")
@_settings_options
def user_add(
    username: str,
    email: str | None,
    name: str | None,
    password: str,
    config: str | None,
    **flags: Any,
) -> None:
    """Make an account."""
    new = admin.Account(username, name or username, email, password)
    _run(partial(admin.add_user, _config(config, flags), new, say))


@user.command("passwd")
@click.argument("username")
@click.password_option(envvar="PARLOUR_PASSWORD")
@_settings_options
def user_passwd(username: str, password: str, config: str | None, **flags: Any) -> None:
    """Set a new password; every session of the user ends."""
    _run(partial(admin.set_password, _config(config, flags), username, password, say))


@user.command("role")
@click.argument("username")
@click.argument("role", type=click.Choice(admin.ROLES))
@_settings_options
def user_role(username: str, role: str, config: str | None, **flags: Any) -> None:
    """Say what somebody is on the learning platform."""
    _run(partial(admin.set_role, _config(config, flags), username, Role(role), say))


@user.command("list")
@_settings_options
def user_list(config: str | None, **flags: Any) -> None:
    """List the accounts."""
    _run(partial(admin.list_users, _config(config, flags), say))


@user.command("export")
@click.argument("username")
@click.option(
    "--to",
    required=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="A new ZIP file, or a folder for it",
)
@_settings_options
def user_export(username: str, to: Path, config: str | None, **flags: Any) -> None:
    """Write everything of one person to a file."""
    settings = _config(config, flags)

    async def export() -> None:
        folder = UploadFolder(settings.data_dir)
        async with admin.known_store(settings) as store:
            await people.export_user(store, folder, username, to, say)

    _run(export)


@user.command("delete")
@click.argument("username")
@click.option(
    "--messages",
    required=True,
    type=click.Choice([fate.value for fate in MessageFate]),
    help="keep: what was written stays, by a deleted user",
)
@click.option("--hand-over-to", "heir", metavar="MEMBER", help="Who gets the user's workspaces")
@click.option("--yes", is_flag=True, help="Do not ask whether that is meant")
@_settings_options
def user_delete(
    username: str,
    messages: str,
    heir: str | None,
    config: str | None,
    *,
    yes: bool,
    **flags: Any,
) -> None:
    """Delete an account, and all that is the person's."""
    settings = _config(config, flags)
    if not yes:
        click.confirm(f"Delete {username} for ever?", abort=True, err=True)

    async def delete() -> None:
        async with admin.known_store(settings) as store:
            await people.delete_user(store, username, MessageFate(messages), heir, say)
            if settings.database_url is None:  # no hub runs that would
                await people.remove_files(store, UploadFolder(settings.data_dir))

    _run(delete)


@parlour.group()
def workspace() -> None:
    """Manage workspaces."""


@workspace.command("retention", context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("days", type=int)
@_settings_options
def workspace_retention(name: str, days: int, config: str | None, **flags: Any) -> None:
    """After how many DAYS messages are removed; 0: as retention_days says."""
    settings = _config(config, flags)

    async def change() -> None:
        async with admin.known_store(settings) as store:
            await people.set_retention(store, name, days, say)

    _run(change)


@parlour.group()
def session() -> None:
    """Manage logins."""


@session.command("revoke")
@click.argument("username")
@_settings_options
def session_revoke(username: str, config: str | None, **flags: Any) -> None:
    """End every session of a user."""
    _run(partial(admin.revoke_sessions, _config(config, flags), username, say))


@parlour.command()
@click.option("--as", "login", required=True, metavar="USER", help="Who you are")
@click.option("--to", "peer", required=True, metavar="USER", help="Whom you talk to")
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="The hub")
@click.option(
    "--password",
    envvar="PARLOUR_PASSWORD",
    prompt=True,
    hide_input=True,
    help="Asked for if missing",
)
def chat(login: str, peer: str, url: str, password: str) -> None:
    """Talk to somebody from this terminal; /quit or Ctrl-D ends."""

    async def talk() -> None:
        cookie, me, them = await sign_in(url, login, password, peer)
        await Chat(url, cookie, me, them, click.echo).run(typed_lines())

    _run(talk)


def main() -> None:
    """The entry point. What the hub writes is for its own account alone."""
    os.umask(0o077)
    _open_standard_files()
    try:
        parlour(standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        with LogSink(sys.stderr) as last:
            error.show(cast("TextIO", last))
        sys.exit(error.exit_code)
    except ConfigError as error:
        _say_last(f"Error: {error}\n")
        sys.exit(1)
    except Exception:  # noqa: BLE001  shown whole, but for passwords that a library quoted
        _say_last(redact(traceback.format_exc()))
        sys.exit(1)


def _say_last(text: str) -> None:
    """Say on stderr why the command ends, and do not wait for long if nobody reads it."""
    with LogSink(sys.stderr) as last:
        last.write(printable_text(text))


def _open_standard_files() -> None:
    """Where one of the three is closed, what is opened next would get its number, and what is meant
    for a terminal would be written into a database's connection.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(number, mode))


def _give_up_stdout() -> None:
    """Nothing more is written there, nor complained about when the process ends."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError):
        os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)
