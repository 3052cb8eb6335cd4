"""REST bodies of Socket.IO clients: every field, and what is refused in it."""

import pytest

from protocol.dialects.channel_messages.rest import REST, ChannelMessageBody
from protocol.errors import WireError
from protocol.parsing.structuring import structure


def test_the_dialects_errors_and_bodies() -> None:
    error = {"statusCode": 404, "message": "no", "error": "Not Found", "code": "bad"}
    assert REST.error(404, "no", "bad") == error
    assert REST.unauthorized == {
        "statusCode": 401, "message": "Unauthorized", "error": "Unauthorized",
        "code": "not_signed_in",
    }  # fmt: skip
    assert (REST.cookie, REST.naming("temp_id")) == (None, "tempId")


@pytest.mark.parametrize(
    ("body", "is_ours"), [({"channelId": "3"}, True), ({"channelId": 3}, False), ({}, False)]
)
def test_a_body_may_show_that_it_is_of_this_dialect(body: dict[str, object], is_ours: bool) -> None:
    assert REST.claims(body) is is_ours


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"content": 5}, "content"),
        ({"channelId": 3}, "channelId"),
        ({"parentId": 7}, "parentId"),
        ({"tempId": 5}, "tempId"),
    ],
)
def test_a_field_of_the_wrong_type_is_named_as_in_json(
    changes: dict[str, object], field: str
) -> None:
    body: dict[str, object] = {"content": "x", "channelId": "3", **changes}
    with pytest.raises(WireError) as caught:
        structure(body, ChannelMessageBody, naming=REST.naming)
    assert caught.value.field == field
