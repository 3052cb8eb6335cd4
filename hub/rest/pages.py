"""Pages of lists that are sorted by one number of each entry.

Guarantees: a list with fewer entries than a page holds is returned whole, without a `Link` header.
Must not know: any endpoint.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from hub.rest.endpoint import Call
from hub.rest.parameters import Cursor, Number
from persistence.lists import MAX_LISTED

T = TypeVar("T")

LIMIT: Final = Number(
    "limit", "the maximum number of entries on a page", MAX_LISTED, 1, MAX_LISTED, larger=MAX_LISTED
)
CURSOR: Final = Cursor((int,))
PAGED: Final = (LIMIT, CURSOR)
"""The parameters of an endpoint with such a list."""


def begin_of_page(call: Call, first: int) -> int:
    """The number after which the page begins: that in the cursor, or `first` without a cursor.

    Raises:
        WireError: the cursor is malformed.
    """
    match call.cursor(CURSOR):
        case (int() as place,):
            return place
        case _:
            return first


def next_page(call: Call, page: Sequence[T], place: Callable[[T], int]) -> Mapping[str, str]:
    """The `Link` header of the next page; `place` returns the number of an entry."""
    is_full = len(page) == call.number(LIMIT)
    return call.next_page(CURSOR, CURSOR.text(place(page[-1])) if is_full else None)
