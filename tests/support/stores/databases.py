"""A fresh, migrated database for each test that wants one, on one server per test run."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import trio
import trio_asyncio
from attrs import define, evolve, field

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.database.bridge import open_asyncio
from persistence.postgres.database.migrate import load_schema, migrate
from tests.support.quiet import counting, heard
from tests.support.stores.places import quick_place

SERVER = "PARLOUR_TEST_DATABASE_URL"
CONNECT_SECONDS = 60.0  # for a busy machine
ALLOW = "ALTER DATABASE {} ALLOW_CONNECTIONS {}"
CUT = """
    SELECT bool_and(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
     WHERE query ILIKE '%listen%' AND datname = current_database() AND pid <> pg_backend_pid()
"""
EMPTY = """
    DO $$ DECLARE sequence text; BEGIN
        DELETE FROM workspaces;
        DELETE FROM channels;
        DELETE FROM users WHERE role <> 'assistant';
        DELETE FROM loose_uploads;
        DELETE FROM secrets;
        DELETE FROM changes;
        DELETE FROM audit;
        DELETE FROM nodes;
        DELETE FROM attempts;
        DELETE FROM search_progress;
        FOR sequence IN SELECT quote_ident(sequencename) FROM pg_sequences
                         WHERE schemaname = 'public' LOOP
            PERFORM setval(sequence, 1, false);
        END LOOP;
    END $$
"""
CHANNEL = "SELECT id FROM channels WHERE kind = 'dm'"
GO_BACK = """
    WITH gone AS (DELETE FROM messages WHERE channel_id = $1 AND seq > $2)
    UPDATE channels SET last_seq = $2 WHERE id = $1
"""
RESTORE = """
    DELETE FROM messages WHERE seq > {seq};
    UPDATE receipts SET read_seq = least(read_seq, {seq}),
           delivered_seq = least(delivered_seq, {seq});
    UPDATE channels SET last_seq = least(last_seq, {seq}), last_id = coalesce(
        (SELECT max(m.id) FROM messages m WHERE m.channel_id = channels.id), 0);
    SELECT new_epoch();
"""
WAITING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
PARTS = 3
# The log, and the tables that belong to it.
DIVIDED = """
    SELECT array_agg(c.relname::text ORDER BY c.relname) FROM pg_class c
     WHERE c.relnamespace = current_schema()::regnamespace
       AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attname IN ('message_id', 'root_id'))
"""
# Plain Postgres demands the same of divided tables as Citus: each unique key has the column by
# which a table is divided. `LIKE` copies columns, checks and indexes, but neither foreign keys nor
# sequences.
DIVIDE = f"""
    DO $$
    DECLARE
        names text[] := ({DIVIDED});
        keys CONSTANT text[] := ARRAY(
            SELECT format('ALTER TABLE %s ADD %s', r.conrelid::regclass,
                          pg_get_constraintdef(r.oid))
              FROM pg_constraint r
             WHERE r.contype = 'f' AND r.conrelid = ANY (names::regclass[]));
        sequences CONSTANT text[] := ARRAY(
            SELECT d.objid::regclass::text FROM pg_depend d
             WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'a'
               AND d.refobjid = ANY (names::regclass[])
               AND d.objid IN (SELECT seqrelid FROM pg_sequence));
        each text;
    BEGIN
        FOREACH each IN ARRAY sequences LOOP
            EXECUTE format('ALTER SEQUENCE %s OWNED BY NONE', each);
        END LOOP;
        FOREACH each IN ARRAY names LOOP
            EXECUTE format('CREATE TABLE divided (LIKE %s INCLUDING ALL)
                            PARTITION BY HASH (channel_id)', each);
            EXECUTE format('DROP TABLE %s CASCADE', each);
            EXECUTE format('ALTER TABLE divided RENAME TO %s', each);
            FOR number IN 0..{PARTS - 1} LOOP
                EXECUTE format('CREATE TABLE %s_%s PARTITION OF %1$s FOR VALUES
                                WITH (MODULUS {PARTS}, REMAINDER %2$s)', each, number);
            END LOOP;
        END LOOP;
        FOREACH each IN ARRAY keys LOOP
            EXECUTE each;
        END LOOP;
        FOREACH each IN ARRAY sequences LOOP
            EXECUTE format('ALTER SEQUENCE %s OWNED BY %s.id', each, replace(each, '_id_seq', ''));
        END LOOP;
    END $$
"""


def with_database(dsn: str, name: str) -> str:
    """`dsn` with another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


def with_setting(dsn: str, name: str, value: str) -> str:
    """`dsn` with a server setting for its connections."""
    return f"{dsn}{'&' if '?' in dsn else '?'}{name}={value}"


@define
class Databases:
    """Makes and drops databases on a server.

    Args:
        dsn: the server.
        make_schema: makes the schema in an empty database.
        template: the name of the databases that others are copied from.
    """

    dsn: str
    make_schema: Callable[[str], Awaitable[object]] = migrate
    template: str = "parlour_template"
    _numbers: Iterator[int] = field(factory=count, init=False)
    _has_template: bool = field(default=False, init=False)
    _making: trio.Lock = field(factory=trio.Lock, init=False)
    _emptied: list[str] = field(factory=list, init=False)

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[str]:
        """The DSN of a database without any tables."""
        async with open_asyncio():
            name = self._new_name()
            await self._run(f"CREATE DATABASE {name} TEMPLATE template0")
            try:
                yield with_database(self.dsn, name)
            finally:
                with trio.move_on_after(10, shield=True):
                    await self._run(f"DROP DATABASE {name} WITH (FORCE)")

    @asynccontextmanager
    async def migrated(self) -> AsyncIterator[str]:
        """The DSN of a new, migrated database. An asyncio loop is running."""
        async with open_asyncio():
            dsn = await self._make()
            try:
                yield dsn
            finally:
                with trio.move_on_after(10, shield=True):
                    name = urlsplit(dsn).path.removeprefix("/")
                    await self._run(f"DROP DATABASE {name} WITH (FORCE)")

    async def _make(self) -> str:
        template = f"{self.template}_{os.getpid()}"
        async with self._making:
            if not self._has_template:
                await self._run(f"DROP DATABASE IF EXISTS {template}")
                await self._run(f"CREATE DATABASE {template} TEMPLATE template0")
                await self.make_schema(with_database(self.dsn, template))
                self._has_template = True
        name = self._new_name()
        await self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return with_database(self.dsn, name)

    @asynccontextmanager
    async def store(self, *, lanes: int = 2) -> AsyncIterator[Store]:
        """A store over an empty, migrated database."""
        async with self.reused() as dsn, open_store(dsn, pool_size=8, lanes=lanes) as store:
            yield store

    @asynccontextmanager
    async def reused(self) -> AsyncIterator[str]:
        """The DSN of an empty, migrated database: where possible one that was used and emptied,
        which takes a tenth of the time of a new one. An asyncio loop is running.
        """
        async with open_asyncio():
            dsn = self._emptied.pop() if self._emptied else await self._make()
            yield dsn
            await execute(dsn, EMPTY)
            self._emptied.append(dsn)  # not after a failure, which may leave anything behind

    def _new_name(self) -> str:
        return f"{self.template}_{os.getpid()}_{next(self._numbers)}"

    async def drop_all(self) -> None:
        """Drop all databases of this process, as the server may not be ours."""
        async with open_asyncio():
            names = [urlsplit(dsn).path.removeprefix("/") for dsn in self._emptied]
            for name in (*names, f"{self.template}_{os.getpid()}"):
                await self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def _run(self, sql: str) -> None:
        await execute(self.dsn, sql)


async def migrate_divided(dsn: str) -> None:
    """Make the schema in an empty database, with the tables of the log divided."""
    schema = load_schema()
    await migrate(dsn, evolve(schema, routines=[]))
    await run_script(dsn, DIVIDE)
    await migrate(dsn)


@asynccontextmanager
async def open_store(dsn: str, *, pool_size: int = 4, lanes: int = 1) -> AsyncIterator[Store]:
    """A store over a migrated database."""
    watch = counting()
    async with open_postgres_store(dsn, pool_size=pool_size, lanes=lanes, watch=watch) as store:
        yield heard(store)


async def execute(dsn: str, sql: str, *args: object) -> object:
    """Run one statement on a connection of its own; returns the first value it yields."""

    async def run() -> object:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
        try:
            return await connection.fetchval(sql, *args)
        finally:
            await connection.close()

    return await trio_asyncio.aio_as_trio(run)()


async def run_script(dsn: str, sql: str) -> None:
    """Run the statements of a script on a connection of its own, all or none."""

    async def run() -> None:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    await trio_asyncio.aio_as_trio(run)()


async def go_back(dsn: str, seq: int) -> None:
    """Set the only conversation back to its first messages; no notice is sent."""
    await execute(dsn, GO_BACK, await execute(dsn, CHANNEL), seq)


async def restore(dsn: str, seq: int) -> None:
    """Set every channel back to its first messages at most, in another log."""
    await run_script(dsn, RESTORE.format(seq=seq))


@asynccontextmanager
async def open_transaction(dsn: str, *statements: str, commit: bool = False) -> AsyncIterator[int]:
    """A session that has run the statements and goes on in their transaction, which is committed at
    the end if `commit` is set; yields its pid.
    """
    opened: list[asyncpg.Connection] = []

    async def begin() -> int:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
        opened.append(connection)
        for statement in ("BEGIN", *statements):
            await connection.execute(statement)
        pid: int = connection.get_server_pid()
        return pid

    try:
        yield await trio_asyncio.aio_as_trio(begin)()
        if commit:
            await trio_asyncio.aio_as_trio(opened[0].execute)("COMMIT")
    finally:
        for connection in opened:
            connection.terminate()


async def until_one_waits(dsn: str, ended: Sequence[object], *, waiting: int = 1) -> None:
    """Wait until so many statements wait for a lock, or one has ended."""
    while not ended and await execute(dsn, WAITING) != waiting:
        pass


async def while_nobody_listens(dsn: str, *statements: str) -> None:
    """Cut the connections that listen, run the statements on one that was open, and only then allow
    new connections.
    """
    name = urlsplit(dsn).path.removeprefix("/")
    server = with_database(dsn, "postgres")

    async def run() -> None:
        session = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
        try:
            await session.fetchval("SELECT 1")
            await trio_asyncio.trio_as_aio(execute)(server, ALLOW.format(name, "false"))
            await session.fetch(CUT)
            for statement in statements:
                await session.execute(statement)
        finally:
            await trio_asyncio.trio_as_aio(execute)(server, ALLOW.format(name, "true"))
            await session.close()

    await trio_asyncio.aio_as_trio(run)()


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder for a server's data."""
    with TemporaryDirectory(prefix="parlour-", dir=quick_place()) as folder:
        yield Path(folder)


@contextmanager
def database_server(data_dir: Path) -> Iterator[Databases]:
    """The server of PARLOUR_TEST_DATABASE_URL, or else an embedded one."""
    external = os.environ.get(SERVER)
    if external is not None:
        databases = Databases(external)
        yield databases
        trio.run(databases.drop_all)
        return
    command = [sys.executable, "-m", "tests.support.stores.postgres_server", str(data_dir)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            dsn = server.stdout.readline().strip()
            assert dsn, "the embedded Postgres did not start"
            yield Databases(dsn)
        finally:
            server.stdin.close()
            server.wait(30)
