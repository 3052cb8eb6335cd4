"""Chooses among the servers that a URL names.

Guarantees: a server that does not respond, refuses, or is unsuitable does not delay the others by
more than `STAGGER_SECONDS`: they are tried beside it. Must not know: which servers are suitable.

Source: PostgreSQL manual, section 34.1.1.3 (specifying multiple hosts).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from persistence.records import DatabaseUnfit

T = TypeVar("T")

ATTRIBUTE: Final = "target_session_attrs"
STAGGER_SECONDS: Final = 0.2
"""How long a server may take before the next one is tried beside it."""


def servers_of(dsn: str) -> Sequence[str]:
    """A URL for each server that `dsn` names, in its order."""
    parts = urlsplit(dsn)
    user, at, hosts = parts.netloc.rpartition("@")
    if "," in hosts:
        rest = dsn.removeprefix(f"{parts.scheme}://{parts.netloc}")
        return [f"{parts.scheme}://{user}{at}{host}{rest}" for host in hosts.split(",")]
    query = dict(parse_qsl(parts.query))
    names = query.get("host", "").split(",")
    if hosts or len(names) == 1:
        return [dsn]
    ports = query.get("port", "").split(",")
    if len(ports) == 1:
        ports *= len(names)
    place = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return [
        f"{place}?{_query({**query, 'host': name, 'port': port})}"
        for name, port in zip(names, ports, strict=False)
    ]


def with_primary(dsn: str) -> str:
    """`dsn` for the programs of Postgres. If it names several servers and does not choose one, they
    use the server that takes writes.
    """
    if len(servers_of(dsn)) == 1 or ATTRIBUTE in dsn:
        return dsn
    return f"{dsn}{'&' if '?' in dsn else '?'}{ATTRIBUTE}=read-write"


def _query(values: dict[str, str]) -> str:
    given = {name: value for name, value in values.items() if value}
    return urlencode(given, safe="/", quote_via=quote)


async def first_of(
    dsn: str, attempt: Callable[[str], Awaitable[T]], discard: Callable[[T], None]
) -> T:
    """The result for the first server for which `attempt` succeeds. A coroutine of asyncio.

    Args:
        dsn: names the servers.
        attempt: a coroutine function that takes the URL of one server.
        discard: ends the result of a server that was slower than the first.

    Raises:
        Exception: the most telling of the servers' errors: a refusal before `DatabaseUnfit`, and
            this before an error of the connection.
    """
    waiting = deque(servers_of(dsn))
    running: set[asyncio.Future[T]] = set()
    errors: list[Exception] = []
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.ensure_future(attempt(waiting.popleft())))
            done, _ = await asyncio.wait(
                running,
                timeout=STAGGER_SECONDS if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for each in done:
                running.discard(each)
                try:
                    return each.result()
                except Exception as error:  # noqa: BLE001  any error: another server may work
                    errors.append(error)
    finally:
        for each in running:
            each.cancel()
            each.add_done_callback(lambda late: _end(late, discard))
    raise max(errors, key=_says)


def _end(late: "asyncio.Future[T]", discard: Callable[[T], None]) -> None:
    if not late.cancelled():
        with suppress(Exception):
            discard(late.result())


def _says(error: Exception) -> int:
    match error:
        case OSError() | TimeoutError():
            return 0
        case DatabaseUnfit():
            return 1
        case _:
            return 2
