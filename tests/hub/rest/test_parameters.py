"""Parameters of the query and headers."""

import base64

import pytest

from hub.rest.parameters import Cursor, Number, decimal
from protocol.errors import ErrorCode, WireError

STRICT = Number("limit", "how many", 50, 1, 100)
LIMIT = Number("limit", "how many", 50, 1, 100, larger=100)
CURSOR = Cursor((str, int))


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), (str(2**53 - 1), 2**53 - 1), (str(2**53), None), ("", None),
     ("-1", None), ("1.0", None), (" 1", None), ("\u0661", None), ("9" * 5_000, None)],
)  # fmt: skip
def test_a_number_is_written_in_digits(text: str, number: int | None) -> None:
    assert decimal(text) == number


@pytest.mark.parametrize(("given", "number"), [(None, 50), ("", 50), ("1", 1), ("100", 100)])
def test_a_number_that_is_missing_is_the_default(given: str | None, number: int) -> None:
    assert STRICT.read(given) == number


@pytest.mark.parametrize("given", ["x", "0", "-1", "1.5", "101", "undefined", str(2**53 + 1)])
def test_a_number_that_is_malformed_or_out_of_range_is_refused(given: str) -> None:
    with pytest.raises(WireError, match="limit must be a whole number from 1 to 100") as caught:
        STRICT.read(given)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, "limit")


def test_a_number_above_the_maximum_may_be_replaced_by_another_one() -> None:
    assert LIMIT.read("101") == 100
    for given in ("0", str(2**53)):
        with pytest.raises(WireError):
            LIMIT.read(given)


def test_a_cursor_returns_the_values_that_were_put_into_it() -> None:
    assert CURSOR.read(Cursor.text("\u00fc/?&", 2**53 - 1)) == ("\u00fc/?&", 2**53 - 1)
    assert CURSOR.read("") is CURSOR.read(None) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"{}", b"[]", b'["a"]', b'["a", "1"]', b'["a", true]', b'["a", 1, 1]', b'["a", -1]',
     b'["a", 9007199254740992]', b'["a", 1.0]', b"\xff"],
)  # fmt: skip
def test_a_malformed_cursor_is_refused(content: bytes) -> None:
    text = base64.urlsafe_b64encode(content).decode().rstrip("=") or "="
    for given in (text, f"{text}?", "\u00e9"):
        with pytest.raises(WireError, match="Invalid cursor"):
            CURSOR.read(given)


def test_the_bounds_of_a_number_are_documented() -> None:
    assert STRICT.schema == {"type": "integer", "minimum": 1, "maximum": 100}
