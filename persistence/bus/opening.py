"""Chooses the engine of a bus by its URL."""

import importlib
from contextlib import AbstractAsyncContextManager
from typing import Final

from persistence.bus import Bus
from persistence.postgres.bus import open_postgres_bus

OWN_DATABASE: Final = "postgres"


class UnusableBus(Exception):
    """There is no such bus, or a file that it needs cannot be read; the text has no secrets."""


def open_bus(url: str, cell: str, dsn: str) -> AbstractAsyncContextManager[Bus]:
    """The bus of one node, closed on exit. Needs `bridge.open_asyncio`.

    Args:
        url: `postgres`, or the URL of a Redis (see `redis_server`), which needs parlour[redis].
        cell: the cell whose nodes share the bus.
        dsn: the hub's own database, which is used for `postgres`.

    Raises:
        UnusableBus: the URL is neither, or parlour[redis] is not installed.
    """
    if url == OWN_DATABASE:
        return open_postgres_bus(dsn, cell)
    if url.partition(":")[0].partition("+")[0] not in {"redis", "rediss"}:
        raise UnusableBus(f"a bus is {OWN_DATABASE!r}, or the URL of a Redis")
    try:  # the library of Redis is an optional dependency
        redis = importlib.import_module("persistence.bus.redis")
        servers = importlib.import_module("persistence.bus.redis_server")
    except ModuleNotFoundError as missing:
        raise UnusableBus(
            f"a bus over Redis needs parlour[redis], of which {missing.name} is not installed"
        ) from None
    try:
        server = servers.server_of(url)
    except ValueError as error:
        raise UnusableBus(str(error)) from None
    opened: AbstractAsyncContextManager[Bus] = redis.open_redis_bus(server, cell)
    return opened
