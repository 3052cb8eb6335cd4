"""Lines for a terminal, which text of other users must not control.

Guarantees: once standard output is not read any more, further lines are dropped, and the command
does its work to the end. Must not know: any command.
"""

import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import click


def printable(line: str) -> str:
    """A line without control characters, and without those that change the order of the text."""
    return "".join(each if each.isprintable() or each == "\t" else " " for each in line)


def printable_text(text: str) -> str:
    """The lines of a text, each as `printable` makes it."""
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
    """Print a line, as `printable` makes it. `err`: on standard error.

    Raises:
        OSError: it cannot be written, and the reason is not a closed pipe.
    """
    say_text(printable(line), err=err)


def say_text(text: str, *, err: bool = False) -> None:
    """Print lines as they are, which must be printable. Raises OSError, as above."""
    try:
        click.echo(text, err=err)
    except BrokenPipeError:
        give_up_stdout()
    except OSError as error:
        give_up_stdout()
        raise OSError(error.errno, error.strerror, "standard output") from None


def give_up_stdout() -> None:
    """Discard what is still written to standard output: the process ends without an error."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError):
        os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


@contextmanager
def watched_stdout() -> Iterator[Callable[[], bool]]:
    """Yields a function that returns whether standard output may still be read, for a command that
    would not end by itself. It is always true for a file.
    """
    copy = os.dup(sys.stdout.fileno())  # still the original after `give_up_stdout`
    watch = select.poll()
    watch.register(copy, 0)  # errors and hang-ups are always reported
    try:
        yield lambda: not watch.poll(0)
    finally:
        os.close(copy)
