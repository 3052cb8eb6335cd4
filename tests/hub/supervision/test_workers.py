"""Which processes a parent starts and ends, and when. The workers are a program that does what a
file says and reports its state to its parent.
"""

import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import Final

import pytest
import trio
from attrs import define
from trio.testing import MockClock, wait_all_tasks_blocked

from hub.sockets.addresses import open_slots
from hub.supervision.backoff import LONGEST_SECONDS
from hub.supervision.supervisor import Supervisor, extension
from hub.supervision.workers import (
    HUNG_SECONDS,
    PARENT_SECONDS,
    Places,
    WorkerEnded,
    Workers,
)

PATIENCE: Final = 30.0
NOBODY: Final = Supervisor()
PROGRAM: Final = """
import os, signal, socket, sys, time
folder, name = sys.argv[1], sys.argv[-1]

def note(text):
    with open(f"{folder}/log", "a") as log:
        log.write(f"{name} {text}\\n")

def end(number, _):
    note(signal.Signals(number).name)
    os._exit(0)

for number in (signal.SIGTERM, signal.SIGUSR2):
    signal.signal(number, end)
for number in (signal.SIGHUP, signal.SIGUSR1):
    signal.signal(number, lambda number, _: note(signal.Signals(number).name))
note("began")
order = open(f"{folder}/{name}").read() if os.path.exists(f"{folder}/{name}") else "work"
if order.startswith("end"):
    os._exit(int(order.split()[1]))
if order == "late":
    time.sleep(1)  # others would begin meanwhile
if order in ("work", "late"):
    note("ready")
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
while sys.stdin.read(1):
    pass
note("alone")
"""


@define
class Bench:
    """Two workers of one parent, and what is known of them."""

    folder: Path
    workers: Workers
    signals: trio.MemorySendChannel[int]

    def order(self, name: str, what: str) -> None:
        """What a worker of this name is to do: `end CODE`, `hang`, or be ready `late`."""
        (self.folder / name).write_text(what)

    def log(self) -> list[str]:
        """What workers have done, in this order."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def pid_of(self, name: str) -> int:
        (found,) = [each.process.pid for each in self.workers.living if each.name == name]
        return found

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so, and the tasks that follow from it have begun."""
        await wait_all_tasks_blocked()
        while not is_so():
            await wait_all_tasks_blocked()

    async def until_logged(self, line: str) -> None:
        await self.until(lambda: line in self.log())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the workers: enters once all are ready, and stops them at the end."""
        ready = trio.Event()
        signals, received = trio.open_memory_channel[int](10)
        self.signals = signals
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.workers.run, received, ready.set)
            await ready.wait()
            yield
            await signals.send(signal.SIGTERM)


@contextmanager
def bench(folder: Path, supervisor: Supervisor = NOBODY) -> Iterator[Bench]:
    program = folder / "worker.py"
    program.write_text(PROGRAM)
    (folder / "sockets").mkdir()
    slots = open_slots("127.0.0.1", 0, 2)
    workers = Workers(
        [sys.executable, "-I", "-S", str(program), str(folder)],
        "north",
        Places(slots, (), (), folder / "sockets"),
        supervisor,
        "http://127.0.0.1",
        PATIENCE,
    )
    signals, _ = trio.open_memory_channel[int](1)
    try:
        yield Bench(folder, workers, signals)
    finally:
        for each in (each for slot in slots for each in slot):
            each.close()


async def test_the_first_worker_is_ready_before_the_others_begin_and_all_end(
    tmp_path: Path,
) -> None:
    with bench(tmp_path) as made:
        made.order("north-1", "late")
        async with made.running():
            assert made.log() == [
                "north-1 began",
                "north-1 ready",
                "north-2 began",
                "north-2 ready",
            ]
            assert made.workers.is_up(1)
            assert made.workers.is_up(2)
        assert sorted(made.log()[4:]) == ["north-1 SIGTERM", "north-2 SIGTERM"]
        assert made.workers.living == []
        assert list((tmp_path / "sockets").iterdir()) == []


async def test_a_worker_that_dies_is_restarted(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        async with made.running():
            os.kill(made.pid_of("north-2"), signal.SIGKILL)
            await made.until_logged("north-2-2 ready")
            await made.until(lambda: made.workers.is_up(2))
            assert made.workers.restarts == {1: 0, 2: 1}
            assert [each.name for each in made.workers.living] == ["north-1", "north-2-2"]


async def test_a_worker_whose_restart_fails_is_tried_again(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.order("north-1-2", "end 2")
        made.order("north-1-3", "end 1")
        async with made.running():
            os.kill(made.pid_of("north-1"), signal.SIGKILL)
            await made.until_logged("north-1-4 ready")


@pytest.mark.parametrize("name", ["north-1", "north-2"])
async def test_a_worker_that_ends_before_all_were_ready_ends_all(tmp_path: Path, name: str) -> None:
    with bench(tmp_path) as made:
        made.order(name, "end 3")
        with pytest.raises(ExceptionGroup) as raised:
            async with made.running():
                pytest.fail("it was ready")
        assert raised.group_contains(WorkerEnded, match=rf"{name} .*exit code 3")
        assert made.workers.living == []


async def test_a_worker_that_is_silent_for_long_is_ended(
    tmp_path: Path, mock_clock: MockClock
) -> None:
    with bench(tmp_path) as made:
        async with made.running():
            mock_clock.jump(HUNG_SECONDS / 2)
            await wait_all_tasks_blocked()
            assert "north-1-2 began" not in made.log()
            mock_clock.jump(HUNG_SECONDS)
            await made.until(lambda: not made.workers.living)
            mock_clock.jump(LONGEST_SECONDS)
            await made.until_logged("north-1-2 ready")
            await made.until_logged("north-2-2 ready")


async def test_workers_end_one_after_the_other_once_all_have_successors(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        async with made.running():
            await made.signals.send(signal.SIGUSR2)
            await made.until_logged("north-2 SIGUSR2")
            await made.until(lambda: len(made.workers.living) == 2)
            log = made.log()[4:]
            for number in "12":
                steps = [f"north-{number}-2 ready", f"north-{number} SIGUSR1"]
                assert [line for line in log if line in steps] == steps
            ends = ["north-2-2 ready", "north-1 SIGUSR2", "north-2 SIGUSR2"]
            assert [line for line in log if line in ends] == ends


async def test_no_worker_is_ended_without_a_successor_that_works(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.order("north-1-2", "end 2")
        async with made.running():
            await made.signals.send(signal.SIGUSR2)
            await made.until_logged("north-1-2 began")
            await made.until(lambda: len(made.workers.living) == 2)
            await made.signals.send(signal.SIGHUP)
            await made.until_logged("north-1 SIGHUP")
            await made.until_logged("north-2 SIGHUP")
            assert not any("SIGUSR2" in line or "north-2-2" in line for line in made.log())


async def test_a_worker_that_does_not_end_is_killed(tmp_path: Path, mock_clock: MockClock) -> None:
    with bench(tmp_path) as made:
        made.order("north-2-2", "hang")
        async with made.running():
            os.kill(made.pid_of("north-2"), signal.SIGKILL)
            await made.until(lambda: [each.name for each in made.workers.living] == ["north-1"])
            mock_clock.jump(LONGEST_SECONDS)
            await made.until_logged("north-2-2 began")
            await made.until(lambda: len(made.workers.living) == 2)
            os.kill(made.pid_of("north-2-2"), signal.SIGSTOP)
            await made.signals.send(signal.SIGTERM)
            await made.until_logged("north-1 SIGTERM")
            mock_clock.jump(PATIENCE)
        assert made.workers.living == []


async def test_a_supervisor_is_notified_about_all_workers(tmp_path: Path) -> None:
    told: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "supervisor"))
        listener.setblocking(False)
        with bench(tmp_path, Supervisor(str(tmp_path / "supervisor"), 60.0)) as made:
            async with made.running():
                await made.until(lambda: any("READY=1" in each for each in heard(listener, told)))
                os.kill(made.pid_of("north-2"), signal.SIGKILL)
                await made.until_logged("north-2-2 ready")
                await made.until(lambda: any("1 of 2" in each for each in heard(listener, told)))
                await made.until(lambda: "2 of 2" in news(heard(listener, told))[-1])
        heard(listener, told)
    where = "workers are ready at http://127.0.0.1"
    assert [text for text, _ in groupby(news(told))] == [
        f"STATUS=2 of 2 {where}",
        f"STATUS=1 of 2 {where}",
        f"STATUS=2 of 2 {where}",
        f"STOPPING=1\n{extension(PATIENCE + PARENT_SECONDS)}",
    ]
    assert "WATCHDOG=1" in told


def news(told: list[str]) -> list[str]:
    """The notifications but for those of the watchdog."""
    return [each.removeprefix("READY=1\n") for each in told if each != "WATCHDOG=1"]


def heard(listener: socket.socket, told: list[str]) -> list[str]:
    """Add the notifications that have arrived by now; returns all of them."""
    with suppress(BlockingIOError):
        while True:
            told.append(listener.recv(1_000).decode())
    return told
