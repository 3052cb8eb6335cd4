"""A limit for each test, in seconds of real time, whatever clock the test runs on (pytest-timeout).

Guarantees: a test that hangs fails and reports where: the stacks of all trio tasks and of all
threads when its time was up. A test on trio is cancelled, so that its resources are closed before
the next test starts. A test that cannot be cancelled ends its process: pytest-xdist reports the
test as crashed and goes on in a new one.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import Protocol

import pytest
import trio

SECONDS_TO_CLOSE = 10.0
REPORT = pytest.StashKey[str]()
LIBRARIES = (sys.prefix, sys.base_prefix, "<frozen")
RUNNER = "_bootstrap_fixtures_and_run_test"  # pytest-trio's main task: the test and its fixtures
TRIO = str(Path(trio.__file__).parent)


class Settings(Protocol):
    """The settings of pytest-timeout."""

    timeout: float


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Settings) -> bool:
    """Start the test's time."""

    def run_out(number: int, frame: FrameType | None) -> None:
        first = REPORT not in item.stash
        if first:
            report = f"the test took longer than {settings.timeout:g} s\n\n{where_it_stands(frame)}"
            item.stash[REPORT] = report
        if first and cancelled():
            signal.setitimer(signal.ITIMER_REAL, SECONDS_TO_CLOSE)
        elif trio.lowlevel.in_trio_run() and within_trio(frame):
            end_process(item)
        else:
            pytest.fail(item.stash[REPORT], pytrace=False)

    signal.signal(signal.SIGALRM, run_out)
    signal.setitimer(signal.ITIMER_REAL, settings.timeout)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_cancel_timer(item: pytest.Item) -> bool:
    """Stop the test's time."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Report a test that was cancelled as failed, even if it passed or raised another exception."""
    try:
        result = yield
    except BaseException:
        if REPORT not in item.stash:
            raise
    if REPORT in item.stash:
        pytest.fail(item.stash[REPORT], pytrace=False)
    return result


def cancelled() -> bool:
    """Cancel the test that runs on trio in this thread, if one does. Called in a signal handler."""
    for task in tasks():
        if RUNNER in task.name:
            token = trio.lowlevel.current_trio_token()
            for nursery in task.child_nurseries:
                token.run_sync_soon(nursery.cancel_scope.cancel)
            return True
    return False


def within_trio(frame: FrameType | None) -> bool:
    """Whether trio's own code is running, into which no exception may be raised."""
    return frame is not None and frame.f_code.co_filename.startswith(TRIO)


def end_process(item: pytest.Item) -> None:
    """Print the report past the capture of output, and end the process."""
    capture = item.config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend_global_capture()
    sys.stderr.write(f"\n{item.nodeid}: {item.stash[REPORT]}\n")
    sys.stderr.flush()
    os._exit(1)


def where_it_stands(here: FrameType | None) -> str:
    """The stacks of trio's tasks, and of every thread; `here` is that of this thread."""
    stacks = [
        (f"task {task.name}", traceback.StackSummary.extract(task.iter_await_frames()))
        for task in tasks()
    ]
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    stacks += [
        (f"thread {names.get(ident, ident)}", traceback.extract_stack(frame))
        for ident, frame in (sys._current_frames() | {threading.get_ident(): here}).items()
    ]
    return "\n".join(f"{title}\n{''.join(ours(stack).format())}" for title, stack in stacks)


def tasks() -> Iterator[trio.lowlevel.Task]:
    """All tasks, parents first; none where trio does not run."""
    waiting = [trio.lowlevel.current_root_task()] if trio.lowlevel.in_trio_run() else []
    while waiting:
        if (task := waiting.pop()) is not None:
            yield task
            waiting += [child for nursery in task.child_nurseries for child in nursery.child_tasks]


def ours(stack: traceback.StackSummary) -> traceback.StackSummary:
    """A stack without the frames of libraries, or its last frame if there are no others."""
    kept = [frame for frame in stack if not frame.filename.startswith(LIBRARIES)]
    return traceback.StackSummary.from_list(kept or stack[-1:])
