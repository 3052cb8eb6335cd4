"""How a failed command ends: the line that it prints, and its exit code.

Guarantees: an expected failure is one line that shows no password; it has the error code if the hub
returned one, and names the file that it is about; an error in the command line or a setting, which
another try would not change, ends with `WRONG_USE`. Must not know: any command.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from hub.cli.rest import CallFailed
from hub.http.responses import HttpError
from hub.settings.reasons import reason_of
from hub.settings.redaction import redact
from hub.settings.setting import ConfigError
from persistence.bus.opening import UnusableBus
from persistence.embedded import EmbeddedPostgresError
from persistence.records import StoreError
from protocol.errors import WireError

FAILED: Final = 1
WRONG_USE: Final = 2

REFUSED: Final = (ConfigError, UnusableBus)
EXPECTED: Final = (
    *REFUSED,
    EmbeddedPostgresError,
    StoreError,
    CallFailed,
    HttpError,
    WireError,
    OSError,
)


class Failure(Exception):
    """A command has failed; the text is the line to print.

    `ends_with`: the exit code.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__(one_line(redact(_text_of(error))))
        self.ends_with: Final = WRONG_USE if isinstance(error, REFUSED) else FAILED


@contextmanager
def naming(what: Path | str, part: Path | None = None) -> Iterator[None]:
    """Name `what` in each OSError of this context that names no file, or that names `part`: the
    hidden file that becomes `what`.
    """
    try:
        yield
    except OSError as error:
        is_named = error.filename is not None and error.filename not in (part, str(part))
        if error.errno is None or is_named:
            raise
        raise OSError(error.errno, error.strerror, str(what)) from None


def of_usage(error: click.ClickException) -> str:
    """What is wrong with a command line, in one line."""
    text = one_line(error.format_message())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{text.removesuffix('.')}: see `{error.ctx.command_path} --help`"
    return text


def one_line(text: str) -> str:
    """A text as the one line that a command ends with."""
    return f"Error: {' '.join(text.split())}"


def _text_of(error: BaseException) -> str:
    match error:
        case CallFailed(code=str(code)):
            return f"{error} ({code})"
        case HttpError(text=text, code=code) | WireError(text=text, code=code):
            return f"{text} ({code})"
        case OSError() if error.errno != errno.EPIPE or error.filename is not None:
            return reason_of(error)
        case _:
            return str(error)
