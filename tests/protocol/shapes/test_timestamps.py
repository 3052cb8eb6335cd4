"""Times in JSON."""

from datetime import UTC, datetime

import pytest

from protocol.shapes.timestamps import timestamp


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [(0, "000"), (7_000, "007"), (999_999, "999"), (123_456, "123")],
)
def test_a_time_is_utc_with_milliseconds_cut_off(microsecond: int, text: str) -> None:
    at = datetime(2024, 1, 1, 12, 0, 0, microsecond, UTC)
    assert timestamp(at) == f"2024-01-01T12:00:00.{text}Z"
