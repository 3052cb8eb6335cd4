"""`python -m tests.chaos.database --hold 12 --json PATH`: faults of a Postgres that is not the
hub's own.

A real hub in a process of its own, a server over TCP, and a proxy in between for the faults of a
network. Users write meanwhile: some repeat messages that were not acknowledged, some never do. Each
fault lasts until its effect shows, and `--hold` seconds more. Afterwards all senders get
acknowledgements again, by the same hub; in the end every device has received what is stored.
"""

import argparse
import faulthandler
import json
import random
import signal
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import asyncpg
import trio
import trio_asyncio
from attrs import define, field

from persistence.postgres.database.bridge import open_asyncio
from tests.chaos.patience import PATIENCE_SECONDS, Hung, until
from tests.chaos.servers.cluster import PASSWORD, ROLE, Cluster, make_database, run_cluster
from tests.simulation.postgres.people import Device, Sender
from tests.support.programs.hub_process import HubProcess, run_hub
from tests.support.stores.databases import (
    execute,
    open_transaction,
    run_script,
    with_database,
)
from tests.support.wire.ports import unused_port
from tests.support.wire.proxy import (
    Packet,
    Session,
    WireProxy,
    open_proxy,
    pass_to_client,
    pass_to_server,
)

PAIRS: Final = 4
STAY_SECONDS: Final = 60.0
DELAY_SECONDS: Final = 0.15  # in each direction
END: Final = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'hub'"
END_ONE: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hub'
     ORDER BY random() LIMIT 1
"""
HELD_ROW: Final = "SELECT FROM channels WHERE id = (SELECT min(id) FROM channels) FOR UPDATE"
LOG: Final = """
    SELECT coalesce(json_agg(json_build_array(m.seq, m.content) ORDER BY m.seq), '[]')
      FROM messages m JOIN channels c ON c.id = m.channel_id
     WHERE c.user_lo = $1 AND c.user_hi = $2
"""


async def pass_late_to_server(session: Session, packet: Packet) -> None:
    """Delay each statement on its way to the server."""
    if packet.is_answered:
        await trio.sleep(DELAY_SECONDS)
    await pass_to_server(session, packet)


async def pass_late_to_client(session: Session, packet: Packet) -> None:
    """Delay each result on its way to the hub."""
    if packet.kind == "Z":
        await trio.sleep(DELAY_SECONDS)
    await pass_to_client(session, packet)


async def swallow(session: Session, packet: Packet) -> None:
    """Pass nothing on, and end nothing."""


@define
class Faults:
    """The faults; each is a context that undoes it.

    Args:
        cluster: the server.
        proxy: in front of it.
        hub: the one behind the proxy.
    """

    cluster: Cluster
    proxy: WireProxy
    hub: HubProcess

    @property
    def _inside(self) -> str:
        return with_database(self.cluster.superuser, "parlour")

    async def _server(self, *statements: str) -> None:
        for statement in statements:
            await execute(self.cluster.superuser, statement)

    @asynccontextmanager
    async def black_hole(self) -> AsyncIterator[None]:
        self.proxy.from_client = self.proxy.from_server = swallow
        yield
        self.proxy.from_client, self.proxy.from_server = pass_to_server, pass_to_client

    @asynccontextmanager
    async def delayed(self) -> AsyncIterator[None]:
        self.proxy.from_client, self.proxy.from_server = pass_late_to_server, pass_late_to_client
        yield
        self.proxy.from_client, self.proxy.from_server = pass_to_server, pass_to_client

    @asynccontextmanager
    async def hub_standstill(self) -> AsyncIterator[None]:
        self.hub.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.hub.process.send_signal(signal.SIGCONT)

    @asynccontextmanager
    async def standstill(self) -> AsyncIterator[None]:
        self.cluster.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.cluster.signal(signal.SIGCONT)

    @asynccontextmanager
    async def _changed(self, do: str, undo: str) -> AsyncIterator[None]:
        await self._server(do, END)
        yield
        await self._server(undo, END)

    def password(self) -> AbstractAsyncContextManager[None]:
        return self._changed(
            f"ALTER ROLE {ROLE} PASSWORD 'other'", f"ALTER ROLE {ROLE} PASSWORD '{PASSWORD}'"
        )

    def no_login(self) -> AbstractAsyncContextManager[None]:
        return self._changed(f"ALTER ROLE {ROLE} NOLOGIN", f"ALTER ROLE {ROLE} LOGIN")

    def no_connections(self) -> AbstractAsyncContextManager[None]:
        return self._changed(
            "ALTER DATABASE parlour ALLOW_CONNECTIONS false",
            "ALTER DATABASE parlour ALLOW_CONNECTIONS true",
        )

    @asynccontextmanager
    async def database_renamed(self) -> AsyncIterator[None]:
        await self._server("ALTER DATABASE parlour ALLOW_CONNECTIONS false", END)
        await self._server("ALTER DATABASE parlour RENAME TO elsewhere")
        yield
        await self._server(
            "ALTER DATABASE elsewhere RENAME TO parlour",
            "ALTER DATABASE parlour ALLOW_CONNECTIONS true",
        )

    @asynccontextmanager
    async def lock_timeout(self) -> AsyncIterator[None]:
        await self._server(f"ALTER ROLE {ROLE} SET lock_timeout = '100ms'", END)
        async with open_transaction(self._inside, "LOCK TABLE messages"):
            yield
        await self._server(f"ALTER ROLE {ROLE} RESET lock_timeout", END)

    @asynccontextmanager
    async def statement_timeout(self) -> AsyncIterator[None]:
        await self._server(f"ALTER ROLE {ROLE} SET statement_timeout = '1ms'", END)
        yield
        await self._server(f"ALTER ROLE {ROLE} RESET statement_timeout", END)

    @asynccontextmanager
    async def table_renamed(self) -> AsyncIterator[None]:
        await run_script(self._inside, "ALTER TABLE messages RENAME TO elsewhere")
        yield
        await run_script(self._inside, "ALTER TABLE elsewhere RENAME TO messages")

    @asynccontextmanager
    async def privilege_lost(self) -> AsyncIterator[None]:
        await run_script(self._inside, f"REVOKE ALL ON channels FROM {ROLE}; {OWNER_LOSES}")
        yield
        await run_script(self._inside, f"{OWNER_HAS}; GRANT ALL ON channels TO {ROLE}")

    async def _end_all(self) -> None:
        """End all connections of the hub. A task that asks for a connection gets one until it is
        refused, also those reserved for superusers.
        """
        while True:
            with suppress(asyncpg.TooManyConnectionsError):
                return await self._server(END)

    @asynccontextmanager
    async def no_more_connections(self) -> AsyncIterator[None]:
        taken: list[asyncpg.Connection] = []

        async def take() -> None:
            while True:
                try:
                    taken.append(
                        await asyncpg.connect(self.cluster.superuser, user="crowd", timeout=10)
                    )
                except asyncpg.TooManyConnectionsError:
                    return

        for _ in range(2):
            await self._end_all()
            await trio_asyncio.aio_as_trio(take)()
        yield
        for connection in taken:
            connection.terminate()

    @asynccontextmanager
    async def ended_one_by_one(self) -> AsyncIterator[None]:
        for _ in range(30):
            await self._server(END_ONE)
            await trio.sleep(0.02)
        yield

    @asynccontextmanager
    async def vacuum_full(self) -> AsyncIterator[None]:
        for table in ("messages", "channels", "users"):
            await execute(self._inside, f"VACUUM FULL {table}")
        yield

    @asynccontextmanager
    async def table_altered(self) -> AsyncIterator[None]:
        alter = "ALTER TABLE messages ADD COLUMN extra integer"
        async with open_transaction(self._inside, alter):
            yield

    @asynccontextmanager
    async def held_row(self) -> AsyncIterator[None]:
        async with open_transaction(self._inside, HELD_ROW, commit=True):
            yield


OWNER_LOSES: Final = "ALTER TABLE channels OWNER TO postgres"
OWNER_HAS: Final = f"ALTER TABLE channels OWNER TO {ROLE}"
WITHOUT_EFFECT: Final = {
    "delayed", "ended_one_by_one", "hub_standstill", "statement_timeout", "vacuum_full",
}  # fmt: skip
NAMES: Final = (
    "black_hole", "standstill", "password", "no_login", "no_connections", "database_renamed",
    "lock_timeout", "statement_timeout", "table_renamed", "privilege_lost", "no_more_connections",
    "ended_one_by_one", "vacuum_full", "table_altered", "held_row", "delayed", "hub_standstill",
)  # fmt: skip


@define
class Campaign:
    """One run.

    Args:
        folder: for everything.
        names: the faults, in their order.
        hold: seconds that each lasts after its effect has shown.
        sends: messages acknowledged between two faults.
    """

    folder: Path
    names: list[str]
    hold: float
    sends: int
    patience: float
    devices: list[tuple[tuple[int, int], list[Device]]] = field(factory=list, init=False)
    problems: list[str] = field(factory=list, init=False)
    unavailable: int = field(default=0, init=False)
    tracebacks: int = field(default=0, init=False)

    async def run(self) -> dict[str, Any]:
        """Run it; returns the report."""
        with run_cluster(self.folder / "cluster", unused_port()) as cluster:
            async with open_asyncio(), open_proxy(cluster.dsn) as proxy:
                await make_database(cluster)
                await execute(cluster.superuser, "CREATE ROLE crowd LOGIN")
                (self.folder / "data").mkdir()
                flags = ("--database-url", proxy.dsn, "--log-level", "error")
                start = run_hub(self.folder / "data", *flags)
                hub = await trio.to_thread.run_sync(start.__enter__)
                threading.Thread(target=self._read_log, args=(hub,), daemon=True).start()
                try:
                    return await self._play(hub, cluster, proxy)
                finally:
                    start.__exit__(None, None, None)

    def _read_log(self, hub: HubProcess) -> None:
        """Read the log, so that the pipe is never full."""
        assert hub.process.stderr is not None
        for line in hub.process.stderr:
            if line.startswith("Traceback"):
                self.tracebacks += 1

    async def _play(self, hub: HubProcess, cluster: Cluster, proxy: WireProxy) -> dict[str, Any]:
        faults = Faults(cluster, proxy, hub)
        async with trio.open_nursery() as nursery:
            await self._meet(hub)
            for _, devices in self.devices:
                for device in devices:
                    nursery.start_soon(device.live)
            for name in self.names:
                await self._until_all_acknowledged()
                print(f"{self._acknowledged()} acknowledged, {name}", file=sys.stderr, flush=True)
                async with AsyncExitStack() as stack:
                    before = self.unavailable
                    await stack.enter_async_context(getattr(faults, name)())
                    if name not in WITHOUT_EFFECT:
                        await self._until_refused(before + 1, name)
                    await trio.sleep(self.hold)
                if hub.process.poll() is not None:
                    raise Hung(f"the hub has ended at {name}")
            await self._until_all_acknowledged()
            for _, devices in self.devices:
                for device in devices:
                    device.is_calm = True
            await self._judge(cluster)
            nursery.cancel_scope.cancel()
        return {
            "faults": self.names,
            "acknowledged": self._acknowledged(),
            "refused_as_unavailable": self.unavailable,
            "tracebacks": self.tracebacks,
            "problems": self.problems,
        }

    async def _meet(self, hub: HubProcess) -> None:
        for number in range(PAIRS):
            one, ones = await hub.sign_up(f"one{number}")
            other, others = await hub.sign_up(f"other{number}")
            devices: list[Device] = []
            both = ((f"one{number}", ones, other), (f"other{number}", others, one))
            for name, cookie, peer in both:
                common = (cookie, peer, hub.connect, self._note)
                dice = random.Random(name)
                devices += [
                    Device(f"{name}/ear", *common),
                    Sender(name, *common, dice, STAY_SECONDS, repeats=number < 2),
                ]
            self.devices.append(((one, other), devices))

    def _note(self, who: str, what: str) -> None:
        self.unavailable += what.startswith("is told")

    def _senders(self) -> list[Sender]:
        return [each for _, devices in self.devices for each in devices if isinstance(each, Sender)]

    def _acknowledged(self) -> int:
        return sum(len(each.acknowledged) for each in self._senders())

    async def _until_refused(self, count: int, name: str) -> None:
        await until(lambda: self.unavailable >= count, lambda: f"{name} shows", self.patience)

    async def _until_all_acknowledged(self) -> None:
        goals = {each.name: len(each.acknowledged) + self.sends for each in self._senders()}
        await until(
            lambda: all(len(each.acknowledged) >= goals[each.name] for each in self._senders()),
            lambda: f"everybody is acknowledged: {goals}",
            self.patience,
        )

    async def _judge(self, cluster: Cluster) -> None:
        dsn = with_database(cluster.superuser, "parlour")
        for pair, devices in self.devices:
            with trio.move_on_after(self.patience):
                while {len(each.heard) for each in devices} != {len(await _log(dsn, pair))}:  # noqa: ASYNC110
                    await trio.sleep(0.1)
            log = await _log(dsn, pair)
            contents = [content for _, content in log]
            if [seq for seq, _ in log] != list(range(1, len(log) + 1)):
                self.problems.append(f"gaps in the log of {pair}")
            if len(set(contents)) < len(contents):
                self.problems.append(f"stored twice in the log of {pair}")
            for device in devices:
                self.problems += device.problems
                if device.heard != contents:
                    self.problems.append(
                        f"{device.name} heard {len(device.heard)} of {len(contents)}"
                    )
                if isinstance(device, Sender) and not device.acknowledged <= set(contents):
                    self.problems.append(f"{device.name}: acknowledged and lost")


async def _log(dsn: str, pair: tuple[int, int]) -> list[tuple[int, str]]:
    found: Any = await execute(dsn, LOG, *sorted(pair))
    log: list[tuple[int, str]] = json.loads(found)
    return log


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.database")
    parser.add_argument("--faults", default=",".join(NAMES), help="which, in this order")
    parser.add_argument("--hold", type=float, default=12.0, help="seconds that each lasts")
    parser.add_argument("--sends", type=int, default=10, help="of each person between two faults")
    parser.add_argument("--patience", type=float, default=PATIENCE_SECONDS)
    parser.add_argument("--time-limit", type=float, default=3_600.0)
    parser.add_argument("--json", type=Path, help="where to write what was found")
    options = parser.parse_args()
    faulthandler.dump_traceback_later(options.time_limit, exit=True)
    with tempfile.TemporaryDirectory(prefix="parlour-chaos-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "cluster").mkdir()
        campaign = Campaign(
            folder, options.faults.split(","), options.hold, options.sends, options.patience
        )
        report: dict[str, Any] = trio.run(campaign.run)
    faulthandler.cancel_dump_traceback_later()
    print(json.dumps(report))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 1 if report["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
