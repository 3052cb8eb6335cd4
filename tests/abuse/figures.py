"""The effects of one attack on the others, and whether they are within the bounds."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs
from attrs import frozen

from tests.abuse.victims import DIALECTS, Asked, Delivery

TIMES_QUIET: Final = 5
LEAST_BOUND_MS: Final = 60.0
MEMORY_MB: Final = 100.0
RECOVERY_SECONDS: Final = 2.0
RECOVERED_TIMES: Final = 2
LEAST_RECOVERED_MS: Final = 30.0
STEP_SECONDS: Final = 0.25
WINDOW_SECONDS: Final = 1.0
GOOD: Final = range(200, 300)
_COLUMNS: Final = (
    "attack", "by", "phase", "p50 / p99 before", "during", "after", "loop held", "memory",
    "back after",
    "newcomers: slowest", "lost", "the attacker was answered", "missed",
)  # fmt: skip


@frozen
class Times:
    """p50 and p99 in milliseconds."""

    p50: float
    p99: float
    count: int

    @classmethod
    def of(cls, deliveries: Iterable[Delivery]) -> "Times":
        """The times of these deliveries; without any, they are infinite, because nothing
        arrived.
        """
        values = sorted(each.seconds * 1_000 for each in deliveries)
        if not values:
            return cls(math.inf, math.inf, 0)
        return cls(_rank(values, 0.5), _rank(values, 0.99), len(values))


def _rank(values: Sequence[float], part: float) -> float:
    return values[max(0, math.ceil(part * len(values)) - 1)]


@frozen
class Phase:
    """The times of all dialects together, of each one, and the worst p99 of one."""

    all: Times
    by_dialect: Mapping[str, Times]

    @classmethod
    def between(cls, deliveries: Sequence[Delivery], begin: float, end: float) -> "Phase":
        """The times of the messages that were sent between these times."""
        chosen = [each for each in deliveries if begin <= each.sent < end]
        by_dialect = {
            dialect: Times.of(each for each in chosen if each.dialect == dialect)
            for dialect in DIALECTS
        }
        return cls(Times.of(chosen), by_dialect)

    @property
    def worst(self) -> float:
        return max(each.p99 for each in self.by_dialect.values())

    @property
    def worst_p50(self) -> float:
        return max(each.p50 for each in self.by_dialect.values())


@frozen
class Outcome:
    """The effects of one attack. Times in ms, memory in MB.

    `held`: how long the hub's loop was held at most, by its own metrics: the bound of a bucket.
    `requests`: those of newcomers. `refused`: requests of newcomers that were refused or got no
    response, and errors that were sent to victims. `logged`: errors in the hub's log, which no
    attacker may cause.
    """

    name: str
    who: str
    phase: str
    before: Phase
    during: Phase
    after: Phase
    held: float
    memory: float
    recovery: float | None
    lost: int
    cut: int
    requests: int
    refused: Mapping[str, int]
    slowest_request: float
    answers: Mapping[str, int]
    logged: Sequence[str]

    @property
    def bound(self) -> float:
        """The bound of p99."""
        return max(TIMES_QUIET * self.before.worst, LEAST_BOUND_MS)

    def broken(self) -> list[str]:
        """The bounds that were not kept."""
        found = []
        if self.during.worst > self.bound:
            found.append(f"p99 {self.during.worst:.0f} ms > {self.bound:.0f} ms")
        if self.memory > MEMORY_MB:
            found.append(f"memory +{self.memory:.0f} MB")
        if self.recovery is None or self.recovery > RECOVERY_SECONDS:
            found.append("not back" if self.recovery is None else f"back {self.recovery:.1f} s")
        if self.lost:
            found.append(f"{self.lost} lost")
        if self.cut:
            found.append(f"{self.cut} victims cut off")
        if self.refused:
            found.append("refused: " + counted(self.refused))
        if self.logged:
            found.append(f"errors logged: {self.logged[0].strip()[:80]}")
        return found

    def plain(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {**attrs.asdict(self), "bound": self.bound, "broken": self.broken()}


def recovery(deliveries: Sequence[Delivery], over: float, end: float, quiet: Phase) -> float | None:
    """Seconds after the attack until the p99 of a second is nearly as before; None: it never
    was.
    """
    bound = max(RECOVERED_TIMES * quiet.worst, LEAST_RECOVERED_MS)
    steps = int((end - over - WINDOW_SECONDS) / STEP_SECONDS)
    for step in range(steps + 1):
        since = over + step * STEP_SECONDS
        later = [each for each in deliveries if since <= each.sent < since + WINDOW_SECONDS]
        if later and Times.of(later).p99 <= bound:
            return step * STEP_SECONDS
    return None


def longest(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """The least bound in ms that no observation exceeded which a histogram has added.

    Args:
        before: the counts below each bound, in seconds as text, lowest first.
        after: the later counts.
    """
    made = [(float(bound), after[bound] - before[bound]) for bound in after]
    return next(bound * 1_000 for bound, count in made if count == made[-1][1])


def refusals(asked: Sequence[Asked]) -> dict[str, int]:
    """The refused requests of newcomers, by request and status."""
    found: dict[str, int] = {}
    for each in asked:
        if each.status not in GOOD:
            name = f"{each.what} {each.status or 'not answered'}"
            found[name] = found.get(name, 0) + 1
    return found


def counted(answers: Mapping[str, int], most: int = 5) -> str:
    """The most frequent responses."""
    ranked = sorted(answers.items(), key=lambda each: -each[1])[:most]
    return ", ".join(f"{name} x{number:,}" for name, number in ranked)


def table(outcomes: Sequence[Outcome]) -> str:
    """The table as Markdown."""
    lines = [
        f"| {' | '.join(_COLUMNS)} |",
        "|---" * len(_COLUMNS) + "|",
    ]
    for each in outcomes:
        back = "never" if each.recovery is None else f"{each.recovery:.2f} s"
        cells = [
            each.name, each.who, each.phase, _shown(each.before), _shown(each.during),
            _shown(each.after), f"{each.held:.0f} ms", f"{each.memory:+.0f} MB", back,
            f"{each.slowest_request:,.0f} ms", str(each.lost), counted(each.answers) or "-",
            "; ".join(each.broken()) or "-",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _shown(phase: Phase) -> str:
    return f"{phase.worst_p50:.0f} / {phase.worst:.0f}"
