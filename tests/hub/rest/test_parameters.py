"""Parameters of the query and headers."""

import pytest

from hub.rest.parameters import Number, decimal

LIMIT = Number("limit", "how many", 50, 1, 100)
CLAMPED = Number("limit", "how many", 50, 1, 100, is_clamped=True)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), (str(2**53 - 1), 2**53 - 1), (str(2**53), None), ("", None),
     ("-1", None), ("1.0", None), (" 1", None), ("\u0661", None), ("9" * 5_000, None)],
)  # fmt: skip
def test_a_number_is_written_in_digits(text: str, number: int | None) -> None:
    assert decimal(text) == number


@pytest.mark.parametrize(
    ("given", "read", "clamped"),
    [(None, 50, 50), ("", 50, 50), ("x", 50, 50), ("0", 50, 50), ("1", 1, 1), ("100", 100, 100),
     ("101", 50, 100)],
)  # fmt: skip
def test_what_is_out_of_range_counts_as_missing_or_as_the_largest(
    given: str | None, read: int, clamped: int
) -> None:
    assert LIMIT.read(given) == read
    assert CLAMPED.read(given) == clamped


def test_its_bounds_are_documented() -> None:
    assert LIMIT.schema == {"type": "integer", "minimum": 1, "maximum": 100}
