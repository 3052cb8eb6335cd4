"""The ids that log lines share: of a connection, of a request, of a user.

Guarantees: no two connections of a process have the same id; what a task has bound stands in every
line that is written in it and in the tasks that it starts, and in no other. A task that serves
several connections therefore binds nothing. Must not know: what is logged.
"""

from collections.abc import Iterator
from itertools import count
from typing import Final

from structlog.contextvars import (
    bind_contextvars,
    clear_contextvars,
    get_contextvars,
    unbind_contextvars,
)

NODE: Final = "node"
CONNECTION: Final = "connection"
USER: Final = "user"
REQUEST: Final = "request"
_numbers: Final[Iterator[int]] = count(1)


def begin_node(name: str) -> None:
    """Put the node's name into all lines of this process, from now on."""
    bind_contextvars(**{NODE: name})


def begin_connection() -> str:
    """This task serves a new connection, and nothing else; returns its id."""
    name = f"c{next(_numbers)}"
    kept = {key: value for key, value in get_contextvars().items() if key == NODE}
    clear_contextvars()
    bind_contextvars(**kept, **{CONNECTION: name})
    return name


def begin_request(request_id: str) -> None:
    """What this task does from now on is done for a request."""
    bind_contextvars(**{REQUEST: request_id})


def end_request() -> None:
    """The request is over; the next one may be another user's."""
    unbind_contextvars(REQUEST, USER)


def know_user(user_id: int) -> None:
    """The user of the connection or request is known."""
    bind_contextvars(**{USER: user_id})


def connection_id() -> str | None:
    """The id of the connection that this task serves; None: it serves none."""
    found: str | None = get_contextvars().get(CONNECTION)
    return found
