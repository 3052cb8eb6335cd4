"""Plays one seed to its end, which always comes: a hang is reported as a problem, with stacks.

A seed has a time limit on both clocks: a simulated one for a task that waits for ever, and a real
one for a task that never waits.
"""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import structlog
import trio
import trio._core._run
from trio.testing import MockClock

from tests.simulation.bugs import BUGS
from tests.simulation.run import Broken, Result, Simulation
from tests.support.telemetry.logs import restored_logging
from tests.support.timing.time_limit import where_it_stands

SIMULATED_SECONDS = 300.0
REAL_SECONDS = 60.0
ATTEMPTS = 10  # to end a seed whose time is up; after these its process ends
_SILENT = structlog.make_filtering_bound_logger(logging.CRITICAL)


class Hung(BaseException):
    """The real time is up. `except Exception` does not catch it."""


def play(
    seed: int,
    bug: str | None = None,
    real_seconds: float = REAL_SECONDS,
    nodes: int | None = None,
) -> Result:
    """Play one seed, with a planted mistake if one is named, and with this many nodes if a number
    is given.
    """
    trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
    trio._core._run._r.seed(seed)
    simulation = Simulation(seed, None if bug is None else BUGS[bug], nodes)
    problem = None
    try:
        with restored_logging(), _time_limit(real_seconds) as stacks:
            structlog.configure(wrapper_class=_SILENT)
            trio.run(_play, simulation, clock=MockClock(autojump_threshold=0))
    except BaseException as error:
        if stacks:
            problem = f"hangs: {real_seconds:g} s of real time\n{stacks[0]}"
        elif (broken := _broken(error)) is not None:
            problem = str(broken)
        else:
            raise
    return simulation.result(problem)


async def _play(simulation: Simulation) -> None:
    with trio.move_on_after(SIMULATED_SECONDS) as limit:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_look, SIMULATED_SECONDS - 1.0, stacks := list[str]())
            await simulation.play()
            nursery.cancel_scope.cancel()
    if limit.cancelled_caught:
        raise Broken(f"hangs: {SIMULATED_SECONDS:g} s of simulated time\n{stacks[0]}")


async def _look(seconds: float, stacks: list[str]) -> None:
    await trio.sleep(seconds)
    stacks.append(where_it_stands(None))


@contextmanager
def _time_limit(seconds: float) -> Iterator[list[str]]:
    """Raises Hung wherever the program is when the time is up; its stacks are in the list."""
    stacks: list[str] = []

    def run_out(_: int, frame: FrameType | None) -> None:
        stacks.append(where_it_stands(frame))
        if len(stacks) > ATTEMPTS:
            print(f"does not end\n{stacks[-1]}", file=sys.stderr, flush=True)
            os._exit(1)
        raise Hung  # again every second: the cancellation may hang, too

    before: Any = signal.signal(signal.SIGALRM, run_out)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield stacks
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _broken(error: BaseException) -> Broken | None:
    """The first problem among the errors, if there are no other errors."""
    if isinstance(error, BaseExceptionGroup):
        broken, others = error.split(Broken)
        return _broken(broken.exceptions[0]) if broken is not None and others is None else None
    return error if isinstance(error, Broken) else None
