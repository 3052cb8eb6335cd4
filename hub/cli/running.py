"""What commands have in common: their settings, and how they end.

Guarantees: a command that takes settings has a flag for each of them; an expected failure becomes a
`Failure`. Must not know: any command.
"""

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO, TypeAlias, TypeVar

import click
import trio

from hub.cli.failures import EXPECTED, Failure
from hub.settings.choices import LogLevel
from hub.settings.config import SETTINGS, Config
from hub.settings.log_sink import LogSink
from hub.settings.logs import configure_logging
from hub.settings.manual import help_of
from hub.settings.sources import IN_FILE, load_config
from persistence.records import StoreError

F = TypeVar("F", bound=Callable[..., Any])
Say: TypeAlias = Callable[[str], None]

DATA: Final = ("data_dir", "database_url")
"""The settings that most commands are about: where the data are."""

_QUIETER: Final = {LogLevel.INFO: LogLevel.WARNING}
"""The log level of a command that does its work itself, by the one that is set for a hub."""


class NotDone(StoreError):
    """A command cannot be carried out; the text says why."""


def settings_options(function: F) -> F:
    """The flags of a command that is about the data; see `with_settings`."""
    return with_settings(*DATA)(function)


def with_settings(*shown: str) -> Callable[[F], F]:
    """One flag per setting, plus --config; `load_config` checks the values of all sources.

    Args:
        shown: the settings that stand in the command's `--help`; none: all of them.
    """

    def add(function: F) -> F:
        for setting in reversed(SETTINGS):
            is_hidden = bool(shown) and setting.name not in shown
            if setting.parser.is_secret:
                function = click.option(
                    f"{setting.flag}-file",
                    f"{setting.name}{IN_FILE}",
                    help=f"A file with the value of {setting.flag}, to keep it off command lines",
                    metavar="FILE",
                    hidden=is_hidden,
                )(function)
            function = click.option(
                setting.flag,
                setting.name,
                help=help_of(setting),
                multiple=setting.parser.is_list,
                metavar="VALUE",
                hidden=is_hidden,
            )(function)
        rest = "; every setting is a flag here too: see `parlour serve --help`" if shown else ""
        text = f"A TOML file with settings{rest}"
        return click.option("--config", help=text, metavar="FILE")(function)

    return add


def config_of(config: str | None, flags: dict[str, Any]) -> Config:
    """The settings; configures the log by them, with `warning` in place of `info`."""
    settings = settings_of(config, flags)
    level = _QUIETER.get(settings.log_level, settings.log_level)
    configure_logging(level, settings.log_format, sys.stderr)
    return settings


def logging_config_of(
    config: str | None, flags: dict[str, Any], stream: LogSink | TextIO
) -> Config:
    """The settings; configures the log by them, on `stream`."""
    settings = settings_of(config, flags)
    configure_logging(settings.log_level, settings.log_format, stream)
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
        if all(isinstance(leaf, (*EXPECTED, KeyboardInterrupt)) for leaf in leaves):
            raise Failure(leaves[0]) from None
        raise


def run_to_end(start: Callable[[], Awaitable[None]]) -> None:
    """As `run_program`, for a program that has to clean up also when a signal ends it."""
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
