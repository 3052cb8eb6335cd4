"""Lines for a terminal, which what other people wrote must not drive."""

import click


def printable(line: str) -> str:
    """A line without control characters, and without those that change the order of others."""
    return "".join(each if each.isprintable() or each == "\t" else " " for each in line)


def printable_text(text: str) -> str:
    """Such lines."""
    return "\n".join(map(printable, text.split("\n")))


def say(line: str, *, err: bool = False) -> None:
    """Print a line, whatever names are in it. `err`: on standard error."""
    click.echo(printable(line), err=err)
