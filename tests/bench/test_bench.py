"""The benchmark's own arithmetic; no test measures speed."""

from pathlib import Path
from typing import Final

import pytest

from protocol.model import ChannelId
from tests.bench.__main__ import OURS, table
from tests.bench.exchange import BenchError
from tests.bench.hubs import People
from tests.bench.load import Peer, build
from tests.bench.nodes.__main__ import ROWS
from tests.bench.nodes.__main__ import table as table_of_nodes
from tests.bench.others import Other, Others
from tests.bench.scenarios import SCENARIOS

# Their sources are in this repository, or they need none: they take part where their programs are
# installed.
HERE: Final = {
    "C": {Other.LIMIT, Other.LIMIT_OF_SENDING},
    "ejabberd": {Other.EJABBERD},
}


def test_the_table_shows_medians_and_ratios() -> None:
    scenario = next(each for each in SCENARIOS if each.name == "lone")

    def rounds(*rates: float) -> list[dict[str, float | None]]:
        return [{"rate": rate, "p50": 1.0, "p99": 2.0, "memory": None} for rate in rates]

    found = {OURS: rounds(100, 900, 300), "Go": rounds(100)}
    assert table([scenario], {scenario.name: found}).splitlines()[2:] == [
        f"| {scenario.what} | Parlour | 300 messages/s | 1.00 | 2.00 | - | - | - |",
        f"| {scenario.what} | Go | 100 messages/s | 1.00 | 2.00 | 3.00 | - | - |",
    ]
    limit = Other.LIMIT.value
    found[limit] = rounds(400)
    assert table([scenario], {scenario.name: found}).splitlines()[2:] == [
        f"| {scenario.what} | Parlour | 300 messages/s | 1.00 | 2.00 | - | - | 75% |",
        f"| {scenario.what} | Go | 100 messages/s | 1.00 | 2.00 | 3.00 | - | 25% |",
        f"| {scenario.what} | {limit} | 400 messages/s | 1.00 | 2.00 | 0.75 | - | 100% |",
    ]


def test_the_table_of_nodes_shows_medians_and_ratios_to_the_first_layout() -> None:
    found = {
        row.what: {
            each.name: [50.0, 100.0 * (at + 1), 900.0] for at, each in enumerate(row.layouts)
        }
        for row in ROWS
    }
    lines = table_of_nodes(found).splitlines()[2:]
    assert len(lines) == sum(len(row.layouts) for row in ROWS)
    assert lines[:3] == [
        "| 100 pairs, 8 in flight | one process | 100 messages/s | 1.00 |",
        "| 100 pairs, 8 in flight | one process with a bus | 200 messages/s | 2.00 |",
        "| 100 pairs, 8 in flight | 2 workers | 300 messages/s | 3.00 |",
    ]


def test_a_missing_load_generator_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="nowhere"):
        build(tmp_path / "nowhere.c", tmp_path)


def test_servers_that_cannot_be_measured_are_listed_with_the_reason(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    peers = [Peer(user_id, "X: 1") for user_id in (1, 2)]
    people = People(peers, peers, (), {2: ChannelId(3)}, (ChannelId(4),))
    nowhere = tmp_path / "nowhere"
    with Others(nowhere, nowhere, tmp_path, people) as others:
        assert {*others.missing} - {*HERE} == {"Go", "Node", "Starlette"}
        assert all("no" in reason for reason in others.missing.values())
        ours = [HERE[name] for name in HERE.keys() - others.missing.keys()]
        assert {other for other in Other if other in others} == set().union(*ours)
