"""REST bodies of the learning platform: every field, and what is refused in it."""

import pytest

from protocol.dialects.learning_chat.rest import (
    REST,
    AccountBody,
    ChannelBody,
    CredentialsBody,
    GradeBody,
    MemberBody,
    PostBody,
    WorkspaceBody,
    check_name,
    check_optional,
)
from protocol.errors import ErrorCode, WireError
from protocol.model import ChannelId, ChannelKind, MessageId, MessageKind, Role
from protocol.parsing.structuring import structure

ANN: dict[str, object] = {
    "username": "ann", "password": "secret", "name": "Ann", "email": "ann@example.org"
}  # fmt: skip


def test_the_dialects_errors_and_bodies() -> None:
    assert REST.error(400, "no", "bad") == {"message": "no", "code": "bad"}
    assert REST.unauthorized == {"message": "Not authenticated", "code": "not_signed_in"}
    assert (REST.cookie, REST.naming("client_message_id")) == ("connect.sid", "clientMessageId")


@pytest.mark.parametrize(
    ("body", "is_ours"),
    [
        ({"username": 5}, True),
        ({"channelId": 3}, True),
        ({"channelId": "3"}, False),
        ({"channelId": True}, False),
        ({}, False),
    ],
)
def test_a_body_may_show_that_it_is_of_this_dialect(body: dict[str, object], is_ours: bool) -> None:
    assert REST.claims(body) is is_ours


@pytest.mark.parametrize(
    ("shape", "body", "field"),
    [
        (AccountBody, {}, "username"),
        (AccountBody, ANN | {"class": 5}, "class"),
        (CredentialsBody, {"username": 5}, "username"),
        (CredentialsBody, {"password": 5}, "password"),
        (WorkspaceBody, {}, "name"),
        (WorkspaceBody, {"name": "w", "description": 5}, "description"),
        (MemberBody, {"userId": "7"}, "userId"),
        (ChannelBody, {"name": "c", "type": 5}, "type"),
        (ChannelBody, {"name": "c", "class": 5}, "class"),
        (ChannelBody, {"name": "c", "subject": 5}, "subject"),
        (ChannelBody, {"name": "c", "workspaceId": 0}, "workspaceId"),
        (PostBody, {"content": "x"}, "channelId"),
        (PostBody, {"channelId": 3}, "content"),
        (PostBody, {"channelId": 3, "content": "x", "type": 5}, "type"),
        (PostBody, {"channelId": 3, "content": "x", "messageType": 5}, "messageType"),
        (PostBody, {"channelId": 3, "content": "x", "fileUrl": 5}, "fileUrl"),
        (PostBody, {"channelId": 3, "content": "x", "isHomework": 1}, "isHomework"),
        (PostBody, {"channelId": 3, "content": "x", "clientMessageId": 5}, "clientMessageId"),
        (PostBody, {"channelId": 3, "content": "x", "parentId": "7"}, "parentId"),
        (GradeBody, {}, "status"),
    ],
)
def test_a_field_of_the_wrong_type_is_named_as_in_json(
    shape: type, body: dict[str, object], field: str
) -> None:
    with pytest.raises(WireError) as caught:
        structure(body, shape, naming=REST.naming)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, field)


def test_a_whole_post() -> None:
    body = {
        "channelId": 3, "content": "x", "messageType": "file", "fileUrl": "/uploads/a",
        "isHomework": True, "clientMessageId": "k", "parentId": 7,
    }  # fmt: skip
    assert structure(body, PostBody, naming=REST.naming) == PostBody(
        ChannelId(3), "x", None, "file", "/uploads/a", True, "k", MessageId(7)
    )


@pytest.mark.parametrize(
    ("message_type", "type_", "kind"),
    [
        (None, None, MessageKind.TEXT),
        ("", "", MessageKind.TEXT),
        ("image", None, MessageKind.IMAGE),
        (None, "file", MessageKind.FILE),
        ("image", "file", MessageKind.IMAGE),
    ],
)
def test_a_kind_has_two_spellings(
    message_type: str | None, type_: str | None, kind: MessageKind
) -> None:
    assert PostBody(ChannelId(3), "x", type_, message_type).kind() is kind


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (PostBody(ChannelId(3), "x", type_="video"), "type"),
        (PostBody(ChannelId(3), "x", message_type="video"), "messageType"),
    ],
)
def test_a_kind_that_is_refused_is_named_as_it_was_spelt(body: PostBody, field: str) -> None:
    with pytest.raises(WireError) as caught:
        body.kind()
    assert caught.value.field == field


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_a_role_that_is_open_to_all(role: str) -> None:
    body = structure({**ANN, "role": role}, AccountBody, naming=REST.naming)
    assert body.checked_role() is Role(role)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": " "}, "username"),
        ({"name": "x" * 201}, "name"),
        ({"email": "a@"}, "email"),
        ({"email": "a@\x00"}, "email"),
        ({"email": "a@" + "b" * 253}, "email"),
        ({"avatar": "x" * 201}, "avatar"),
        ({"class": "\x00"}, "class"),
        ({"subject": "x" * 201}, "subject"),
        ({"role": "admin"}, "role"),
    ],
)
def test_an_account_that_is_refused_names_the_field(changes: dict[str, object], field: str) -> None:
    body = structure({**ANN, **changes}, AccountBody, naming=REST.naming)
    with pytest.raises(WireError) as caught:
        body.checked_role()
    assert caught.value.field == field


@pytest.mark.parametrize("kind", [ChannelKind.TEXT, ChannelKind.ANNOUNCEMENT])
def test_a_channel_is_for_texts_or_announcements(kind: ChannelKind) -> None:
    assert ChannelBody("c", kind.value).kind() is kind


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (ChannelBody(" "), "name"),
        (ChannelBody("c", "dm"), "type"),
        (ChannelBody("c", class_="x" * 201), "class"),
        (ChannelBody("c", subject="\x00"), "subject"),
    ],
)
def test_a_channel_that_is_refused_names_the_field(body: ChannelBody, field: str) -> None:
    with pytest.raises(WireError) as caught:
        body.kind()
    assert caught.value.field == field


@pytest.mark.parametrize("text", ["", " ", "x" * 201, "\x00", "\ud800"])
def test_a_name_has_1_to_200_characters(text: str) -> None:
    check_name("name", "x" * 200)
    with pytest.raises(WireError):
        check_name("name", text)


@pytest.mark.parametrize("text", ["x" * 201, "\x00", "\ud800"])
def test_an_optional_text_has_at_most_200_characters(text: str) -> None:
    check_optional("class", None)
    check_optional("class", "")
    with pytest.raises(WireError):
        check_optional("class", text)
