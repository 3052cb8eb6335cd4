"""What the hub counts, for Prometheus: `GET /metrics`.

Guarantees: each instance counts for itself; nobody's id, name or address is a label, so there is a
bounded number of series. Must not know: what is counted.
"""

import math
from collections.abc import Callable
from typing import Final

import trio
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

METRICS_TYPE: Final = CONTENT_TYPE_LATEST
LOOK_SECONDS: Final = 0.05
SECONDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, math.inf)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._refused = Counter(
            "parlour_allowance_refusals",
            "What users wanted to do more often than they are allowed to, by kind.",
            ["kind"],
            registry=self._registry,
        )
        self._lag = Histogram(
            "parlour_loop_lag_seconds",
            "How late a task is woken, looked at 20 times a second: how long others held the loop.",
            registry=self._registry,
            buckets=SECONDS,
        )
        self._collections = Histogram(
            "parlour_garbage_collection_seconds",
            "How long the garbage collector held the loop at a time.",
            registry=self._registry,
            buckets=SECONDS,
        )

        self._dropped = Gauge(
            "parlour_log_lines_dropped",
            "Log lines that were dropped since the start, because nobody read them.",
            registry=self._registry,
        )

    def watch_log(self, dropped: Callable[[], int]) -> None:
        """Ask for the number of log lines that were dropped whenever somebody looks."""
        self._dropped.set_function(dropped)

    def refused(self, kind: str) -> None:
        """A user's allowance of this kind was used up."""
        self._refused.labels(kind).inc()

    def collected(self, seconds: float) -> None:
        """The garbage collector has looked for garbage."""
        self._collections.observe(seconds)

    async def watch_loop(self) -> None:
        """Notice when the loop is held, until cancelled."""
        while True:
            due = trio.current_time() + LOOK_SECONDS
            await trio.sleep_until(due)
            self._lag.observe(trio.current_time() - due)

    def text(self) -> bytes:
        """Everything, in the text format of Prometheus."""
        return generate_latest(self._registry)
