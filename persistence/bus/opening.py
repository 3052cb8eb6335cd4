"""Chooses the engine of a bus by its URL."""

import importlib
from contextlib import AbstractAsyncContextManager
from typing import Final

from persistence.bus import Bus
from persistence.postgres.bus import open_postgres_bus

OWN_DATABASE: Final = "postgres"


def open_bus(url: str, cell: str, dsn: str) -> AbstractAsyncContextManager[Bus]:
    """The bus of one node, closed on exit. Needs `bridge.open_asyncio`.

    Args:
        url: `postgres`, or the URL of a Redis (see `redis_server`), which needs parlour[redis].
        cell: whose nodes share it.
        dsn: the hub's own database, which `postgres` means.

    Raises:
        ValueError: neither, or parlour[redis] is not installed; the text has no secrets.
    """
    if url == OWN_DATABASE:
        return open_postgres_bus(dsn, cell)
    if url.partition(":")[0].partition("+")[0] not in {"redis", "rediss"}:
        raise ValueError(f"a bus is {OWN_DATABASE!r}, or the URL of a Redis")
    try:  # its library is there only where it is wanted
        redis = importlib.import_module("persistence.bus.redis")
    except ModuleNotFoundError as missing:
        raise ValueError(
            f"a bus over Redis needs parlour[redis], of which {missing.name} is not installed"
        ) from None
    opened: AbstractAsyncContextManager[Bus] = redis.open_redis_bus(url, cell)
    return opened
