"""The `parlour` command. Nothing else reads flags or the environment.

Guarantees: an expected failure is one clear line on stderr, with exit code 2 where the command line
or a setting is wrong and 1 else; an unexpected one is a traceback; neither shows a password. stdout
carries only the command's result. The reader of stdout or stderr may stop reading or go away. Must
not know: how anything works.
"""

import faulthandler
import json
import os
import secrets
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO, cast

import click
from attrs import evolve

from hub.admin.socket import NAME as ADMIN_SOCKET
from hub.app import Server, stop_seconds
from hub.app import serve as run_server
from hub.cli import healthcheck, systemd_unit
from hub.cli.chat import Chat, sign_in, typed_lines, url_of, why_signed_out
from hub.cli.demo import make_demo_people
from hub.cli.failures import FAILED, Failure, of_usage
from hub.cli.operators import admin, operate
from hub.cli.questions import asked_password
from hub.cli.running import (
    config_of,
    given_of,
    logging_config_of,
    run_program,
    settings_of,
    settings_options,
    with_settings,
)
from hub.cli.sbom import bill_of_materials
from hub.cli.terminal import give_up_stdout, printable_text, say, say_text
from hub.cli.upkeep import commands as upkeep
from hub.cli.workers import Plan, become_parent
from hub.settings.config import Config
from hub.settings.log_ids import begin_node
from hub.settings.log_sink import LogSink
from hub.settings.logs import configure_logging
from hub.settings.redaction import Secret, redact
from hub.settings.setting import ConfigError
from hub.settings.sources import load_config
from hub.sockets.inherited import inherited
from hub.supervision.supervisor import Supervisor
from hub.supervision.worker import BUS as WORKERS_BUS
from hub.supervision.worker import WorkerPlace
from persistence.embedded import CONNECTIONS, STOP_SECONDS

OTHER_CONNECTIONS: Final = 8  # to the database: the hold, notices, the bus
SPARE_CONNECTIONS: Final = 20  # for commands
_STDERR: Final = 2
_INTERRUPTED: Final = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="parlour")
def parlour() -> None:
    """A self-hosted hub for private messages."""


@parlour.command()
@click.option("--demo", is_flag=True, help="Make two users, and print how to sign in as them")
@with_settings()
def serve(config: str | None, *, demo: bool, **flags: Any) -> None:
    """Run the hub until SIGINT or SIGTERM. SIGHUP: read certificate, log level and limits again.
    SIGUSR2, with several workers: restart them one after the other.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the server handles it
    place = WorkerPlace.of(os.environ)
    read_again = partial(settings_of, config, flags)
    if place is None:
        _become_parent(read_again(), demo=demo)
    else:
        read_again = partial(_worker_settings, read_again)
    # Other output of Python on stderr, such as a warning, must not wait for a reader either.
    with LogSink(sys.stderr) as sink, redirect_stderr(cast("TextIO", sink)):
        settings = read_again()
        configure_logging(settings.log_level, settings.log_format, sink)
        if place is not None:
            begin_node(place.name)
        supervisor = Supervisor.of(os.environ, os.getpid())
        if supervisor.watchdog_seconds is not None:  # its SIGABRT shows where the hub hung
            faulthandler.enable(_STDERR)
        run = partial(
            run_server,
            settings,
            partial(_announce, sink=sink, demo=demo),
            is_demo=demo,
            read_again=read_again,
            supervisor=supervisor,
            given=_sockets(),
            place=place,
        )
        run_program(run)


def _become_parent(settings: Config, *, demo: bool) -> None:
    """Go on as the parent of workers, if the settings ask for several."""
    count = settings.workers or len(os.sched_getaffinity(0))
    if count == 1:
        return
    settings.require_room_for_workers()
    if demo:
        raise ConfigError("--demo is for one process: leave out --workers")
    metrics = settings.metrics_listen
    embedded = max((count + 1) * _worker_connections(settings) + SPARE_CONNECTIONS, CONNECTIONS)
    plan = Plan(
        command=[sys.executable, "-P", "-m", "hub", *sys.argv[1:]],
        count=count,
        name=settings.node_name or f"n{secrets.token_hex(3)}",
        scheme="http" if settings.tls_cert is None else "https",
        host=settings.host,
        port=settings.port,
        metrics=None if metrics is None else (metrics.host, metrics.port),
        data_dir=str(settings.data_dir),
        admin=ADMIN_SOCKET,
        connections=embedded if settings.database_url is None else None,
        stop_seconds=stop_seconds(settings) - STOP_SECONDS,
        log_level=settings.log_level.value,
        log_format=settings.log_format.value,
    )
    become_parent(plan, sys.argv[1:])


def _worker_connections(settings: Config) -> int:
    """How many connections to the database a worker may have."""
    return settings.db_pool + settings.db_lanes + OTHER_CONNECTIONS


def _worker_settings(read: Callable[[], Config]) -> Config:
    """The settings of a worker, which have a bus: workers are nodes."""
    settings = read()
    return settings if settings.bus is not None else evolve(settings, bus=Secret(WORKERS_BUS))


def _sockets() -> Sequence[socket.socket]:
    try:
        return inherited(os.environ, os.getpid())
    except OSError as error:
        raise ConfigError(str(error)) from None


async def _announce(server: Server, *, sink: LogSink, demo: bool) -> None:
    server.services.metrics.watch_log(lambda: sink.dropped)
    try:
        say(f"Parlour is ready at {server.url}")
        if demo:
            say_text(printable_text(await make_demo_people(server)))
    except OSError:  # that is no reason to end
        give_up_stdout()


@parlour.command()
@settings_options
def migrate(config: str | None, **flags: Any) -> None:
    """Bring the database up to date."""
    settings = logging_config_of(config, flags, sys.stderr)
    run_program(partial(admin.migrate_database, settings, say))


@parlour.command("check-config")
@settings_options
def check_config(config: str | None, **flags: Any) -> None:
    """Check all settings, and print those in force."""
    run_program(partial(admin.show_config, config_of(config, flags), say))


@parlour.command("healthcheck")
@click.option("--ready", is_flag=True, help="Check that it accepts new work, not only that it runs")
@with_settings("host", "port", "tls_cert")
def ask_how_it_is(config: str | None, *, ready: bool, **flags: Any) -> None:
    """Check the health of the running hub of these settings; exit with 1 if it is not healthy."""
    settings = settings_of(config, flags)
    try:
        say(healthcheck.check(settings, "/readyz" if ready else "/healthz"))
    except healthcheck.NotWell as error:
        raise Failure(error) from None


@parlour.command("systemd-unit")
@click.option("--user", default=systemd_unit.USER, show_default=True, help="The hub's account")
@click.option("--socket", "is_socket", is_flag=True, help="Print parlour.socket, not .service")
@with_settings(
    "data_dir", "database_url", "host", "port", "public_url", "trusted_proxies", "workers"
)
def print_unit(user: str, config: str | None, *, is_socket: bool, **flags: Any) -> None:
    """Print a systemd unit for this installation, with the given flags for `parlour serve`."""
    given, file = given_of(flags), Path(config) if config else None
    settings = load_config(given, {}, file)  # the service has another environment
    python = Path(sys.executable).resolve()
    parts = (Path(sys.prefix), Path(sys.base_prefix), python)
    of = systemd_unit.Installation(_program(), user, file, given, settings, parts)
    unit = systemd_unit.socket_unit(of) if is_socket else systemd_unit.service_unit(of)
    for warning in systemd_unit.warnings_about(of):
        say(f"Warning: {warning}", err=True)
    say_text(unit.removesuffix("\n"))


def _program() -> list[str]:
    """The words that run this command: the installed program, else the module."""
    installed = Path(sys.executable).with_name("parlour")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "hub"]


@parlour.command()
def sbom() -> None:
    """Print a bill of materials (CycloneDX) of the installed packages."""
    say_text(json.dumps(bill_of_materials(), indent=2))


for command in (*operate.COMMANDS, *upkeep.COMMANDS):
    parlour.add_command(command)


@parlour.command()
@click.option("--as", "login", required=True, metavar="USER", help="The user to sign in as")
@click.option("--to", "peer", required=True, metavar="USER", help="The user to talk to")
@click.option("--url", metavar="URL", help="The hub; by default that of the settings")
@asked_password(
    help="Prompted for if missing; better in PARLOUR_PASSWORD, which others cannot read"
)
@with_settings("host", "port", "public_url")
def chat(
    login: str, peer: str, url: str | None, password: str, config: str | None, **flags: Any
) -> None:
    """Talk to a user from this terminal; /quit or Ctrl-D ends the command."""
    hub = url or url_of(settings_of(config, flags))

    async def talk() -> None:
        cookie, me, them = await sign_in(hub, login, password, peer)
        why = partial(why_signed_out, hub, login, password)
        await Chat(hub, cookie, me, them, say, why).run(typed_lines())

    run_program(talk)


def main() -> None:
    """The entry point. Only the hub's own account may read the files that it writes."""
    os.umask(0o077)
    _open_standard_files()
    try:
        parlour(prog_name="parlour", standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        sys.exit(_INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        _say_last(error.format_message())
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _say_last(of_usage(error))
        sys.exit(error.exit_code)
    except (Failure, ConfigError, OSError) as error:
        failure = error if isinstance(error, Failure) else Failure(error)
        _say_last(str(failure))
        sys.exit(failure.ends_with)
    except Exception:  # noqa: BLE001  shown whole, but for passwords that a library quoted
        _say_last(redact(traceback.format_exc().removesuffix("\n")))
        sys.exit(FAILED)


def _say_last(text: str) -> None:
    """Print on stderr why the command ends; do not wait for long if stderr is not read."""
    with LogSink(sys.stderr) as last:
        last.write(f"{printable_text(text)}\n")


def _open_standard_files() -> None:
    """Open stdin, stdout and stderr where they are closed: else the next file or socket would get
    that number, and text for the terminal would be written into a connection to the database.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(number, mode))
