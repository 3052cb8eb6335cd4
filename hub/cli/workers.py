"""The program of the parent of workers: `parlour serve` becomes it where there are several.

It is a program of its own so that it is small: the modules of a hub are not in its memory. It reads
no settings, and gets its plan in the environment variable `VARIABLE`.

Guarantees: an expected failure is one clear line on stderr. Must not know: settings, what a hub
does.
"""

import itertools
import json
import os
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import (
    AsyncExitStack,
    ExitStack,
    contextmanager,
    redirect_stderr,
    suppress,
)
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn, Self, TextIO, cast

import structlog
import trio
from attrs import asdict, frozen

from hub.settings.choices import LogFormat, LogLevel
from hub.settings.log_sink import LogSink
from hub.settings.logs import configure_logging
from hub.settings.reasons import reason_of
from hub.settings.redaction import redact
from hub.sockets.addresses import listening, listening_at, open_slots, unix_path, url_of
from hub.sockets.inherited import inherited
from hub.supervision.supervisor import Supervisor, extension
from hub.supervision.workers import Places, WorkerEnded, Workers
from persistence.embedded import EmbeddedPostgresError, run_embedded

log = structlog.get_logger(__name__)

VARIABLE: Final = "PARLOUR_PARENT_PLAN"
ADMIN_MODE: Final = 0o600
FAILED: Final = 1
_EXPECTED: Final = (EmbeddedPostgresError, OSError)
START_SECONDS: Final = 60.0  # for Postgres; workers ask for more time themselves


@frozen
class Plan:
    """What the parent is to do.

    Args:
        command: starts a worker; `--node-name` is appended to it.
        count: how many workers there are.
        name: of the nodes, without their numbers.
        scheme: of the URL that people see.
        host: where to listen, with the next one.
        port: see there.
        metrics: host and port of another listener for the metrics, if there is one.
        data_dir: the data folder.
        admin: the name of the admin socket there.
        connections: how many the embedded Postgres takes; None: there is an external one.
        stop_seconds: how long a worker may take to stop.
        log_level: the least severe lines that are logged.
        log_format: how they look.
    """

    command: Sequence[str]
    count: int
    name: str
    scheme: str
    host: str
    port: int
    metrics: tuple[str, int] | None
    data_dir: str
    admin: str
    connections: int | None
    stop_seconds: float
    log_level: str
    log_format: str

    def environment(self, environ: Mapping[str, str]) -> Mapping[str, str]:
        """The environment of the process that is to carry the plan out."""
        return {**environ, VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def taken_from(cls, environ: MutableMapping[str, str]) -> Self:
        """The plan of this process, removed from `environ`: child processes do not get it."""
        return cls(**cast("dict[str, Any]", json.loads(environ.pop(VARIABLE))))


def become_parent(plan: Plan, arguments: Sequence[str]) -> NoReturn:
    """Go on as the parent, in this process. `arguments`: are shown in a list of processes."""
    command = [sys.executable, "-P", "-m", "hub.cli.workers", *arguments]
    sys.stdout.flush()
    os.execve(sys.executable, command, plan.environment(os.environ))  # noqa: S606  ourselves


async def _run(plan: Plan, given: Sequence[socket.socket], supervisor: Supervisor) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2)
    supervisor.notify(f"STATUS=Starting\n{extension(START_SECONDS)}")
    async with AsyncExitStack() as stack:
        slots = stack.enter_context(_slots(plan, given))
        metrics = () if plan.metrics is None else stack.enter_context(listening(*plan.metrics))
        if plan.connections is not None:
            await stack.enter_async_context(run_embedded(Path(plan.data_dir), plan.connections))
        admin = stack.enter_context(_admin(Path(plan.data_dir, plan.admin)))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="parlour-"))
        url = url_of(plan.scheme, plan.host, slots[0])
        workers = Workers(
            plan.command,
            plan.name,
            Places(slots, metrics, admin, Path(folder)),
            supervisor,
            url,
            plan.stop_seconds,
        )
        with trio.open_signal_receiver(*numbers) as signals:
            await workers.run(signals, partial(_say, f"Parlour is ready at {url}"))


@contextmanager
def _slots(
    plan: Plan, given: Sequence[socket.socket]
) -> Iterator[Sequence[Sequence[socket.socket]]]:
    """The sockets where clients connect, for each worker; closed on exit, and a Unix socket's file
    is removed.
    """
    with ExitStack() as stack:
        if given or unix_path(plan.host) is not None:
            shared = given or stack.enter_context(listening(plan.host, plan.port))
            yield [shared] * plan.count
            return
        slots = open_slots(plan.host, plan.port, plan.count)
        for each in itertools.chain.from_iterable(slots):
            stack.enter_context(each)
        yield slots


@contextmanager
def _admin(path: Path) -> Iterator[Sequence[socket.socket]]:
    """The admin socket, which all workers share; none, which is logged, if it cannot be made."""
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            listeners = [stack.enter_context(listening_at(path, ADMIN_MODE))]
        except OSError as error:
            log.warning("no_admin_socket", path=str(path), reason=error.strerror or str(error))
            listeners = []
        yield listeners


def _say(line: str) -> None:
    with suppress(OSError):  # a closed stdout is no reason to end
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    return [error]


def _ends_with(error: BaseException) -> int:
    """Write on stderr why the parent ends; returns the exit code."""
    leaves = _leaves(error)
    for leaf in leaves:
        if isinstance(leaf, WorkerEnded):
            log.error("not_started", reason=str(leaf))
            return leaf.code if leaf.code > 0 else FAILED
    if all(isinstance(leaf, _EXPECTED) for leaf in leaves):
        _say_last(f"Error: {' '.join(_text_of(leaves[0]).split())}")
        return FAILED
    _say_last("".join(traceback.format_exception(error)).removesuffix("\n"))
    return FAILED


def _text_of(error: BaseException) -> str:
    return reason_of(error) if isinstance(error, OSError) else str(error)


def _say_last(text: str) -> None:
    with LogSink(sys.stderr) as last:
        last.write(f"{redact(text)}\n")


def main() -> NoReturn:
    """The entry point."""
    plan = Plan.taken_from(os.environ)
    code = 0
    try:
        with LogSink(sys.stderr) as sink, redirect_stderr(cast("TextIO", sink)):
            configure_logging(LogLevel(plan.log_level), LogFormat(plan.log_format), sink)
            supervisor = Supervisor.of(os.environ, os.getpid())
            trio.run(_run, plan, inherited(os.environ, os.getpid()), supervisor)
    except Exception as error:  # noqa: BLE001  shown whole where it is not expected
        code = _ends_with(error)
    sys.exit(code)


if __name__ == "__main__":
    main()
