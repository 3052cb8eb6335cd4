"""The fields of messages about threads; a plain message has none."""

from attrs import evolve

from protocol.model import Thread
from protocol.shapes.threads import ThreadFields, add_threads
from tests.support.documents.events import MESSAGE, THREAD


def test_a_plain_message_has_no_fields_about_threads() -> None:
    view: ThreadFields[str, int] = {}
    add_threads(view, MESSAGE, str, int)
    assert view == {}


def test_replies_and_thread_are_shown_in_the_ids_of_the_dialect() -> None:
    view: ThreadFields[str, int] = {}
    own = Thread(MESSAGE.id, 1, THREAD.last)
    add_threads(view, evolve(MESSAGE, thread=THREAD, replies=own), str, int)
    last = {"id": "9", "userId": 1, "createdAt": "2024-01-01T12:00:00.007Z"}
    assert view == {
        "replyCount": 1,
        "lastReply": last,
        "threadId": "7",
        "thread": {"parentId": "7", "replyCount": 2, "lastReply": last},
    }


def test_a_thread_whose_replies_are_all_deleted_has_no_last_reply() -> None:
    view: ThreadFields[str, int] = {}
    empty = Thread(THREAD.root_id, 0, None)
    add_threads(view, evolve(MESSAGE, thread=empty), str, int)
    assert view == {"threadId": "7", "thread": {"parentId": "7", "replyCount": 0}}
