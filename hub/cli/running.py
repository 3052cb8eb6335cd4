"""What commands have in common: their settings, and how they end.

Guarantees: an expected failure is one line, with the code of a hub's refusal, and exit code 1; no
text shows a password. Must not know: any command.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import click
import trio

from hub.cli.rest import CallFailed
from hub.cli.terminal import printable_text
from hub.http.responses import HttpError
from hub.settings.config import SETTINGS, Config
from hub.settings.log_sink import LogSink
from hub.settings.logs import configure_logging
from hub.settings.manual import help_of
from hub.settings.redaction import redact
from hub.settings.setting import ConfigError
from hub.settings.sources import IN_FILE, load_config
from persistence.embedded import EmbeddedPostgresError
from persistence.records import StoreError
from protocol.errors import WireError

F = TypeVar("F", bound=Callable[..., Any])
Say: TypeAlias = Callable[[str], None]

_EXPECTED: Final = (
    ConfigError,
    EmbeddedPostgresError,
    StoreError,
    CallFailed,
    HttpError,
    WireError,
    OSError,
)


class NotDone(StoreError):
    """A command cannot be carried out; the text says why."""


def settings_options(function: F) -> F:
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


def config_of(config: str | None, flags: dict[str, Any], sink: LogSink | None = None) -> Config:
    """The settings; what is logged from now on looks as they say."""
    settings = settings_of(config, flags)
    configure_logging(settings.log_level, settings.log_format, sink or sys.stderr)
    return settings


def settings_of(config: str | None, flags: dict[str, Any]) -> Config:
    """The settings, from all sources."""
    path = config or os.environ.get("PARLOUR_CONFIG")
    return load_config(given_of(flags), os.environ, Path(path) if path else None)


def given_of(flags: dict[str, Any]) -> dict[str, str]:
    """The flags that were given, as text."""
    return {
        name: ",".join(value) if isinstance(value, tuple) else value  # a list: repeated, or commas
        for name, value in flags.items()
        if value not in (None, ())
    }


def run_program(start: Callable[[], Awaitable[None]]) -> None:
    """Run a trio program; an expected failure becomes one line."""
    try:
        trio.run(start)
    except BaseException as error:
        leaves = _leaves(error)
        if all(isinstance(leaf, KeyboardInterrupt) for leaf in leaves):
            sys.exit(130)
        if all(isinstance(leaf, (*_EXPECTED, KeyboardInterrupt)) for leaf in leaves):
            raise click.ClickException(printable_text(redact(_text_of(leaves[0])))) from None
        raise


def run_to_end(start: Callable[[], Awaitable[None]]) -> None:
    """`run_program`, of what has to clean up whatever ends it."""
    run_program(partial(_until_interrupted, start))


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


def _text_of(error: BaseException) -> str:
    """What is wrong, with its stable code if it has one."""
    code = error.code if isinstance(error, CallFailed | HttpError) else None
    text = error.text if isinstance(error, HttpError) else str(error)
    return text if code is None else f"{text} ({code})"
