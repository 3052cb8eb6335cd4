"""Every engine of a bus, with what the tests of its contract need: to open and to interrupt it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from attrs import frozen

from persistence.bus import Bus
from persistence.bus.memory import Medium
from persistence.bus.opening import open_bus
from persistence.postgres.database.bridge import open_asyncio
from tests.support.buses.redis_process import RedisProcess, redis_process
from tests.support.stores.databases import Databases, execute

CUT = """
    SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
     WHERE application_name = 'parlour bus' AND datname = current_database()
"""
CELL = "one"


@frozen
class Carrier:
    """An engine.

    Args:
        open: one node's bus, by its cell.
        interrupt: all nodes lose their connections.
    """

    open: Callable[[str], AbstractAsyncContextManager[Bus]]
    interrupt: Callable[[], Awaitable[None]]


@asynccontextmanager
async def memory_carrier() -> AsyncIterator[Carrier]:
    media: dict[str, Medium] = {}

    @asynccontextmanager
    async def member(cell: str) -> AsyncIterator[Bus]:
        yield media.setdefault(cell, Medium()).member()

    async def interrupt() -> None:
        for medium in media.values():
            medium.start()

    yield Carrier(member, interrupt)


@asynccontextmanager
async def postgres_carrier(databases: Databases) -> AsyncIterator[Carrier]:
    async with databases.empty() as dsn, open_asyncio():

        async def interrupt() -> None:
            await execute(dsn, CUT)

        yield Carrier(lambda cell: open_bus("postgres", cell, dsn), interrupt)


@asynccontextmanager
async def redis_carrier() -> AsyncIterator[Carrier]:
    with redis_process(tls=True) as server:
        server.start()

        async def interrupt() -> None:
            cut(server)

        yield Carrier(lambda cell: open_bus(server.url, cell, ""), interrupt)


def cut(server: RedisProcess, *then: str) -> None:
    """End all connections, and do more before a new one can be made."""
    server.ask("CLIENT KILL TYPE normal", *then)


async def until(heard: AsyncIterator[bytes | None], last: bytes) -> list[bytes | None]:
    """The bulletins received up to and including this one."""
    found: list[bytes | None] = []
    async for data in heard:
        found.append(data)
        if data == last:
            break
    return found
