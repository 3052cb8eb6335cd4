"""What a command asks its user for before it begins.

Guarantees: where there is no terminal to ask on, nothing is printed but one line that says which
flag or variable to give instead. Must not know: any command.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import click

from hub.settings.setting import ConfigError

PASSWORD: Final = "PARLOUR_PASSWORD"  # noqa: S105  its name
_TERMINAL: Final = "/dev/tty"

F = TypeVar("F", bound=Callable[..., Any])


class _PasswordOption(click.Option):
    """A password, which is asked for if it is missing."""

    def prompt_for_value(self, ctx: click.Context) -> object:
        """Ask. Raises ConfigError: there is no terminal to ask on."""
        if not (_opens_terminal() or sys.stdin.isatty()):
            raise _unanswered(f"give the password as {PASSWORD}")
        return cast("object", super().prompt_for_value(ctx))


def asked_password(*, twice: bool = False, help: str | None = None) -> Callable[[F], F]:  # noqa: A002  as click's
    """`--password`, else the variable `PASSWORD`, else asked for without showing it."""
    return click.option(
        "--password",
        cls=_PasswordOption,
        envvar=PASSWORD,
        prompt=True,
        hide_input=True,
        confirmation_prompt=twice,
        help=help,
    )


def confirm(question: str) -> None:
    """Ask the user to confirm, on standard error.

    Raises:
        click.Abort: the user does not confirm.
        ConfigError: there is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        raise _unanswered("give --yes if that is meant")
    click.confirm(question, abort=True, err=True)


def _opens_terminal() -> bool:
    """Whether the process has a terminal, wherever its standard input comes from."""
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _unanswered(how: str) -> ConfigError:
    return ConfigError(f"There is no terminal to ask on: {how}")
