"""What the hub counts, in the text format of Prometheus.

Guarantees: each instance counts for itself; a count is a plain number where it is made, and becomes
a page on request, at most once every `FRESH_SECONDS`. Must not know: what there is to count, except
the few figures that have no better place.
"""

import platform
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from importlib.metadata import version
from math import inf
from typing import Final, TypeAlias, assert_never

import trio
from attrs import frozen
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.process_collector import ProcessCollector

from persistence.figures import Spread

METRICS_TYPE: Final = CONTENT_TYPE_LATEST
PREFIX: Final = "parlour_"
LOOK_SECONDS: Final = 0.05
FRESH_SECONDS: Final = 1.0
HTTP_SECONDS: Final = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "other"

Labels: TypeAlias = tuple[str, ...]
"""The values of a metric's labels, in the order of their names."""


@frozen
class Counts:
    """A counter.

    Args:
        name: without `parlour_` and `_total`.
        meaning: one sentence for operators.
        values: the counts, by the values of the labels; without labels one, by `()`.
        labels: their names.
    """

    name: str
    meaning: str
    values: Iterable[tuple[Labels, int]]
    labels: Labels = ()


@frozen
class Gauges:
    """A value that goes up and down. See `Counts`."""

    name: str
    meaning: str
    values: Iterable[tuple[Labels, float]]
    labels: Labels = ()


@frozen
class Spreads:
    """A histogram. See `Counts`."""

    name: str
    meaning: str
    values: Iterable[tuple[Labels, Spread]]
    labels: Labels = ()


Figure: TypeAlias = Counts | Gauges | Spreads


def count(name: str, meaning: str, value: int) -> Counts:
    """A counter without labels."""
    return Counts(name, meaning, [((), value)])


def gauge(name: str, meaning: str, value: float) -> Gauges:
    """A gauge without labels."""
    return Gauges(name, meaning, [((), value)])


class LoginOutcome(StrEnum):
    """What became of an attempt to sign in with a password."""

    RIGHT = "right"
    WRONG = "wrong"
    NETWORK_LIMIT = "network_limit"  # too many attempts came from this network
    ACCOUNT_LIMIT = "account_limit"  # too many guesses were made of this account
    BUSY = "busy"  # too many wait for their turn


class Metrics:
    """The figures of one server: those of the functions given to `watch`, and those of this class.

    `logins`, `uploads` and `uploaded_bytes` are counted by the code that handles them.
    """

    def __init__(self) -> None:
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        self._looks: list[Callable[[], Iterable[Figure]]] = [self._own]
        self._lag = Spread()
        self._collections = Spread()
        self._dropped: Callable[[], int] = lambda: 0
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._durations: dict[str, Spread] = {}
        self._refusals: Counter[int] = Counter()
        self._page = b""
        self._page_until = -inf
        self._one_at_a_time = trio.Lock()
        self.logins: Counter[LoginOutcome] = Counter()
        self.shown: Callable[[], Awaitable[bytes]] = self.page
        """Makes the page for operators: for a worker, that of all workers."""
        self.uploads = 0
        self.uploaded_bytes = 0

    def watch(self, look: Callable[[], Iterable[Figure]]) -> None:
        """Call `look` for more figures, whenever they are read."""
        self._looks.append(look)

    def watch_log(self, dropped: Callable[[], int]) -> None:
        """Call `dropped` for the number of log lines that were dropped, whenever it is read."""
        self._dropped = dropped

    def collected(self, seconds: float) -> None:
        """The garbage collector has run for so many seconds."""
        self._collections.add(seconds)

    def responded(self, route: str, method: str, status: int | None, seconds: float) -> None:
        """A request has ended. `status`: None without a response; `route`: the path's pattern."""
        verb = method if method in METHODS else OTHER
        self._requests[route, verb, "none" if status is None else f"{status // 100}xx"] += 1
        durations = self._durations.get(route)
        if durations is None:
            durations = self._durations[route] = Spread(HTTP_SECONDS)
        durations.add(seconds)

    def refused(self, status: int) -> None:
        """A request was refused before its path was looked at."""
        self._refusals[status] += 1

    async def watch_loop(self) -> None:
        """Notice when the loop is held, until cancelled."""
        while True:
            due = trio.current_time() + LOOK_SECONDS
            await trio.sleep_until(due)
            self._lag.add(trio.current_time() - due)

    def text(self) -> str:
        """All figures as they are now, without those of the process."""
        return "".join(line for figure in self.figures() for line in _text(figure))

    def figures(self) -> Iterator[Figure]:
        """The same before they become text."""
        for look in self._looks:
            yield from look()

    async def page(self) -> bytes:
        """Everything, as it was at most `FRESH_SECONDS` ago."""
        async with self._one_at_a_time:
            if trio.current_time() >= self._page_until:
                # in a thread, because it takes the longer the more files are open
                process = await trio.to_thread.run_sync(generate_latest, self._process)
                self._page = self.text().encode() + process
                self._page_until = trio.current_time() + FRESH_SECONDS
            return self._page

    def _own(self) -> Iterator[Figure]:
        build = (version("parlour"), platform.python_version())
        yield Gauges(
            "build_info",
            "1, with the version of the hub and of Python.",
            [(build, 1)],
            ("version", "python"),
        )
        yield Spreads(
            "loop_lag_seconds",
            "How late a task is woken, measured 20 times a second: how long other tasks"
            " blocked the loop.",
            [((), self._lag)],
        )
        yield Spreads(
            "garbage_collection_seconds",
            "How long each run of the garbage collector blocked the loop.",
            [((), self._collections)],
        )
        yield count(
            "log_lines_dropped",
            "Log lines that were dropped, because they could not be written in time.",
            self._dropped(),
        )
        yield Counts(
            "logins",
            "Attempts to sign in with a password.",
            [((each.value,), self.logins[each]) for each in LoginOutcome],
            ("outcome",),
        )
        yield Counts(
            "http_requests",
            "Requests over HTTP, by the pattern of their path, method and class of the status;"
            " `none`: the client left before the response.",
            self._requests.items(),
            ("route", "method", "status"),
        )
        yield Spreads(
            "http_request_seconds",
            "How long requests took, until the end of the response.",
            [((route,), spread) for route, spread in self._durations.items()],
            ("route",),
        )
        yield Counts(
            "http_refusals",
            "Requests that were refused before routing: malformed, too large, too slow, too"
            " many, or for another host.",
            [((str(status),), count) for status, count in self._refusals.items()],
            ("status",),
        )
        yield count("uploads", "Files that were stored.", self.uploads)
        yield count("upload_bytes", "The size of files that were stored.", self.uploaded_bytes)


def _text(figure: Figure) -> Iterator[str]:
    """The lines of a metric. prometheus-client takes ten times as long for each."""
    name, names = PREFIX + figure.name, figure.labels
    match figure:
        case Counts(values=counts):
            yield from _head(f"{name}_total", figure.meaning, "counter")
            for labels, number in counts:
                yield f"{name}_total{_labels(names, labels)} {number}\n"
        case Gauges(values=values):
            yield from _head(name, figure.meaning, "gauge")
            for labels, value in values:
                yield f"{name}{_labels(names, labels)} {value}\n"
        case Spreads(values=spreads):
            yield from _head(name, figure.meaning, "histogram")
            for labels, spread in spreads:
                yield from _histogram(name, names, labels, spread)
        case _:
            assert_never(figure)


def _head(name: str, meaning: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}\n# TYPE {name} {kind}\n"


def _histogram(name: str, names: Labels, labels: Labels, spread: Spread) -> Iterator[str]:
    here = _labels(names, labels)
    begin = f"{name}_bucket{here[:-1]}," if here else f"{name}_bucket{{"
    total = 0
    for bound, number in zip((*spread.bounds, "+Inf"), spread.counts, strict=True):
        total += number
        yield f'{begin}le="{bound}"}} {total}\n'
    yield f"{name}_sum{here} {spread.total}\n{name}_count{here} {total}\n"


@lru_cache(maxsize=20_000)
def _labels(names: Labels, values: Labels) -> str:
    pairs = [
        f'{name}="{value.translate(_ESCAPES)}"' for name, value in zip(names, values, strict=True)
    ]
    return f"{{{','.join(pairs)}}}" if pairs else ""


_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
