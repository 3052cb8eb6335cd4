"""How Socket.IO's clients see messages and channels."""

import orjson
from attrs import evolve

from protocol.dialects.channel_messages.shapes import (
    channel_message_object,
    channel_object,
    sent_object,
)
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.documents.events import ANN, CHANNEL, FULL_MESSAGE, MESSAGE


def test_a_reply_has_its_parent_its_thread_and_its_delivery_status() -> None:
    view = channel_message_object(FULL_MESSAGE, ANN)
    assert view["parentId"] == to_uuid(IdKind.MESSAGE, 7)
    assert view["threadId"] == view["thread"]["parentId"] == to_uuid(IdKind.MESSAGE, 6)
    assert view["deliveryStatus"] == "READ"


def test_fields_that_a_message_lacks_are_left_out() -> None:
    bare = evolve(MESSAGE, key=None)
    assert (
        not {"parentId", "threadId", "tempId", "renderedContent"}
        & channel_message_object(bare, ANN).keys()
    )
    assert "tempId" not in sent_object(bare)


def test_content_is_rendered_where_there_is_a_renderer() -> None:
    assert channel_message_object(MESSAGE, ANN, str.upper)["renderedContent"] == "HI"


def test_a_channel_is_described_by_its_subject_if_it_has_one() -> None:
    plain = evolve(CHANNEL, subject=None)
    far = {"members": 2, "last_seq": 7, "last_rev": 3}
    view = channel_object(plain, "maths", [ANN], **far)
    assert "description" not in view
    assert b'"_count":{"members":2,"messages":7}' in orjson.dumps(view)
    assert (view["lastSeq"], view["lastRev"]) == (7, 3)
    described = channel_object(evolve(plain, subject="Algebra"), "maths", [], **far)
    assert (described["description"], described["members"]) == ("Algebra", [])
