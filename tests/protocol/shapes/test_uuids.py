"""Ids as UUIDs."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.model import MAX_ID
from protocol.shapes.uuids import IdKind, from_uuid, to_uuid


@given(st.sampled_from(IdKind), st.integers(1, MAX_ID))
def test_every_uuid_is_parsed_to_its_id_and_only_for_its_kind(kind: IdKind, number: int) -> None:
    text = to_uuid(kind, number)
    assert UUID(text).version == 8
    assert from_uuid(kind, text) == number
    assert from_uuid(kind, text.upper()) == number
    assert from_uuid(kind, str(number)) == number
    assert all(from_uuid(other, text) is None for other in IdKind if other is not kind)


@pytest.mark.parametrize(
    "text",
    ["", "x", "0", "-1", "9007199254740992", "1.5", None, 7, True, ["1"], "\uff11",
     "00000000-0000-0000-0000-000000000001", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
)  # fmt: skip
def test_anything_else_is_no_id(text: object) -> None:
    assert from_uuid(IdKind.USER, text) is None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    from_uuid(IdKind.MESSAGE, text)
