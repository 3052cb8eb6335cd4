"""A mock clock that jumps to the next deadline when every task waits (pytest-trio's, replaced).

Guarantees: no time passes while a thread works for a task: trio's own clock does not know of
threads, so while a password is hashed, it would jump to the next deadline of any task.
"""

from math import inf
from typing import Any

import pytest
import trio
from trio.testing import MockClock


@pytest.fixture
def autojump_clock(monkeypatch: pytest.MonkeyPatch) -> MockClock:
    clock = MockClock(autojump_threshold=0)
    run_sync, at_work = trio.to_thread.run_sync, 0

    async def watched(*args: Any, **settings: Any) -> object:
        nonlocal at_work
        at_work += 1
        clock.autojump_threshold = inf
        try:
            return await run_sync(*args, **settings)
        finally:
            at_work -= 1
            clock.autojump_threshold = inf if at_work else 0

    monkeypatch.setattr(trio.to_thread, "run_sync", watched)
    return clock
