"""How clients of the learning platform see messages, channels, workspaces and users."""

from attrs import evolve

from protocol.model import GradingStatus, MessageId
from protocol.shapes.learning_platform import (
    account_object,
    channel_object,
    chat_message_object,
    member_object,
    workspace_object,
)
from tests.support.documents.events import ANN, CHANNEL, FULL_MESSAGE, MESSAGE, WORKSPACE

CREATED = "2024-01-01T12:00:00.007Z"
MEMBER = {
    "id": 1, "username": "ann", "name": "Ann", "role": "student", "avatar": None, "class": "7b",
    "subject": None,
}  # fmt: skip


def test_a_message_with_everything() -> None:
    message = evolve(FULL_MESSAGE, is_pinned=True, is_homework=True, grading=GradingStatus.GRADED)
    assert chat_message_object(message, ANN) == {
        "id": 9, "channelId": 3, "authorId": 1, "authorUsername": "ann", "authorDisplayName": "Ann",
        "senderRole": "student", "content": "hi",
        "messageType": "file", "type": "file", "fileUrl": "/uploads/2024-01-01/1_a.txt",
        "readBy": (2,), "createdAt": CREATED, "isPinned": True, "isHomework": True,
        "gradingStatus": "graded", "seq": 4, "parentId": 7, "replyTo": 7, "clientMessageId": "k",
        "rev": 6, "editedAt": CREATED, "isDeleted": True, "isForwarded": True,
        "reactions": [{"emoji": "\N{THUMBS UP SIGN}", "count": 1, "userIds": [1]}],
        "threadId": 6,
        "thread": {"parentId": 6, "replyCount": 2,
                   "lastReply": {"id": 9, "userId": 1, "createdAt": CREATED}},
        "replyCount": 1, "lastReply": {"id": 10, "userId": 2, "createdAt": CREATED},
    }  # fmt: skip


def test_fields_that_a_message_lacks_are_left_out() -> None:
    view = chat_message_object(evolve(MESSAGE, key=None), ANN)
    assert not {"parentId", "threadId", "clientMessageId"} & view.keys()


def test_a_channel_a_workspace_and_users() -> None:
    channel = evolve(CHANNEL, class_name="7b", subject="maths", pinned=(MessageId(9),))
    assert channel_object(channel) == {
        "id": 3, "workspaceId": 5, "name": "general", "type": "text", "class": "7b",
        "subject": "maths", "pinnedMessages": (9,), "createdAt": CREATED,
    }  # fmt: skip
    assert workspace_object(WORKSPACE) == {
        "id": 5, "name": "w", "description": None, "ownerId": 1, "members": (1,),
        "createdAt": CREATED,
    }  # fmt: skip
    ann = evolve(ANN, class_name="7b", email="ann@example.org")
    assert member_object(ann) == MEMBER
    assert account_object(ann) == {**MEMBER, "email": "ann@example.org", "createdAt": CREATED}
