"""How the messenger shows messages."""

import pytest
from attrs import evolve

from protocol.dialects.messenger.shapes import conversation_message_object
from tests.support.documents.events import ANN, FULL_MESSAGE, MESSAGE


def test_ids_are_strings_and_fields_that_a_message_lacks_are_left_out() -> None:
    view = conversation_message_object(evolve(MESSAGE, key=None), ANN)
    assert (view["id"], view["messageId"], view["conversationId"]) == ("9", "9", "conv_1_2")
    assert not {"fileUrl", "clientMessageId", "parentId", "threadId"} & view.keys()


def test_a_file_and_read_marks_are_shown() -> None:
    view = conversation_message_object(FULL_MESSAGE, ANN)
    assert (view["messageType"], view["fileUrl"]) == ("file", "/uploads/2024-01-01/1_a.txt")
    assert (view["readBy"], view["isRead"]) == ((2,), True)


def test_a_reply_names_its_parent_and_the_first_message_of_its_thread() -> None:
    view = conversation_message_object(FULL_MESSAGE, ANN)
    assert (view["parentId"], view["threadId"], view["thread"]["parentId"]) == ("7", "6", "6")


def test_a_message_of_another_channel_is_not_shown() -> None:
    with pytest.raises(ValueError, match="not a private message"):
        conversation_message_object(evolve(MESSAGE, recipient_id=None), ANN)
