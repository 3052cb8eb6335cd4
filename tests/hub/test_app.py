"""Starting a server: it takes its port and database first, and changes nothing if it cannot."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

import persistence
from hub.app import Server, serve
from hub.settings.config import Config
from hub.settings.redaction import Secret
from hub.sockets.addresses import listening
from persistence import open_database, open_hub_store
from persistence.embedded.cluster import SUPERUSER
from persistence.postgres.database.hold import APPLICATION, AlreadyServed, open_hold
from persistence.postgres.database.migrate import SchemaInUse
from persistence.postgres.servers.role import ROLE
from tests.support.programs.hub_process import open_folder, parlour, run_hub
from tests.support.stores.databases import Databases, execute, open_transaction, run_script
from tests.support.stores.embedded import ask
from tests.support.world import open_world

SOCKET_FOLDER = 4  # its line in postmaster.pid
USERS = (
    "SELECT array_agg(DISTINCT usename::text) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
HOLDER = (
    "SELECT usename::text FROM pg_stat_activity"
    f" WHERE application_name ~ '^{APPLICATION} [0-9]+ on '"
)
LATE_COMMITS = """
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0
        AS 'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON messages DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait();
"""
HOLD_COMMITS = "SELECT pg_advisory_xact_lock(7)"
WAITS = """
    SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'advisory'
                      AND datname = current_database() AND starts_with(query, $1))
"""
STORES, BEGINS = "SELECT * FROM post_messages", "SELECT former, serving FROM begin_serving"


async def never(_: Server) -> None:
    pytest.fail("the port was taken")


async def test_a_hub_that_cannot_bind_its_port_does_not_touch_the_database(
    databases: Databases, tmp_path: Path
) -> None:
    with listening("127.0.0.1", 0) as (taken,):
        port = taken.getsockname()[1]
        async with databases.empty() as dsn:
            config = Config(port=port, database_url=Secret(dsn), data_dir=tmp_path / "data")
            with pytest.raises(OSError, match="in use") as failed:
                await serve(config, never)
            tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            assert await execute(dsn, tables) == 0
        with pytest.raises(OSError, match="in use"):
            await serve(Config(port=port, data_dir=tmp_path / "data"), never)
        assert str(port) in str(failed.value)
        assert not (tmp_path / "data").exists()


async def test_a_second_hub_on_a_database_is_refused_in_one_line(
    databases: Databases, tmp_path: Path
) -> None:
    async with databases.migrated() as dsn:
        with run_hub(tmp_path / "one", "--database-url", dsn) as hub:
            flags = ("--port", "0", "--takeover-wait", "0.5", "--database-url", dsn)
            second = await trio.to_thread.run_sync(partial(parlour, "serve", *flags))
            assert second.returncode == 1
            assert re.fullmatch(
                rf"Error: Another hub \(pid {hub.process.pid} on \S+, since [^)]+\) serves this"
                r" database\n",
                second.stderr.splitlines(keepends=True)[-1],
            )
            assert (await hub.call("GET", "/readyz")).status == 200
            listed = ("user", "list", "--database-url", dsn)  # no hub
            beside = await trio.to_thread.run_sync(partial(parlour, *listed))
            assert beside.returncode == 0, beside.stderr
        with run_hub(tmp_path / "two", "--database-url", dsn) as hub:
            assert (await hub.call("GET", "/readyz")).status == 200


async def test_a_message_that_a_killed_hub_was_storing_is_sent_in_a_resume_at_the_next_hub(
    databases: Databases, tmp_path: Path
) -> None:
    """The next hub admits no client before the message is committed: a client that resumed earlier
    would not get it before the next message.
    """
    async with databases.migrated() as dsn, AsyncExitStack() as held:
        await run_script(dsn, LATE_COMMITS)
        await held.enter_async_context(open_transaction(dsn, HOLD_COMMITS))
        with run_hub(tmp_path / "one", "--database-url", dsn) as hub:
            (ann, anns), (ben, bens) = await hub.sign_up("ann"), await hub.sign_up("ben")
            async with trio.open_nursery() as sending:
                sent = ("POST", f"/api/messages/{ben}", {"content": "hi"}, anns)
                sending.start_soon(hub.call, *sent)
                while not await execute(dsn, WAITS, STORES):
                    await trio.lowlevel.checkpoint()
                hub.process.kill()
                sending.cancel_scope.cancel()
        told: list[str] = []

        async def come_to_the_next() -> None:
            async with (
                open_hub_store(dsn, tmp_path, pool_size=2, lanes=1, wait_seconds=10) as (store, _),
                open_world(store) as world,
            ):
                socket = await world.websocket("/ws?resume", Cookie=bens)
                await socket.receive_type("system")
                await socket.send({"type": "resume", "after": {str(ann): 0}})
                while (frame := await socket.receive())["type"] == "private_message":
                    told.append(frame["message"]["content"])
                await socket.close_in_silence()
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(come_to_the_next)
            while not await execute(dsn, WAITS, BEGINS):
                await trio.lowlevel.checkpoint()
            await held.aclose()
        assert told == ["hi"]


async def test_the_schema_is_not_touched_while_another_hub_serves(
    databases: Databases, tmp_path: Path
) -> None:
    async with databases.empty() as dsn, open_hold(dsn, 0):
        config = Config(
            port=0, database_url=Secret(dsn), data_dir=tmp_path / "data", takeover_wait=0.0
        )
        with pytest.raises(BaseExceptionGroup) as refused:
            await serve(config, never)
        assert refused.group_contains(AlreadyServed)
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert await execute(dsn, tables) == 0


FORGET = "DELETE FROM schema_migrations WHERE name = 'routines/epoch.sql'"  # as if not applied yet
APPLIED = "SELECT count(*) FROM schema_migrations WHERE name = 'routines/epoch.sql'"


@asynccontextmanager
async def node(dsn: str, folder: Path, wait_seconds: float = 0.0) -> AsyncIterator[None]:
    async with open_hub_store(
        dsn, folder, pool_size=2, lanes=1, wait_seconds=wait_seconds, bus_url="postgres"
    ):
        yield


async def test_a_node_does_not_change_the_schema_while_other_nodes_serve(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a command. Nodes and commands of the same version may start and end."""
    monkeypatch.setattr(persistence, "COMMAND_WAIT_SECONDS", 0.0)
    async with databases.migrated() as dsn:
        async with node(dsn, tmp_path):
            async with node(dsn, tmp_path), open_database(dsn, tmp_path):
                pass
            await execute(dsn, FORGET)
            said = r"Another hub \(pid .*\) serves .*\(routines/epoch\.sql\): end all hubs"
            for opened in (node(dsn, tmp_path), open_database(dsn, tmp_path)):
                with pytest.RaisesGroup(
                    pytest.RaisesExc(SchemaInUse, match=said), flatten_subgroups=True
                ):
                    async with opened:
                        pass
            assert await execute(dsn, APPLIED) == 0
        async with node(dsn, tmp_path):
            assert await execute(dsn, APPLIED) == 1


async def test_nodes_that_start_together_change_the_schema_once(
    databases: Databases, tmp_path: Path
) -> None:
    serving = []
    async with databases.migrated() as dsn:
        await execute(dsn, FORGET)

        async def serve_one() -> None:
            async with node(dsn, tmp_path, 60.0):
                serving.append(1)
                while len(serving) < 3:
                    await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(serve_one)
        assert await execute(dsn, APPLIED) == 1


async def test_a_hub_works_in_its_own_postgres_as_a_role_without_rights() -> None:
    """Every session but that of the test's own query, which is a superuser's."""
    with open_folder() as folder:
        data_dir = folder / "data"

        async def look(server: Server) -> None:
            lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
            dsn = f"postgresql://{SUPERUSER}@/postgres?host={lines[SOCKET_FOLDER]}"
            assert await ask(dsn, HOLDER) == ROLE
            while await ask(dsn, USERS) != [ROLE]:
                pass  # the session of the migration, which is closed, takes a moment to end
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            await serve(Config(port=0, data_dir=data_dir), look)
        assert nursery.cancel_scope.cancelled_caught
