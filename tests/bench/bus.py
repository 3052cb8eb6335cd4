"""`python -m tests.bench.bus`: how much processor time a bulletin costs, on both engines.

The figures are the processor times of processes, so a busy machine changes them little. A bulletin
has some messages of 300 bytes; one node publishes as fast as it can, two others read.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from statistics import median
from typing import Final

import trio

from persistence.bus import Bus
from persistence.bus.opening import open_bus
from persistence.postgres.database.bridge import open_asyncio
from tests.support.buses.redis_process import redis_process
from tests.support.programs.processes import working_in
from tests.support.stores.databases import database_server, quick_folder

MESSAGE: Final = b'{"content":"%s"},' % (b"x" * 286)
LAST: Final = b"last"
READERS: Final = 2
PER_BULLETIN: Final = (1, 20, 100)
TICKS: Final = os.sysconf("SC_CLK_TCK")
URLS: Final = ("postgres", "redis")


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bus")
    parser.add_argument("--bulletins", type=int, default=3_000, help="of each kind")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| engine | messages a bulletin | publisher | each reader | server | a message, in all |")
    print("|---|---|---|---|---|---|")
    with servers() as running:
        for url, dsn, pids in running:
            for messages in PER_BULLETIN:
                rounds = [
                    measure(url, dsn, pids, messages, options.bulletins)
                    for _ in range(options.rounds)
                ]
                row = [median(each) for each in zip(*rounds, strict=True)]
                in_all = (row[0] + READERS * row[1] + row[2]) / messages
                cells = " | ".join(f"{each:,.0f}" for each in row)
                print(
                    f"| {url.partition(':')[0]} | {messages} | {cells} | {in_all:,.1f} |",
                    flush=True,
                )
    return 0


@contextmanager
def servers() -> Iterator[Sequence[tuple[str, str, Callable[[], list[int]]]]]:
    """URL, DSN, and the processes of each server."""
    with quick_folder() as folder, database_server(folder) as databases, redis_process() as redis:
        redis.start()
        yield [
            (URLS[0], databases.dsn, partial(working_in, folder)),
            (redis.url, "", partial(working_in, redis.folder)),
        ]


def measure(
    url: str, dsn: str, pids: Callable[[], list[int]], messages: int, bulletins: int
) -> tuple[float, float, float]:
    """Microseconds for one bulletin: of the publisher, a reader, the server."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for node in (read,) * READERS + (publish,):
        ours, theirs = context.Pipe()
        arguments = (node, url, dsn, theirs, messages, bulletins)
        processes.append(context.Process(target=run_node, args=arguments))
        pipes.append(ours)
        processes[-1].start()
    for pipe in pipes:
        pipe.recv()  # it has begun
    before = server_seconds(pids())
    for pipe in pipes:
        pipe.send(None)
    *readers, publisher = [pipe.recv() for pipe in pipes]
    server = server_seconds(pids()) - before
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(None)
        process.join()
    seconds = (publisher, sum(readers) / READERS, server)
    return tuple(1e6 * each / bulletins for each in seconds)  # type: ignore[return-value]


def server_seconds(pids: Sequence[int]) -> float:
    """The processor time of these processes."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123  a file of the kernel
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def run_node(node: Callable[..., object], url: str, dsn: str, *rest: object) -> None:
    """The work of one process: begin, run, report, wait."""

    async def run() -> None:
        async with open_asyncio(), open_bus(url, "bench", dsn) as bus:
            await node(bus, *rest)  # type: ignore[misc]

    trio.run(run)


async def publish(bus: Bus, pipe: Connection, messages: int, bulletins: int) -> None:
    """Publish all bulletins."""
    data = MESSAGE * messages
    await bus.publish(b"first")
    begin(pipe)
    began = time.process_time()
    for _ in range(bulletins):
        await bus.publish(data)
    spent = time.process_time() - began
    await bus.publish(LAST)
    pipe.send(spent)
    await trio.to_thread.run_sync(pipe.recv)


async def read(bus: Bus, pipe: Connection, messages: int, bulletins: int) -> None:
    """Read all bulletins."""
    async with bus.bulletins() as heard:
        begin(pipe)
        began, found = time.process_time(), 0
        async for data in heard:
            if data == LAST:
                break
            found += data is not None and len(data) == messages * len(MESSAGE)
        pipe.send(time.process_time() - began)
        assert found == bulletins, f"{found} of {bulletins} have come"
        await trio.to_thread.run_sync(pipe.recv)


def begin(pipe: Connection) -> None:
    pipe.send(None)
    pipe.recv()


if __name__ == "__main__":
    sys.exit(main())
