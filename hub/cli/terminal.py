"""Lines for a terminal, which what other people wrote must not drive.

Guarantees: where nobody reads standard output any more, what is said is dropped, and the command
does its work to the end. Must not know: any command.
"""

import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import click


def printable(line: str) -> str:
    """A line without control characters, and without those that change the order of others."""
    return "".join(each if each.isprintable() or each == "\t" else " " for each in line)


def printable_text(text: str) -> str:
    """Such lines."""
    return "\n".join(map(printable, text.split("\n")))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line for each row, with columns below each other."""
    shown = [[printable(cell).replace("\t", " ") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in shown]


def counted(count: int, what: str) -> str:
    """So many of something: `1 message`, `1,200 messages`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def say(line: str, *, err: bool = False) -> None:
    """Print a line, whatever names are in it. `err`: on standard error.

    Raises:
        OSError: it cannot be written, and not because nobody reads it.
    """
    say_text(printable(line), err=err)


def say_text(text: str, *, err: bool = False) -> None:
    """Print lines that are safe. Raises OSError, as above."""
    try:
        click.echo(text, err=err)
    except BrokenPipeError:
        give_up_stdout()
    except OSError as error:
        give_up_stdout()
        raise OSError(error.errno, error.strerror, "standard output") from None


def give_up_stdout() -> None:
    """Nothing more is written there, nor complained about when the process ends."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError):
        os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


@contextmanager
def watched_stdout() -> Iterator[Callable[[], bool]]:
    """Gives what says whether somebody may still read standard output, for a command that would
    not end by itself. It stays true for a file.
    """
    copy = os.dup(sys.stdout.fileno())  # as it is even when it was given up
    watch = select.poll()
    watch.register(copy, 0)  # errors and hang-ups are always told
    try:
        yield lambda: not watch.poll(0)
    finally:
        os.close(copy)
