"""How large one frame may be: lists are cut so that the outbox of a connection takes the frame.

Guarantees: of a list that is cut, the part that is most useful is kept, and at most
`MAX_LIST_BYTES` of JSON. Must not know: events, what is in a list.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, TypeVar

import orjson

MAX_LIST_BYTES: Final = 262_144  # of all lists of a frame together
MAX_POSITIONS: Final = 4_000  # of channels in a frame, each with a name of at most 60 bytes
MAX_PINS: Final = 100  # of each channel in a list of a frame
MAX_MEMBERS: Final = 10_000  # ids of a workspace's members in a frame

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


def newest_that_fit(items: Sequence[T]) -> list[T]:
    """The last items that fit into a frame, in their order."""
    return first_that_fit(items[::-1])[::-1]


def first_that_fit(items: Sequence[T]) -> list[T]:
    """The first items that fit into a frame."""
    return next(iter(parts_that_fit(items)), [])


def parts_that_fit(items: Sequence[T]) -> list[list[T]]:
    """All items in parts that fit into a frame. An item that is too large alone is left out."""
    parts: list[list[T]] = []
    room = 0
    for item in items:
        size = len(orjson.dumps(item)) + 1
        if size > MAX_LIST_BYTES:
            continue
        if size > room or not parts:
            parts.append([])
            room = MAX_LIST_BYTES
        parts[-1].append(item)
        room -= size
    return parts


def first_positions(positions: Mapping[K, V]) -> dict[K, V]:
    """As many positions as fit."""
    return dict(islice(positions.items(), MAX_POSITIONS))
