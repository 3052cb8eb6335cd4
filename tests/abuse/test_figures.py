"""The arithmetic of the table; no test measures how fast the hub is."""

import math

from attrs import evolve

from tests.abuse.attacks import ATTACKS
from tests.abuse.figures import Outcome, Phase, longest, recovery, refusals, table
from tests.abuse.hubs import KINDS
from tests.abuse.victims import DIALECTS, Asked, Delivery


def deliveries(begin: float, seconds: float, count: int = 100) -> list[Delivery]:
    """On each dialect, within one second."""
    return [
        Delivery(begin + at / count, dialect, seconds)
        for dialect in DIALECTS
        for at in range(count)
    ]


def phase(milliseconds: float) -> Phase:
    return Phase.between(deliveries(0, milliseconds / 1_000), 0, 1)


QUIET = phase(10)
KEPT = Outcome(
    name="noise",
    who="stranger",
    phase="frames",
    before=QUIET,
    during=phase(59),
    after=QUIET,
    held=20.0,
    memory=99.0,
    recovery=1.75,
    lost=0,
    cut=0,
    requests=3,
    refused={},
    slowest_request=12.0,
    answers={"404": 1_500, "close 1008": 2},
    logged=[],
)


def test_there_are_many_attacks_each_with_a_name_of_its_own_and_a_hub() -> None:
    assert len({each.name for each in ATTACKS}) == len(ATTACKS) >= 40
    assert {each.hub for each in ATTACKS} == set(KINDS)


def test_the_longest_hold_of_the_loop_is_the_bound_of_the_observations_since() -> None:
    before = {"0.001": 10, "0.02": 12, "+Inf": 13}
    after = {"0.001": 15, "0.02": 19, "+Inf": 20}
    assert longest(before, after) == 20
    assert longest(before, {**after, "+Inf": 21}) == math.inf
    assert longest(before, before) == 1


def test_a_phase_has_the_messages_sent_in_it_and_its_worst_dialect_counts() -> None:
    late = [each for each in deliveries(0, 0.5) if each.dialect == "/gateway"]
    others = [each for each in deliveries(0, 0.01) if each.dialect != "/gateway"]
    found = Phase.between(late + others + deliveries(1, 9), 0, 1)
    assert found.by_dialect["/gateway"].p99 == found.worst == 500
    assert found.by_dialect["/ws"].p99 == 10
    assert found.all.count == 500


def test_a_dialect_on_which_nothing_arrives_is_infinitely_late() -> None:
    silent = [each for each in deliveries(0, 0.01) if each.dialect != "/ws"]
    outcome = evolve(KEPT, during=Phase.between(silent, 0, 1))
    assert outcome.broken() == ["p99 inf ms > 60 ms"]


def test_every_bound_that_is_broken_is_named() -> None:
    assert KEPT.broken() == []
    broken = evolve(
        KEPT, during=phase(61), memory=101, recovery=2.25, lost=1, cut=2, refused={"upload 503": 3}
    )
    broken = evolve(broken, logged=["connection_failed", "Traceback"])
    assert broken.broken() == [
        "p99 61 ms > 60 ms",
        "memory +101 MB",
        "back 2.2 s",
        "1 lost",
        "2 victims cut off",
        "refused: upload 503 x3",
        "errors logged: connection_failed",
    ]
    assert evolve(KEPT, before=phase(20), during=phase(99)).broken() == []
    assert evolve(KEPT, recovery=None).broken() == ["not back"]


def test_recovery_is_when_the_messages_of_the_next_second_arrive_in_time() -> None:
    slow, fast = deliveries(0, 0.2), deliveries(1, 0.01)
    assert recovery(slow + fast, 0, 2, QUIET) == 1.0
    assert recovery(fast, 1, 2, QUIET) == 0.0
    assert recovery(slow, 0, 1, QUIET) is None


def test_refused_requests_of_newcomers_are_counted() -> None:
    asked = [Asked("page", 0, 200, 0.1), Asked("upload", 0, 503, 0.1), Asked("page", 0, 0, 20)]
    assert refusals(asked) == {"upload 503": 1, "page not answered": 1}


def test_the_table_has_a_row_for_each_attack() -> None:
    cells = (
        "noise", "stranger", "frames", "10 / 10", "59 / 59", "10 / 10", "20 ms", "+99 MB", "1.75 s",
        "12 ms", "0", "404 x1,500, close 1008 x2", "-",
    )  # fmt: skip
    assert table([KEPT]).splitlines()[2:] == [f"| {' | '.join(cells)} |"]
