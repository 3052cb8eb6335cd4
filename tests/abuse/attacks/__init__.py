"""The table of attacks."""

from collections.abc import Sequence
from typing import Final

from tests.abuse.attacks import (
    commands,
    connections,
    engineio,
    files,
    frames,
    logins,
    people,
    reading,
    requests,
)
from tests.abuse.field import Attack

ATTACKS: Final[Sequence[Attack]] = (
    *connections.ATTACKS,
    *requests.ATTACKS,
    *logins.ATTACKS,
    *engineio.ATTACKS,
    *frames.ATTACKS,
    *commands.ATTACKS,
    *reading.ATTACKS,
    *people.ATTACKS,
    *files.ATTACKS,
)
"""All attacks, by hub: those on the same kind of hub are neighbours, because they run on one
hub.
"""
