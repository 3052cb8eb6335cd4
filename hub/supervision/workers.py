"""The parent of worker processes: starts, restarts and ends them.

Guarantees: a worker that dies is started again, after pauses that grow, and clients that connect to
its socket meanwhile wait for it; a worker that hangs is ended; until all have been ready once, one
that ends before it is ready ends all; when the context of the parent is left, or the parent dies,
no worker stays. In a rolling restart workers end, one after the other, once all have successors
that are ready: the port takes connections all the time, and no client is closed twice. Must not
know: what a worker does, settings, the database.
"""

import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE
from time import monotonic_ns
from typing import Final

import structlog
import trio
from attrs import define, field, frozen

from hub.cluster.siblings import fetch
from hub.sockets.addresses import BACKLOG, listening_at
from hub.supervision.backoff import Backoff
from hub.supervision.reports import Reports, open_reports
from hub.supervision.supervisor import (
    VARIABLE,
    WATCHDOG_MICROSECONDS,
    WATCHDOG_PID,
    Supervisor,
    extension,
)
from hub.supervision.totals import Totals
from hub.supervision.worker import CLOSE_PORT, LEAVE, TOTALS, WorkerPlace
from hub.supervision.worker import VARIABLE as PLACE

log = structlog.get_logger(__name__)

HUNG_SECONDS: Final = 60.0
"""A worker without a report for so long counts as hung; a working one reports 3 times as often."""
ABORT_SECONDS: Final = 5.0  # for a hung worker to print where it hangs
PARENT_SECONDS: Final = 20.0  # for the end of the parent and of Postgres, after the workers
PAGE_SECONDS: Final = 3.0  # for a worker to show its metrics
MODE: Final = 0o600
MEALS: Final = 3
_MICRO: Final = 1_000_000


class WorkerEnded(Exception):
    """A worker has ended before it was ready, with this exit code, and has printed why; below 0: by
    that signal.
    """

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"The worker {name} ended before it was ready ({_end(code)})")
        self.code: Final = code


@frozen
class Places:
    """The sockets of the workers, which their parent keeps.

    Args:
        slots: for each worker, the sockets where clients connect; they listen at the latest once
            the worker is started.
        metrics: those that serve the metrics, of all workers together.
        admin: the admin socket, of all workers together.
        folder: is for the parent and the workers alone.
    """

    slots: Sequence[Sequence[socket.socket]]
    metrics: Sequence[socket.socket]
    admin: Sequence[socket.socket]
    folder: Path


@define(eq=False)
class Worker:
    """A worker process, of the slot with this number."""

    number: int
    name: str
    process: trio.Process
    reports: Reports
    socket_path: Path
    ended: trio.Event = field(factory=trio.Event)

    def send(self, number: int) -> None:
        """Send a signal, if the process is still there."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)


class Workers:
    """All workers.

    Args:
        command: starts one; `--node-name` and a name are appended.
        name: of the nodes, without their numbers.
        places: their sockets.
        supervisor: of the parent.
        url: where clients connect, for people.
        stop_seconds: how long a worker may take to stop.
    """

    def __init__(
        self,
        command: Sequence[str],
        name: str,
        places: Places,
        supervisor: Supervisor,
        url: str,
        stop_seconds: float,
    ) -> None:
        self._command = command
        self._name = name
        self._places = places
        self._supervisor = supervisor
        self._url = url
        self._stop_seconds = stop_seconds
        self._current: dict[int, Worker] = {}
        self._living: dict[Worker, None] = {}
        self._starts = dict.fromkeys(range(1, len(places.slots) + 1), 0)
        self._turns = {number: trio.Lock() for number in self._starts}
        self._changed = trio.lowlevel.ParkingLot()
        self._totals = Totals()
        self._stopping = trio.Event()
        self._is_complete = False
        self._rolling: trio.CancelScope | None = None

    @property
    def living(self) -> Sequence[Worker]:
        """The workers whose processes live, also those that are about to end."""
        return list(self._living)

    @property
    def restarts(self) -> Mapping[int, int]:
        """How often each worker was started again, by its number."""
        return {number: max(0, starts - 1) for number, starts in self._starts.items()}

    def is_up(self, number: int) -> bool:
        """Whether the worker of that number is ready."""
        worker = self._current.get(number)
        return worker is not None and worker in self._living and worker.reports.ready.is_set()

    async def run(self, signals: AsyncIterator[int], on_ready: Callable[[], None]) -> None:
        """Run them until a signal ends them.

        Args:
            signals: SIGTERM and SIGINT end them, a second one at once; SIGHUP has them read their
                settings again, SIGUSR2 restarts them one after the other.
            on_ready: called when all are ready.

        Raises:
            WorkerEnded: at the start, a worker ended before it was ready.
        """
        with listening_at(self._places.folder / TOTALS, MODE) as totals:
            await self._run(signals, on_ready, totals)
        log.info("stopped")

    async def _run(
        self, signals: AsyncIterator[int], on_ready: Callable[[], None], totals: socket.socket
    ) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._serve_metrics, totals)
            nursery.start_soon(self._obey, signals, nursery)
            nursery.start_soon(self._feed)
            try:
                await self._start_all(nursery)
                if not self._stopping.is_set():
                    self._is_complete = True
                    on_ready()
                    log.info("ready", url=self._url, workers=len(self._places.slots))
                    self._supervisor.notify(f"READY=1\n{self._status()}")
                await self._stopping.wait()
                while self._living:
                    await self._changed.park()
            finally:
                self._is_complete = False
                for worker in self._living:
                    worker.send(signal.SIGKILL)
            nursery.cancel_scope.cancel()

    async def metrics(self) -> bytes:
        """The metrics of all workers, in the format of Prometheus."""
        pages: dict[str, tuple[int, str]] = {}

        async def read(worker: Worker) -> None:
            with trio.move_on_after(PAGE_SECONDS), suppress(OSError, trio.BrokenResourceError):
                page = await fetch(worker.socket_path, "GET", "/metrics")
                if page is not None and worker in self._living:
                    pages[worker.name] = worker.number, page.decode()

        async with trio.open_nursery() as nursery:
            for worker in self._living:
                nursery.start_soon(read, worker)
        return (self._totals.text(pages) + "".join(self._own_figures())).encode()

    def _own_figures(self) -> Iterator[str]:
        yield "# HELP parlour_worker_up 1 while the worker with that number is ready.\n"
        yield "# TYPE parlour_worker_up gauge\n"
        for number in self._starts:
            yield f'parlour_worker_up{{worker="{number}"}} {int(self.is_up(number))}\n'
        yield "# HELP parlour_worker_restarts_total How often it was started again.\n"
        yield "# TYPE parlour_worker_restarts_total counter\n"
        for number, restarts in self.restarts.items():
            yield f'parlour_worker_restarts_total{{worker="{number}"}} {restarts}\n'

    async def _serve_metrics(self, listener: socket.socket) -> None:
        """Send the metrics of all workers to each worker that connects."""

        async def show(stream: trio.SocketStream) -> None:
            with suppress(trio.BrokenResourceError):
                async with stream:
                    await stream.send_all(await self.metrics())

        listening = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
        await trio.serve_listeners(show, [listening])

    async def _start_all(self, nursery: trio.Nursery) -> None:
        """Start the first worker, which brings the database up to date, then the others."""
        first, *others = self._starts
        for group in ([first], others):
            for number in group:
                if not self._stopping.is_set():
                    self._current[number] = await self._start(number, nursery)
                    nursery.start_soon(self._keep, number, nursery)
            for number in group:
                worker = self._current.get(number)
                if worker is None or await self._until_ready(worker) or self._stopping.is_set():
                    continue
                raise WorkerEnded(worker.name, worker.process.returncode or 0)

    async def _until_ready(self, worker: Worker) -> bool:
        """Wait until a worker is ready or has ended; returns whether it became ready."""
        while not (worker.reports.ready.is_set() or worker.ended.is_set()):
            if not self._is_complete and worker.reports.waiting:
                self._supervisor.notify(worker.reports.waiting)
            await self._changed.park()
        return worker.reports.ready.is_set()

    async def _start(self, number: int, nursery: trio.Nursery) -> Worker:
        self._starts[number] += 1
        starts = self._starts[number]
        name = f"{self._name}-{number}" if starts == 1 else f"{self._name}-{number}-{starts}"
        worker: Worker = await nursery.start(self._run_one, number, name)
        return worker

    async def _run_one(
        self, number: int, name: str, *, task_status: trio.TaskStatus[Worker]
    ) -> None:
        places = self._places
        listeners = places.slots[number - 1]
        for each in listeners:
            each.listen(BACKLOG)  # again or not: waiting connections stay
        place = WorkerPlace(
            number,
            name,
            f"{self._name}-",
            str(places.folder),
            [each.fileno() for each in listeners],
            [each.fileno() for each in places.metrics],
            [each.fileno() for each in places.admin],
        )
        path = places.folder / f"{name}.notify"
        with open_reports(path) as reports:
            process = await trio.lowlevel.open_process(
                [*self._command, "--node-name", name],
                stdin=PIPE,
                stdout=DEVNULL,
                env=_environment(place, path),
                pass_fds=place.descriptors,
                start_new_session=True,  # ^C at a terminal is for the parent, which passes it on
            )
            worker = Worker(number, name, process, reports, place.socket_path)
            self._living[worker] = None
            log.info("worker_started", worker=name, pid=process.pid)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(reports.listen, self._changed)
                nursery.start_soon(_end_if_hung, worker)
                task_status.started(worker)
                try:
                    await process.wait()
                finally:
                    worker.send(signal.SIGKILL)
                    with trio.CancelScope(shield=True):  # it cannot ignore the signal
                        await process.wait()
                        if process.stdin is not None:
                            await process.stdin.aclose()
                    log.info("worker_ended", worker=name, end=_end(process.returncode or 0))
                    place.socket_path.unlink(missing_ok=True)
                    del self._living[worker]
                    self._totals.ended(name)
                    worker.ended.set()
                    self._changed.unpark_all()
                nursery.cancel_scope.cancel()

    async def _keep(self, number: int, nursery: trio.Nursery) -> None:
        """Start the worker of a slot again when it dies."""
        backoff = Backoff()
        while True:
            worker = self._current[number]
            began = trio.current_time()
            if await self._until_ready(worker):
                self._show()
                await worker.ended.wait()
            if self._stopping.is_set():
                return
            code = worker.process.returncode or 0
            if not (self._is_complete or worker.reports.ready.is_set()):
                raise WorkerEnded(worker.name, code)
            if self._current[number] is worker:
                pause = backoff.after(trio.current_time() - began)
                log.error("worker_died", worker=worker.name, end=_end(code), pause_seconds=pause)
                self._show()
                with trio.move_on_after(pause):
                    await self._stopping.wait()
                    return
            async with self._turns[number]:  # it may have got a successor meanwhile
                if self._current[number] is worker:
                    self._current[number] = await self._start(number, nursery)

    def _show(self) -> None:
        if self._is_complete:
            self._supervisor.notify(self._status())

    def _status(self) -> str:
        up = sum(map(self.is_up, self._starts))
        return f"STATUS={up} of {len(self._starts)} workers are ready at {self._url}"

    async def _obey(self, signals: AsyncIterator[int], nursery: trio.Nursery) -> None:
        async for number in signals:
            match number:
                case signal.SIGHUP:
                    self._reload()
                case signal.SIGUSR2:
                    self._roll(nursery)
                case _:
                    self._stop(number, nursery)

    def _reload(self) -> None:
        self._supervisor.notify(f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns() // 1_000}")
        for worker in self._living:
            if worker.reports.ready.is_set():
                worker.send(signal.SIGHUP)
        self._supervisor.notify("READY=1")

    def _stop(self, number: int, nursery: trio.Nursery) -> None:
        if not self._stopping.is_set():
            self._supervisor.notify(f"STOPPING=1\n{extension(self._stop_seconds + PARENT_SECONDS)}")
            log.info("stopping", within_seconds=self._stop_seconds)
            if self._rolling is not None:
                self._rolling.cancel()
            self._stopping.set()
            self._changed.unpark_all()
            nursery.start_soon(self._end_late)
        for worker in self._living:
            worker.send(number)

    async def _end_late(self) -> None:
        await trio.sleep(self._stop_seconds)
        for worker in self._living:
            log.error("worker_does_not_stop", worker=worker.name)
            worker.send(signal.SIGKILL)

    def _roll(self, nursery: trio.Nursery) -> None:
        if not self._is_complete or self._stopping.is_set() or self._rolling is not None:
            log.warning("no_rolling_restart", reason="the workers are starting or stopping")
            return
        self._rolling = trio.CancelScope()
        nursery.start_soon(self._restart_all, self._rolling, nursery)

    async def _restart_all(self, scope: trio.CancelScope, nursery: trio.Nursery) -> None:
        log.info("rolling_restart", workers=len(self._starts))
        with scope:
            replaced = []
            for number in self._starts:
                before = await self._succeed(number, nursery)
                if before is None:
                    break
                replaced.append(before)
            for worker in replaced:  # only successors accept now: each client is closed once
                worker.send(LEAVE)
                await worker.ended.wait()  # takes longer with more clients; if it hangs it is ended
            if len(replaced) == len(self._starts):
                log.info("rolling_restart_done")
        self._rolling = None

    async def _succeed(self, number: int, nursery: trio.Nursery) -> Worker | None:
        """Start a successor that takes the new connections of a slot; returns its predecessor.
        None: the successor does not become ready.
        """
        async with self._turns[number]:
            successor = await self._start(number, nursery)
            if not await self._until_ready(successor):
                log.error("rolling_restart_failed", worker=successor.name)
                return None
            before, self._current[number] = self._current[number], successor
        before.send(CLOSE_PORT)
        return before

    async def _feed(self) -> None:
        """Show the parent's supervisor that the parent works; the parent watches the workers."""
        patience = self._supervisor.watchdog_seconds
        while patience is not None:
            self._supervisor.notify("WATCHDOG=1")
            await trio.sleep(patience / MEALS)


async def _end_if_hung(worker: Worker) -> None:
    """Wait until a worker has been silent for too long, and end it: by SIGABRT, as systemd does it,
    on which it prints where it hangs, then by SIGKILL.
    """
    reports = worker.reports
    while (until := reports.heard_at + HUNG_SECONDS) > trio.current_time():  # noqa: ASYNC110  or later
        await trio.sleep_until(until)
    log.error("worker_hangs", worker=worker.name, silent_seconds=HUNG_SECONDS)
    worker.send(signal.SIGABRT)
    await trio.sleep(ABORT_SECONDS)
    worker.send(signal.SIGKILL)


def _environment(place: WorkerPlace, reports: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != WATCHDOG_PID}
    return {
        **kept,
        VARIABLE: str(reports),
        WATCHDOG_MICROSECONDS: str(round(HUNG_SECONDS * _MICRO)),
        PLACE: place.text(),
    }


def _end(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"by {signal.Signals(-code).name}"
    return f"by signal {-code}"
