"""REST bodies of the messenger: every field, and what is refused in it."""

import pytest

from protocol.dialects.messenger.rest import (
    REST,
    BetweenBody,
    MessengerPostBody,
    MessengerReadBody,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import UserId
from protocol.parsing.structuring import structure


def test_the_dialects_errors_and_bodies() -> None:
    assert REST.error(400, "no", "bad") == {"error": "no", "code": "bad"}
    assert REST.unauthorized == {"error": "Authentication required", "code": "not_signed_in"}
    assert (REST.cookie, REST.naming("sender_id")) == ("connect.sid", "senderId")
    assert not REST.claims({"conversationId": "conv_1_2"})


def test_fields_are_camel_case() -> None:
    body: dict[str, object] = {"userId1": 1, "userId2": 2}
    assert structure(body, BetweenBody, naming=REST.naming) == BetweenBody(UserId(1), UserId(2))


@pytest.mark.parametrize(
    ("shape", "body", "field"),
    [
        (BetweenBody, {"userId1": "1"}, "userId1"),
        (BetweenBody, {"userId2": 0}, "userId2"),
        (MessengerPostBody, {"conversationId": 5}, "conversationId"),
        (MessengerPostBody, {"senderId": "1"}, "senderId"),
        (MessengerPostBody, {"senderName": 5}, "senderName"),
        (MessengerPostBody, {"recipientId": 2.0}, "recipientId"),
        (MessengerPostBody, {"content": 5}, "content"),
        (MessengerPostBody, {"messageType": 5}, "messageType"),
        (MessengerPostBody, {"fileUrl": 5}, "fileUrl"),
        (MessengerPostBody, {"clientMessageId": 5}, "clientMessageId"),
        (MessengerReadBody, {"conversationId": 5}, "conversationId"),
        (MessengerReadBody, {"userId": "1"}, "userId"),
    ],
)
def test_a_field_of_the_wrong_type_is_named_as_in_json(
    shape: type, body: dict[str, object], field: str
) -> None:
    with pytest.raises(WireError) as caught:
        structure(body, shape, naming=REST.naming)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, field)
