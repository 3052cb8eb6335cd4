"""`python -m tests.bench.nodes`: the gain of several nodes, and the cost of being one.

Each hub has the same share of a core, so that several fit on a small machine; Postgres and the load
have the rest of it. Connections go to any worker, so the two users of a pair are at different ones
as often as chance has it. Rounds are interleaved; the ratios of medians count.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

import trio
from attrs import frozen

from tests.bench.exchange import BenchError
from tests.bench.hubs import SECRET, People, Server, prepare
from tests.bench.load import Load, Peer, build
from tests.bench.nodes.quota import quota
from tests.bench.scenarios import Run, fan_out, idle, pairs
from tests.support.buses.redis_process import redis_process
from tests.support.clients.websocket import WebSocket
from tests.support.programs.command import end_as_by_hand
from tests.support.programs.hub_process import HubProcess, run_hub
from tests.support.programs.processes import cpu_seconds, workers_of
from tests.support.stores.databases import database_server

SOURCES: Final = Path(__file__).parents[4] / "shared" / "bench"
TALKING: Final = 200
OPENED: Final = 2_000
MEMBERS: Final = 1_000
LONE: Final = 400  # messages
PEOPLE: Final = 200
FLAGS: Final = (
    "--session-secrets", SECRET, "--jwt-secret", SECRET, "--user-messages-per-second", "100000",
    "--user-frames-per-second", "1000000", "--address-requests-per-second", "1000000",
    "--chat-messages", "1000000", "--login-attempts-per-address", "10000", "--log-level", "error",
)  # fmt: skip

Rounds: TypeAlias = Mapping[str, Sequence[float]]


@frozen
class Layout:
    """Hubs of one database. `workers`: how many; 0: one process, which without `bus` is no node."""

    name: str
    workers: int
    has_bus: bool

    @property
    def count(self) -> int:
        return self.workers or 1

    def flags(self, bus: str) -> Sequence[str]:
        given = ("--bus", bus) if self.has_bus else ()
        return (*given, "--workers", str(self.workers)) if self.workers else given


ALONE: Final = Layout("one process", 0, has_bus=False)
NODE: Final = Layout("one process with a bus", 0, has_bus=True)
TWO: Final = Layout("2 workers", 2, has_bus=True)
FOUR: Final = Layout("4 workers", 4, has_bus=True)


@frozen
class Row:
    """A load, and the layouts that it is measured on; the others are compared with the first."""

    what: str
    unit: str
    run: Run
    layouts: Sequence[Layout]


ROWS: Final = (
    Row("100 pairs, 8 in flight", "messages/s", pairs(TALKING, 8), (ALONE, NODE, TWO, FOUR)),
    Row("connections opened", "connections/s", idle(OPENED), (ALONE, TWO)),
    Row(f"channel of {MEMBERS:,}", "deliveries/s", fan_out(MEMBERS), (ALONE, TWO)),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.nodes")
    parser.add_argument("--bus", choices=("postgres", "redis"), default="postgres")
    parser.add_argument("--share", type=float, default=0.2, help="of a core, for each hub")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each run")
    parser.add_argument("--load", type=Path, default=SOURCES / "wsload.c", help="its source")
    parser.add_argument("--json", type=Path, help="where to write every figure")
    options = parser.parse_args()
    end_as_by_hand()
    with tempfile.TemporaryDirectory(prefix="parlour-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        bus = "postgres"
        if options.bus == "redis":
            redis = stack.enter_context(redis_process())
            redis.start()
            bus = redis.url
        try:
            load = build(options.load, folder)
            found = shares(load, folder, bus, options.share, options.rounds, options.seconds)
            print(table(found))
            apart = trio.run(between, load, folder, bus, options.seconds)
        except BenchError as error:
            print(error, file=sys.stderr)
            return 1
        for what, value in apart.items():
            print(f"{what}: {value:.2f}")
    if options.json is not None:
        options.json.write_text(json.dumps({"shares": found, "between": apart}, indent=2) + "\n")
    return 0


def shares(
    load: Load, folder: Path, bus: str, share: float, rounds: int, seconds: float
) -> Mapping[str, Rounds]:
    """The rate of each row, by layout, in each round."""
    people = prepare(folder / "data", OPENED, [MEMBERS])
    found: dict[str, dict[str, list[float]]] = {}
    for row in ROWS:
        rates: dict[str, list[float]] = defaultdict(list)
        for _ in range(rounds):
            for layout in row.layouts:
                with limited(folder / "data", layout, bus, share) as server:
                    rates[layout.name].append(row.run(load, server, people, seconds).rate)
        found[row.what] = rates
        print(f"{row.what}: done", file=sys.stderr, flush=True)
    return found


@contextmanager
def limited(data_dir: Path, layout: Layout, bus: str, share: float) -> Iterator[Server]:
    """A layout in which each hub has that share of a core."""
    with ExitStack() as stack:
        quotas = [
            stack.enter_context(quota(f"parlour-bench-{number}", share))
            for number in range(layout.count)
        ]
        hub = stack.enter_context(run_hub(data_dir, *FLAGS, *layout.flags(bus)))
        pids = list(workers_of(hub.process.pid).values()) or [hub.process.pid]
        for each, pid in zip(quotas, pids, strict=True):
            each.add([pid])
        yield Server(hub.port, hub.process.pid)


def table(found: Mapping[str, Rounds]) -> str:
    """Medians, as Markdown; the ratio is that to the first layout."""
    lines = ["| load | hubs | rate | ratio |", "|---|---|---|---|"]
    for row in ROWS:
        rates = found[row.what]
        base = statistics.median(rates[row.layouts[0].name])
        for layout in row.layouts:
            rate = statistics.median(rates[layout.name])
            lines.append(
                f"| {row.what} | {layout.name} | {rate:,.0f} {row.unit} | {rate / base:.2f} |"
            )
    return "\n".join(lines)


async def between(load: Load, folder: Path, bus: str, seconds: float) -> Mapping[str, float]:
    """Two nodes without shares: the time of a lone message, and the processor time that a message
    costs a node at which it has no recipient.
    """
    with database_server(folder / "server") as databases:
        async with databases.migrated() as dsn:
            with ExitStack() as stack:
                north, south = [
                    stack.enter_context(
                        run_hub(
                            folder / name, *FLAGS, "--database-url", dsn, "--bus", bus,
                            "--node-name", name,
                        )
                    )
                    for name in ("north", "south")
                ]  # fmt: skip
                return {
                    **await lone(north, south),
                    "µs of processor time for a message that nobody here wants": await unwanted(
                        load, north, south, seconds
                    ),
                }


async def lone(north: HubProcess, south: HubProcess) -> Mapping[str, float]:
    """Send one message at a time between two users at the same node, and at two."""
    (_, anns), (ben, bens) = await north.sign_up("ann"), await north.sign_up("ben")
    times: dict[str, list[float]] = {"at one node": [], "across nodes": []}
    async with (
        north.open(anns) as writer,
        north.open(bens) as near,
        south.open(bens) as far,
    ):
        for socket in (writer, near, far):
            socket.ignoring("user_online_status")
        frame = {"type": "private_message", "recipient_id": ben, "content": "hi"}
        for _ in range(LONE):
            began = time.perf_counter()
            await writer.send(frame)
            async with trio.open_nursery() as nursery:
                for where, socket in zip(times, (near, far), strict=True):
                    nursery.start_soon(_arrival, socket, began, times[where])
            await writer.receive_type("private_message")
    return {
        f"ms of a lone message {where}, {name}": statistics.quantiles(found, n=100)[at] * 1_000
        for where, found in times.items()
        for name, at in (("p50", 49), ("p99", 98))
    }


async def _arrival(socket: WebSocket, began: float, times: list[float]) -> None:
    await socket.receive_type("private_message")
    times.append(time.perf_counter() - began)


async def unwanted(load: Load, north: HubProcess, south: HubProcess, seconds: float) -> float:
    """The processor time of a node without connections, while users write at another one."""
    accounts = [await north.sign_up(f"user{number}") for number in range(PEOPLE)]
    peers = [Peer(user_id, f"Cookie: {cookie}") for user_id, cookie in accounts]
    server, pid = Server(north.port, north.process.pid), south.process.pid
    before = cpu_seconds(pid)
    await trio.sleep(seconds)
    quiet = cpu_seconds(pid) - before
    people = People(peers, (), (), {}, ())
    before, began = cpu_seconds(pid), time.perf_counter()
    measured = await trio.to_thread.run_sync(pairs(PEOPLE, 8), load, server, people, seconds)
    took = time.perf_counter() - began
    used = cpu_seconds(pid) - before - quiet * took / seconds
    return used / (measured.rate * seconds) * 1e6


if __name__ == "__main__":
    sys.exit(main())
