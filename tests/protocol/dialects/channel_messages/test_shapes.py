"""How Socket.IO's clients see messages."""

from attrs import evolve

from protocol.dialects.channel_messages.shapes import channel_message_object, sent_object
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.documents.events import ANN, FULL_MESSAGE, MESSAGE


def test_a_reply_names_its_parent_and_how_far_it_got() -> None:
    view = channel_message_object(FULL_MESSAGE, ANN)
    assert view["parentId"] == to_uuid(IdKind.MESSAGE, 7)
    assert view["deliveryStatus"] == "READ"


def test_what_a_message_lacks_is_left_out() -> None:
    bare = evolve(MESSAGE, key=None)
    assert not {"parentId", "tempId", "renderedContent"} & channel_message_object(bare, ANN).keys()
    assert "tempId" not in sent_object(bare)


def test_content_is_rendered_where_there_is_a_renderer() -> None:
    assert channel_message_object(MESSAGE, ANN, str.upper)["renderedContent"] == "HI"
