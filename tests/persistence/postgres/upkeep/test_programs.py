"""Databases are copied by Postgres's own programs: of one moment, as a whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import trio

from persistence.embedded.places import find_programs
from persistence.postgres.upkeep.programs import (
    CopyFailed,
    Programs,
    require_readable,
    without_password,
)
from persistence.postgres.upkeep.snapshot import (
    Snapshot,
    count_rows,
    open_snapshot,
    server_version,
)
from persistence.records import Draft
from tests.chaos.servers.cluster import DEBIAN, run_cluster
from tests.support.programs.hub_process import open_folder
from tests.support.stores.databases import Databases, execute, open_store
from tests.support.stores.records import make_users
from tests.support.wire.ports import unused_port

PROGRAMS = Programs(find_programs())


async def dumped(dsn: str, snapshot: Snapshot) -> list[bytes]:
    pieces: list[bytes] = []

    async def take(piece: bytes) -> None:
        pieces.append(piece)

    await PROGRAMS.dump(dsn, snapshot, take)
    return pieces


async def load(dsn: str, pieces: list[bytes] | Iterator[bytes]) -> None:
    await PROGRAMS.load(dsn, pieces, await server_version(dsn))


async def test_a_copy_has_what_the_snapshot_saw_and_nothing_later(databases: Databases) -> None:
    async with databases.migrated() as dsn, databases.empty() as other:
        async with open_store(dsn) as store, open_snapshot(dsn) as snapshot:
            ann, ben = await make_users(store, "ann", "ben")
            await store.messages.post([Draft(ann.id, ben.id, "later")])
            pieces = await dumped(dsn, snapshot)
        await load(other, pieces)
        assert await count_rows(other) == snapshot.rows
        assert snapshot.rows["messages"] == 0


async def test_copied_messages_are_unchanged_and_the_copy_takes_new_ones(
    databases: Databases,
) -> None:
    text = "\\. \\N \t' SET transaction_timeout = 0;\r ü 😀"
    async with databases.migrated() as dsn, databases.empty() as other:
        async with open_store(dsn) as store:
            ann, ben = await make_users(store, "ann", "ben")
            await store.messages.post([Draft(ann.id, ben.id, text)])
        async with open_snapshot(dsn) as snapshot:
            await load(other, await dumped(dsn, snapshot))
        assert await execute(other, "SELECT content FROM messages") == text
        async with open_store(other) as store:
            (outcome,) = await store.messages.post([Draft(ann.id, ben.id, "more")])
            assert getattr(outcome, "message").seq == 2  # noqa: B009


async def test_one_database_is_moved_to_another(databases: Databases) -> None:
    async with databases.migrated() as dsn, databases.empty() as other:
        async with open_snapshot(dsn) as snapshot:
            await PROGRAMS.transfer(dsn, snapshot, other, await server_version(other))
        assert await count_rows(other) == snapshot.rows


async def test_nothing_is_loaded_from_half_a_copy(databases: Databases) -> None:
    async with databases.migrated() as dsn, databases.empty() as other:
        async with open_snapshot(dsn) as snapshot:
            whole = b"".join(await dumped(dsn, snapshot))
        torn = pytest.RaisesExc(CopyFailed, match="pg_restore failed: ")
        with pytest.RaisesGroup(torn, flatten_subgroups=True):
            await load(other, [whole[: len(whole) // 2]])
        assert await count_rows(other) == {}


async def test_nothing_is_loaded_if_pg_restore_fails(databases: Databases, tmp_path: Path) -> None:
    """It fails between two statements."""
    script = """#!/bin/sh
        echo "SELECT pg_catalog.set_config('search_path', '', false);"
        echo "CREATE TABLE public.half (n int);"
        echo "pg_restore: error: killed" >&2
        exit 1
    """
    programs = {"pg_restore": script, "psql": f'#!/bin/sh\nexec {PROGRAMS.folder}/psql "$@"\n'}
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    async with databases.empty() as dsn:
        killed = pytest.RaisesExc(CopyFailed, match="pg_restore failed: pg_restore: error: killed")
        with pytest.RaisesGroup(killed, flatten_subgroups=True):
            await Programs(tmp_path).load(dsn, [], await server_version(dsn))
        assert await count_rows(dsn) == {}


async def test_nothing_is_loaded_if_reading_the_copy_fails(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, databases.empty() as other:
        async with open_snapshot(dsn) as snapshot:
            pieces = await dumped(dsn, snapshot)

        def torn() -> Iterator[bytes]:
            yield pieces[0]
            raise OSError("the disk is gone")

        with pytest.RaisesGroup(OSError, flatten_subgroups=True):
            await load(other, torn())
        assert await count_rows(other) == {}


async def test_a_refusal_of_the_database_is_an_error_of_one_line(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        async with open_snapshot(dsn) as snapshot:
            pieces = await dumped(dsn, snapshot)
        refused = pytest.RaisesExc(CopyFailed, match=r"^psql failed: .* already exists.*$")
        with pytest.RaisesGroup(refused, flatten_subgroups=True):
            await load(dsn, pieces)


async def test_the_error_has_the_reason_if_the_server_cannot_be_reached(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, open_snapshot(dsn) as snapshot:
        nowhere = f"postgresql://me@127.0.0.1:{unused_port()}/x"
        with pytest.raises(CopyFailed, match=r"pg_dump failed: .*refused"):
            await dumped(nowhere, snapshot)


async def test_a_cancelled_copy_leaves_no_running_program(databases: Databases) -> None:
    async with databases.migrated() as dsn, open_snapshot(dsn) as snapshot:
        with trio.CancelScope() as scope:

            async def take(_: bytes) -> None:
                scope.cancel()
                await trio.lowlevel.checkpoint()

            await PROGRAMS.dump(dsn, snapshot, take)
        assert scope.cancelled_caught
        others = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump'"
        while await execute(dsn, others):
            await trio.lowlevel.checkpoint()


async def test_a_copy_fits_an_older_server(databases: Databases) -> None:
    """The older server does not know all settings that the newer programs use."""
    if not DEBIAN.is_dir():
        pytest.skip("Debian's Postgres 15 is not installed")
    with open_folder() as folder, run_cluster(folder, unused_port()) as cluster:
        async with databases.migrated() as dsn:
            while True:
                try:
                    await execute(cluster.superuser, "CREATE DATABASE old")
                except (OSError, asyncpg.PostgresError):
                    await trio.lowlevel.checkpoint()  # it is starting
                else:
                    break
            old = cluster.superuser.replace("/postgres?", "/old?")
            async with open_snapshot(dsn) as snapshot:
                await load(old, await dumped(dsn, snapshot))
            assert await count_rows(old) == snapshot.rows
            async with open_snapshot(old) as snapshot:
                assert await dumped(old, snapshot)


def test_a_newer_server_is_refused_with_an_explanation() -> None:
    require_readable(180_006, 18)
    require_readable(140_000, 18)
    with pytest.raises(CopyFailed, match=r"Postgres 19, and the pg_dump of this Parlour is 18"):
        require_readable(190_001, 18)


@pytest.mark.parametrize(
    ("dsn", "url", "password"),
    [
        ("postgresql://me:pw@db/x?a=b", "postgresql://me@db/x?a=b", "pw"),
        ("postgresql://me:p%40%3Aw@db,db2:1/x", "postgresql://me@db,db2:1/x", "p@:w"),
        ("postgresql://me@/x?host=/a&password=p%20w", "postgresql://me@/x?host=/a", "p w"),
        ("postgresql://db/x", "postgresql://db/x", None),
        ("postgresql:///x", "postgresql:///x", None),
    ],
)
def test_no_password_is_on_a_command_line(dsn: str, url: str, password: str | None) -> None:
    expected = {} if password is None else {"PGPASSWORD": password}
    assert without_password(dsn) == (url, expected)


def test_the_version_of_the_programs_is_known(tmp_path: Path) -> None:
    assert PROGRAMS.major_version() >= 18
