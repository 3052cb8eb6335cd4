"""Faults in how a hub of several processes is started, restarted and ended."""

from typing import Final

from tests.planted.fault import Fault

BACKOFF: Final = ("tests/hub/supervision/test_backoff.py",)
WORKERS: Final = ("tests/hub/supervision/test_workers.py",)
PROCESSES: Final = ("tests/e2e/service/test_workers.py",)
PARENT: Final = "hub/supervision/workers.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "pauses before a worker is started again do not grow",
        "hub/supervision/backoff.py",
        "self._pause = min(2 * pause, LONGEST_SECONDS)",
        "self._pause = pause",
        BACKOFF,
    ),
    Fault(
        "a worker that was steady waits as one that was not",
        "hub/supervision/backoff.py",
        "if lived_seconds >= STEADY_SECONDS:",
        "if lived_seconds < 0:",
        BACKOFF,
    ),
    Fault(
        "all workers bring the database up to date at once",
        PARENT,
        "for group in ([first], others):",
        "for group in ([first, *others],):",
        WORKERS,
    ),
    Fault(
        "a worker that cannot start is not noticed",
        PARENT,
        "                raise WorkerEnded(worker.name, worker.process.returncode or 0)\n",
        "",
        WORKERS,
    ),
    Fault(
        "a worker that hangs is left alone",
        PARENT,
        "                nursery.start_soon(_end_if_hung, worker)\n",
        "",
        WORKERS,
    ),
    Fault(
        "a worker ends before its successor is ready",
        PARENT,
        "            if not await self._until_ready(successor):\n",
        "            self._current[number].send(signal.SIGUSR2)\n"
        "            if not await self._until_ready(successor):\n",
        WORKERS,
    ),
    Fault(
        "a worker that does not stop keeps the others from it",
        PARENT,
        "            nursery.start_soon(self._end_late)\n",
        "",
        WORKERS,
    ),
    Fault(
        "workers are not told to read their settings again",
        PARENT,
        "                worker.send(signal.SIGHUP)\n",
        "                pass\n",
        WORKERS,
    ),
    Fault(
        "workers outlive their parent",
        "hub/app.py",
        "                nursery.start_soon(orders.follow_parent)\n",
        "                pass\n",
        PROCESSES,
    ),
    Fault(
        "a port that another hub has is shared with it",
        "hub/sockets/addresses.py",
        "    alone = open_listeners(host, port)\n    if",
        "    alone = _open_on_all(_addresses(host, port), host, _bind_shared)\n    if",
        ("tests/hub/sockets/test_addresses.py",),
    ),
)
