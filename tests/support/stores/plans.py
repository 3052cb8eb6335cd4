"""What a plan of Postgres says of its cost."""

from collections.abc import Iterator
from typing import Any


def rows_read(plan: dict[str, Any]) -> Iterator[float]:
    """How many rows each step of a plan has looked at."""
    for inner in plan.get("Plans", ()):
        yield from rows_read(inner)
    looked_at = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    yield looked_at * plan["Actual Loops"]
