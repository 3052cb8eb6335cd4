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
from collections.abc import Sequence
from contextlib import redirect_stderr, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO, cast

import click

from hub.app import Server
from hub.app import serve as run_server
from hub.cli import healthcheck, systemd_unit
from hub.cli.chat import Chat, sign_in, typed_lines
from hub.cli.demo import make_demo_people
from hub.cli.operators import admin, operate
from hub.cli.running import config_of, given_of, run_program, settings_of, settings_options
from hub.cli.sbom import bill_of_materials
from hub.cli.terminal import printable_text, say
from hub.cli.upkeep import commands as upkeep
from hub.settings.log_sink import LogSink
from hub.settings.redaction import redact
from hub.settings.setting import ConfigError
from hub.settings.sources import load_config
from hub.sockets.inherited import inherited
from hub.supervision.supervisor import Supervisor

_STDERR: Final = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="parlour")
def parlour() -> None:
    """A self-hosted hub for private messages."""


@parlour.command()
@click.option("--demo", is_flag=True, help="Make two people, and say how to let them talk")
@settings_options
def serve(config: str | None, *, demo: bool, **flags: Any) -> None:
    """Run the hub until SIGINT or SIGTERM; SIGHUP: read certificate, log level and limits again."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until somebody reads the settings again
    # Whatever else Python says there, such as a warning, must not wait for a reader either.
    with LogSink(sys.stderr) as sink, redirect_stderr(cast("TextIO", sink)):
        settings = config_of(config, flags, sink)
        supervisor = Supervisor.of(os.environ, os.getpid())
        if supervisor.watchdog_seconds is not None:  # whose end says where it hung
            faulthandler.enable(_STDERR)
        run = partial(
            run_server,
            settings,
            partial(_announce, sink=sink, demo=demo),
            is_demo=demo,
            read_again=partial(settings_of, config, flags),
            supervisor=supervisor,
            given=_sockets(),
        )
        run_program(run)


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
@settings_options
def migrate(config: str | None, **flags: Any) -> None:
    """Bring the database up to date."""
    run_program(partial(admin.migrate_database, config_of(config, flags), say))


@parlour.command("check-config")
@settings_options
def check_config(config: str | None, **flags: Any) -> None:
    """Say whether the settings are accepted, and what they are."""
    admin.show_config(config_of(config, flags), say)


@parlour.command("healthcheck")
@click.option("--ready", is_flag=True, help="Ask whether it takes work, not whether it lives")
@settings_options
def ask_how_it_is(config: str | None, *, ready: bool, **flags: Any) -> None:
    """Ask the running hub of these settings whether it is well; if not, the exit code is 1."""
    settings = settings_of(config, flags)
    try:
        say(healthcheck.check(settings, "/readyz" if ready else "/healthz"))
    except healthcheck.NotWell as error:
        raise click.ClickException(printable_text(str(error))) from None


@parlour.command("systemd-unit")
@click.option("--user", default=systemd_unit.USER, show_default=True, help="The hub's account")
@click.option("--socket", "is_socket", is_flag=True, help="Print parlour.socket, not .service")
@settings_options
def print_unit(user: str, config: str | None, *, is_socket: bool, **flags: Any) -> None:
    """Print the unit of this installation for systemd, with the flags of its `parlour serve`."""
    given, file = given_of(flags), Path(config) if config else None
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
def sbom() -> None:
    """Print a bill of materials (CycloneDX) of what is installed."""
    click.echo(json.dumps(bill_of_materials(), indent=2))


for command in (*operate.COMMANDS, *upkeep.COMMANDS):
    parlour.add_command(command)


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

    run_program(talk)


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
