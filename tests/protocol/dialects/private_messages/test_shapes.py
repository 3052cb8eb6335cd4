"""How `/ws` and its REST show messages and users."""

from datetime import date

import pytest
from attrs import evolve

from protocol.dialects.private_messages.shapes import (
    message_objects,
    own_user_object,
    private_message_object,
    user_object,
)
from protocol.model import UserId
from tests.support.documents.events import ANN, FULL_MESSAGE, MESSAGE

BEN = evolve(ANN, id=UserId(2), username="ben", name="Ben", email="ben@example.org")
ALWAYS = {
    "id": 9, "content": "hi", "sender_id": 1, "receiver_id": 2, "recipient_id": 2,
    "created_at": "2024-01-01T12:00:00.007Z", "seq": 4, "client_id": "k",
}  # fmt: skip


def test_a_plain_message_has_only_the_fields_of_every_message() -> None:
    assert private_message_object(MESSAGE, UserId(2)) == {**ALWAYS, "is_read": False}
    assert "client_id" not in private_message_object(evolve(MESSAGE, key=None), UserId(2))


def test_a_message_with_everything_shows_everything() -> None:
    assert private_message_object(FULL_MESSAGE, UserId(2)) == {
        **ALWAYS, "is_read": True, "message_type": "file", "is_delivered": True,
        "is_forwarded": True,
        "file_url": "/uploads/2024-01-01/1_a.txt", "parent_id": 7, "thread_id": 6,
        "thread": {"parent_id": 6, "reply_count": 2, "last_reply": {
            "id": 9, "sender_id": 1, "created_at": "2024-01-01T12:00:00.007Z"}},
        "reply_count": 1,
        "last_reply": {"id": 10, "sender_id": 2, "created_at": "2024-01-01T12:00:00.007Z"},
        "rev": 6, "edited_at": "2024-01-01T12:00:00.007Z", "is_deleted": True,
        "reactions": [{"emoji": "\N{THUMBS UP SIGN}", "count": 1, "user_ids": [1]}],
    }  # fmt: skip


def test_only_the_user_sees_their_email_and_birthday() -> None:
    user = evolve(BEN, date_of_birth=date(2000, 12, 31), avatar="a", about_me="me")
    shown, own = user_object(user), own_user_object(user)
    assert not {"email", "date_of_birth"} & shown.keys()
    assert own == {**shown, "email": "ben@example.org", "date_of_birth": "2000-12-31"}
    assert (shown["avatar"], shown["about_me"]) == ("a", "me")
    assert "nickname" not in shown
    assert own_user_object(BEN)["date_of_birth"] is None


def test_history_shows_both_people_of_each_message() -> None:
    (view,) = message_objects([MESSAGE], {UserId(1): ANN, UserId(2): BEN})
    assert (view["sender"], view["receiver"]) == (user_object(ANN), user_object(BEN))
    assert view.items() >= ALWAYS.items()


def test_a_message_of_another_channel_is_no_history() -> None:
    with pytest.raises(ValueError, match="not a private message"):
        message_objects([evolve(MESSAGE, recipient_id=None)], {UserId(1): ANN})
