"""REST bodies of `/ws`'s clients: every field, and what is refused in it."""

from datetime import date

import pytest

from protocol.dialects.private_messages.rest import (
    REST,
    AddressedMessageBody,
    LoginBody,
    MessageBody,
    PasswordBody,
    ProfileBody,
    RegisterBody,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import MessageId, UserId
from protocol.parsing.structuring import structure

TODAY = date(2026, 1, 1)
ANN: dict[str, object] = {
    "email": "ann@example.org", "password": "secret", "first_name": "Ann", "last_name": "Lee",
    "date_of_birth": "2000-12-31",
}  # fmt: skip


def test_the_dialects_errors_and_bodies() -> None:
    assert REST.error(400, "no", "bad") == {"error": "no", "code": "bad"}
    assert (REST.cookie, REST.unauthorized) == ("session_token", "Unauthorized")
    assert REST.naming("first_name") == "first_name"


@pytest.mark.parametrize(
    ("body", "is_ours"),
    [
        ({"recipient_id": 1}, True),
        ({"receiver_id": 1}, True),
        ({"email": "a"}, True),
        ({"email": "a", "username": "a"}, False),
        ({"channelId": 1}, False),
        ({}, False),
    ],
)
def test_a_body_may_show_that_it_is_of_this_dialect(body: dict[str, object], is_ours: bool) -> None:
    assert REST.claims(body) is is_ours


def test_a_registration_is_checked_and_gives_the_birthday() -> None:
    more: dict[str, object] = {"avatar": "a", "nickname": "n", "about_me": "m"}
    assert structure({**ANN, **more}, RegisterBody).check(TODAY) == date(2000, 12, 31)
    stamped = {**ANN, "date_of_birth": "2000-12-31T00:00:00Z"}
    assert structure(stamped, RegisterBody).check(TODAY) == date(2000, 12, 31)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": 5}, "email"),
        ({"email": "nowhere"}, "email"),
        ({"email": "@b"}, "email"),
        ({"email": "a@" + "b" * 253}, "email"),
        ({"email": "a@\x00"}, "email"),
        ({"password": None}, "password"),
        ({"first_name": "x" * 1_001}, "first_name"),
        ({"last_name": "\x00"}, "last_name"),
        ({"avatar": "x" * 1_001}, "avatar"),
        ({"nickname": 5}, "nickname"),
        ({"nickname": "\x00"}, "nickname"),
        ({"about_me": "x" * 1_001}, "about_me"),
        ({"date_of_birth": "31.12.2000"}, "date_of_birth"),
        ({"date_of_birth": 5}, "date_of_birth"),
        ({"date_of_birth": "2026-01-02"}, "date_of_birth"),
        ({"date_of_birth": "1899-12-31"}, "date_of_birth"),
    ],
)
def test_a_registration_that_is_refused_names_the_field(
    changes: dict[str, object], field: str
) -> None:
    with pytest.raises(WireError) as caught:
        structure({**ANN, **changes}, RegisterBody).check(TODAY)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, field)


@pytest.mark.parametrize(
    ("shape", "body", "field"),
    [
        (LoginBody, {"password": "x"}, "email"),
        (LoginBody, {"email": "a", "password": 5}, "password"),
        (ProfileBody, {"is_public": 1}, "is_public"),
        (ProfileBody, {"nickname": 5}, "nickname"),
        (PasswordBody, {"new_password": "x"}, "current_password"),
        (PasswordBody, {"current_password": "x", "new_password": 5}, "new_password"),
        (MessageBody, {"content": 5}, "content"),
        (MessageBody, {"client_id": 5}, "client_id"),
        (MessageBody, {"message_type": 5}, "message_type"),
        (MessageBody, {"file_url": 5}, "file_url"),
        (MessageBody, {"parent_id": 0}, "parent_id"),
        (AddressedMessageBody, {"recipient_id": "2"}, "recipient_id"),
        (AddressedMessageBody, {"receiver_id": 2.0}, "receiver_id"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(
    shape: type, body: dict[str, object], field: str
) -> None:
    with pytest.raises(WireError) as caught:
        structure(body, shape)
    assert caught.value.field == field


def test_a_message_has_its_key_from_the_header_or_the_body() -> None:
    body = MessageBody("hi", client_id="k", parent_id=MessageId(7))
    assert body.checked(20, None) == ("hi", "k")
    assert body.checked(20, "header") == ("hi", "header")


@pytest.mark.parametrize(
    ("body", "header", "field"),
    [
        (MessageBody("hi", client_id=""), None, "client_id"),
        (MessageBody("hi", client_id="k"), "", "Idempotency-Key"),
        (MessageBody("", client_id="k"), None, "content"),
        (MessageBody("x" * 21), "k", "content"),
    ],
)
def test_a_message_that_is_refused_names_the_field(
    body: MessageBody, header: str | None, field: str
) -> None:
    with pytest.raises(WireError) as caught:
        body.checked(20, header)
    assert caught.value.field == field


def test_a_recipient_has_two_spellings() -> None:
    assert AddressedMessageBody(recipient_id=UserId(2), receiver_id=UserId(3)).recipient() == 2
    assert AddressedMessageBody(receiver_id=UserId(3)).recipient() == 3
    with pytest.raises(WireError) as caught:
        AddressedMessageBody().recipient()
    assert caught.value.field == "recipient_id"


def test_only_the_given_fields_of_a_profile_change() -> None:
    body = ProfileBody("Ann", date_of_birth="2000-12-31", avatar="", is_public=False)
    given = {"first_name", "last_name", "date_of_birth", "avatar", "about_me", "is_public"}
    assert body.changes(given, TODAY) == {
        "first_name": "Ann",
        "date_of_birth": date(2000, 12, 31),
        "avatar": None,
        "about_me": None,
        "is_public": False,
    }
    assert ProfileBody().changes((), TODAY) == {}


@pytest.mark.parametrize("field", ["first_name", "last_name", "avatar", "nickname", "about_me"])
@pytest.mark.parametrize("text", ["x" * 1_001, "a\x00"])
def test_a_profile_text_that_cannot_be_stored_is_refused(field: str, text: str) -> None:
    with pytest.raises(WireError) as caught:
        structure({field: text}, ProfileBody).changes({field}, TODAY)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, field)
