"""The costs in a plan of Postgres."""

from collections.abc import Iterator
from typing import Any


def rows_read(plan: dict[str, Any]) -> Iterator[float]:
    """How many rows each step of a plan has looked at."""
    for inner in plan.get("Plans", ()):
        yield from rows_read(inner)
    looked_at = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    yield looked_at * plan["Actual Loops"]


def scanned(plan: dict[str, Any]) -> Iterator[str]:
    """The tables that a plan reads as a whole."""
    for inner in plan.get("Plans", ()):
        yield from scanned(inner)
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]


def read_of(plan: dict[str, Any], table: str) -> float:
    """How many rows of a table a plan has looked at."""
    own = 0.0
    if plan.get("Relation Name") == table:
        looked_at = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        own = looked_at * plan["Actual Loops"]
    return own + sum(read_of(inner, table) for inner in plan.get("Plans", ()))
