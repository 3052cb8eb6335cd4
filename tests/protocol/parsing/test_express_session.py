"""Signed cookies, against values that express-session's own signer made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.parsing.express_session import sign, unsign

# cookie-signature's documented example: sign("hello", "tobiiscool")
KNOWN = "hello.DGDUkGlIkCzPz+C0B064FNgHdEjox7ch8tOBGslZ5QI"


def test_a_value_that_the_reference_signed_is_accepted() -> None:
    assert unsign(f"s:{KNOWN}", ["tobiiscool"]) == "hello"
    assert unsign(f"s%3A{KNOWN.replace('+', '%2B')}", ["tobiiscool"]) == "hello"


def test_our_signature_is_the_references() -> None:
    assert sign("hello", "tobiiscool") == f"s%3A{KNOWN.replace('+', '%2B')}"


@pytest.mark.parametrize(
    "value",
    [
        KNOWN,
        f"S:{KNOWN}",
        f"s:{KNOWN}x",
        f"s:{KNOWN[:-1]}",
        f"s:x{KNOWN}",
        f"s:{KNOWN}=",
        "s:hello.",
        "s:.DGDUkGlIkCzPz",
        "s:hello",
        "s:",
        "",
        "%",
        "s:h\udc80llo.x",
    ],
)
def test_anything_else_is_refused(value: str) -> None:
    assert unsign(value, ["tobiiscool"]) is None


def test_the_last_dot_separates_id_and_signature() -> None:
    assert unsign(sign("a.b.c", "secret"), ["secret"]) == "a.b.c"


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_only_a_secret_that_signed_is_accepted(sid: str, secret: str, other: str) -> None:
    value = sign(sid, secret)
    assert unsign(value, [other, secret]) == sid
    assert unsign(value, [secret]) == sid
    assert (unsign(value, [other]) == sid) is (other == secret)
    assert unsign(value, []) is None


@given(st.text())
def test_no_value_raises(value: str) -> None:
    assert unsign(value, ["secret"]) is None
