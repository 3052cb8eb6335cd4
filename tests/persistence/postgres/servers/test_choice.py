"""Which of the servers that a URL names is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from socket import create_server
from urllib.parse import parse_qs, urlsplit

import pytest
import trio

from persistence.postgres.database.bridge import in_asyncio, open_connections, open_database
from persistence.postgres.database.hold import open_hold
from persistence.postgres.database.session import (
    CONNECT_SECONDS,
    SESSION,
    connect,
    connect_to_read,
)
from persistence.postgres.servers.choice import servers_of, with_primary
from persistence.records import DatabaseUnfit, StoreUnavailable, Unfit
from tests.support.stores.databases import Databases, run_script
from tests.support.wire.ports import unused_port

PARTS = 4  # connections that would each wait: two checks for a pooler, the hold, the pool


@pytest.mark.parametrize(
    ("dsn", "servers"),
    [
        ("postgresql://u@/db?host=/run", ["postgresql://u@/db?host=/run"]),
        ("postgresql://one/db", ["postgresql://one/db"]),
        (
            "postgresql://u:p,@one,two:7/db?sslmode=require",
            ["postgresql://u:p,@one/db?sslmode=require", "postgresql://u:p,@two:7/db?sslmode=require"],
        ),
        ("postgresql://[::1]:1,[::2]/db", ["postgresql://[::1]:1/db", "postgresql://[::2]/db"]),
        (
            "postgresql:///db?host=one,two&port=1,2",
            ["postgresql:///db?host=one&port=1", "postgresql:///db?host=two&port=2"],
        ),
        (
            "postgresql:///db?host=one,/run&port=1",
            ["postgresql:///db?host=one&port=1", "postgresql:///db?host=/run&port=1"],
        ),
        (
            "postgresql:///db?host=one,two&user=u%26",
            ["postgresql:///db?host=one&user=u%26", "postgresql:///db?host=two&user=u%26"],
        ),
    ],
)  # fmt: skip
def test_a_url_names_servers(dsn: str, servers: list[str]) -> None:
    assert list(servers_of(dsn)) == servers


def test_programs_of_postgres_use_the_server_that_takes_writes() -> None:
    assert with_primary("postgresql://one/db") == "postgresql://one/db"
    both = "postgresql://one,two/db"
    assert with_primary(both) == f"{both}?target_session_attrs=read-write"
    asked = f"{both}?target_session_attrs=any"
    assert with_primary(asked) == asked


@contextmanager
def silent() -> Iterator[str]:
    """A server that never responds."""
    with create_server(("127.0.0.1", 0), backlog=1) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def after(first: str, dsn: str) -> str:
    """`dsn`, which names one server, with another one before it."""
    parts = urlsplit(dsn)
    options = parse_qs(parts.query)
    name = parts.netloc.rpartition("@")[2] or None
    if name is not None:
        return dsn.replace(name, f"{first},{name}", 1)
    host, _, port = first.partition(":")
    hosts, ports = f"{host},{options['host'][0]}", f"{port},{options.get('port', ['5432'])[0]}"
    return f"{parts.scheme}://{parts.netloc}{parts.path}?host={hosts}&port={ports}"


async def test_a_server_that_does_not_respond_does_not_block_the_next_one(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn:
        with silent() as first:
            both = after(first, dsn)
            began = trio.current_time()
            async with open_hold(both, 0), open_database(both, 2) as database:
                assert await database.fetch("SELECT 1 AS one")
                assert trio.current_time() - began < (PARTS - 1) * CONNECT_SECONDS


async def test_the_error_of_a_server_is_preferred_to_that_of_an_absent_one(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn:
        nowhere = f"127.0.0.1:{unused_port()}"
        wrong = after(nowhere, dsn.replace(urlsplit(dsn).path, "/nothing", 1))
        with pytest.raises(StoreUnavailable, match="3D000"):
            async with open_connections(1, partial(connect, wrong, SESSION)):
                pass


@pytest.mark.parametrize("asked", ["", "target_session_attrs=read-only"])
async def test_a_server_that_takes_no_writes_is_not_used(databases: Databases, asked: str) -> None:
    async with databases.migrated() as dsn:
        name = urlsplit(dsn).path.removeprefix("/")
        await run_script(dsn, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        joint = "&" if "?" in dsn else "?"
        wanted = f"{dsn}{joint}{asked}" if asked else dsn
        with pytest.raises(DatabaseUnfit) as refused:
            await in_asyncio(partial(connect, wanted, SESSION))
        assert refused.value.why is Unfit.READ_ONLY
        connection = await in_asyncio(partial(connect_to_read, wanted, SESSION))
        connection.terminate()
