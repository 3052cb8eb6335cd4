"""The benchmark's own arithmetic; speed itself is nobody's test."""

from pathlib import Path

import pytest

from tests.bench.__main__ import OURS, table
from tests.bench.exchange import BenchError
from tests.bench.load import build
from tests.bench.scenarios import SCENARIOS


def test_the_table_shows_medians_and_ratios() -> None:
    scenario = next(each for each in SCENARIOS if each.name == "lone")

    def rounds(*rates: float) -> list[dict[str, float | None]]:
        return [{"rate": rate, "p50": 1.0, "p99": 2.0, "memory": None} for rate in rates]

    lines = table([scenario], {scenario.name: {OURS: rounds(100, 900, 300), "Go": rounds(100)}})
    assert lines.splitlines()[2:] == [
        f"| {scenario.what} | Parlour | 300 messages/s | 1.00 | 2.00 | - | - |",
        f"| {scenario.what} | Go | 100 messages/s | 1.00 | 2.00 | 3.00 | - |",
    ]


def test_a_missing_load_generator_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="nowhere"):
        build(tmp_path / "nowhere.c", tmp_path)
