"""The end of a mute: the accepted forms, and what is refused."""

from datetime import UTC, datetime

import pytest

from protocol.errors import ErrorCode, WireError
from protocol.parsing.muting import parse_until


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        (None, None),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.1239+02:00", datetime(2026, 1, 31, 10, 0, 0, 123_000, UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_with_its_offset_or_none_is_accepted(given: object, moment: datetime | None) -> None:
    assert parse_until(given) == moment


@pytest.mark.parametrize(
    "given",
    [
        "", "soon", "2026-01-31", "2026-01-31T12:00:00", "2026-W05-6T12:00:00Z", "20260131T120000Z",
        "10000-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", 1_800_000_000,
        True, [], {},
    ],
)  # fmt: skip
def test_anything_else_is_refused(given: object) -> None:
    with pytest.raises(WireError) as caught:
        parse_until(given)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, "until")
