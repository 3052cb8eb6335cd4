"""The table of planted faults in docs/testing.md."""

from collections.abc import Iterable

from tests.planted.fault import Fault


def table(faults: Iterable[Fault]) -> str:
    """The faults as Markdown."""
    rows = ["| fault | planted in | tests about it |", "|---|---|---|"]
    for fault in faults:
        parts = ", ".join(f"`{part.removeprefix('tests/')}`" for part in fault.part)
        rows.append(f"| {fault.name} | `{fault.file}` | {parts} |")
    return "\n".join(rows)
