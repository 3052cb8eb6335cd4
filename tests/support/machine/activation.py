"""Programs that are started with open sockets of their parent, as systemd does it."""

import sys
from collections.abc import Sequence
from typing import Final, Protocol

OWN: Final = "OWN"
"""The placeholder for the program's pid in the environment."""

_MOVE: Final = f"""
import os, sys
numbers, command = sys.argv[1].split(","), sys.argv[2:]
for place, number in enumerate(numbers):
    os.dup2(int(number), 200 + place)
os.closerange(3, 200)
for place in range(len(numbers)):
    os.dup2(200 + place, 3 + place, inheritable=True)
os.closerange(200, 200 + len(numbers))
for name, value in os.environ.items():
    os.environ[name] = str(os.getpid()) if value == "{OWN}" else value
os.execv(command[0], command)
"""


class HasDescriptor(Protocol):
    """An object with a descriptor: a socket, or a file."""

    def fileno(self) -> int: ...


def descriptors(given: Sequence[HasDescriptor]) -> tuple[int, ...]:
    """The descriptors that the program inherits."""
    return tuple(each.fileno() for each in given)


def activated(command: Sequence[str], given: Sequence[HasDescriptor]) -> list[str]:
    """The command, with these as its descriptors from 3 on, and no others."""
    return [sys.executable, "-c", _MOVE, ",".join(map(str, descriptors(given))), *command]
