"""The names of fields in REST."""

import pytest

from protocol.rest import camel_case


@pytest.mark.parametrize(
    ("name", "json"),
    [("content", "content"), ("user_id", "userId"), ("class_", "class"), ("user_id1", "userId1"),
     ("client_message_id", "clientMessageId")],
)  # fmt: skip
def test_camel_case(name: str, json: str) -> None:
    assert camel_case(name) == json
