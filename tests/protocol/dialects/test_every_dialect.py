"""What holds for every dialect: it decides on every event, and turns strangers away."""

from typing import Any, get_args

import pytest
from attrs import evolve, fields

import docs.examples.new_dialect.dialects
import protocol.dialects
from protocol.dialect import AcceptAndClose, Dialect, EventDialect, RefuseUpgrade, Stranger
from protocol.discovery import find_dialects
from protocol.events import (
    ChannelMessagePosted,
    ChannelMessageRevised,
    Event,
    MessageConfirmed,
    PrivateMessagePosted,
    PrivateMessageRevised,
)
from protocol.model import GradingStatus, Mention, Message, MessageId, Thread, UserId
from protocol.revisions import Delete, Edit, Grade, Pin, React, Revision
from tests.support.documents.dialect_pages import JSON_DIALECTS, is_json_object
from tests.support.documents.events import ANN, AT, EVENTS, GRADED, THUMB

NOT_SENT = {(MessageConfirmed, "joined")}  # only the offset depends on it
ALL_EVENTS = frozenset(get_args(Event))
FOUND = find_dialects(protocol.dialects)
EXAMPLE = find_dialects(docs.examples.new_dialect.dialects)
WEBSOCKET: dict[str, Dialect] = {each.name: each for each in FOUND.by_path.values()}
SOCKETIO: dict[str, EventDialect] = {each.name: each for each in FOUND.by_namespace.values()}
ALL_DIALECTS: dict[str, Dialect | EventDialect] = {
    **WEBSOCKET,
    **SOCKETIO,
    **{each.name: each for each in EXAMPLE.by_path.values()},
}


CHANGED: dict[str, object] = {
    "content": "another", "rev": 7, "edited_at": None, "is_deleted": True, "is_pinned": False,
    "grading": GradingStatus.PENDING, "reactions": (),
    "thread": Thread(MessageId(8), 2, None), "replies": Thread(MessageId(9), 2, None),
    "mentions": (Mention(UserId(2), "ben"),), "mentions_channel": True,
}  # fmt: skip
"""What a revision can change of a message, with another value than in the example."""
NEVER_CHANGED = {
    "id", "channel_id", "seq", "author_id", "created_at", "recipient_id", "kind", "key",
    "read_by", "is_delivered", "is_homework", "parent_id", "is_forwarded",
    "file_url",  # but for a deletion, and that is told
}  # fmt: skip
REVISING = [
    name
    for name in (*WEBSOCKET, *SOCKETIO)
    if ALL_DIALECTS[name].tells & {PrivateMessageRevised, ChannelMessageRevised}
]
NOT_OF_CONVERSATIONS = {"is_pinned", "grading", "mentions_channel"}
ALL_REVISIONS: dict[str, Revision | None] = {
    "missed": None, "edit": Edit("x"), "delete": Delete(), "react": React(THUMB), "pin": Pin(),
    "grade": Grade(GradingStatus.GRADED),
}  # fmt: skip


def names(events: frozenset[type[Event]]) -> list[str]:
    return sorted(event.__name__ for event in events)


def test_there_is_one_example_of_every_event() -> None:
    assert sorted(type(event).__name__ for event in EVENTS) == names(ALL_EVENTS)


def test_every_event_is_sent_by_some_dialect() -> None:
    sent: set[type[Event]] = set()
    for name in (*WEBSOCKET, *SOCKETIO):
        sent |= ALL_DIALECTS[name].tells
    assert names(ALL_EVENTS - sent) == []


@pytest.mark.parametrize("name", ALL_DIALECTS)
def test_a_dialect_sends_an_event_or_says_why_not(name: str) -> None:
    dialect = ALL_DIALECTS[name]
    omitted = frozenset(dialect.omits)
    assert names(ALL_EVENTS - dialect.tells - omitted) == [], "neither sent nor omitted"
    assert names(dialect.tells & omitted) == [], "both sent and omitted"
    assert names((dialect.tells | omitted) - ALL_EVENTS) == [], "no event"
    assert all(dialect.omits.values())


@pytest.mark.parametrize("name", ALL_DIALECTS)
def test_what_is_sent_is_described(name: str) -> None:
    dialect = ALL_DIALECTS[name]
    assert names(frozenset(dialect.vocabulary.sent)) == names(dialect.tells)
    assert dialect.vocabulary.received


@pytest.mark.parametrize("name", ALL_DIALECTS)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_encoding_gives_something_for_exactly_the_events_in_tells(name: str, event: Event) -> None:
    dialect = ALL_DIALECTS[name]
    assert bool(dialect.encode(event)) is (type(event) in dialect.tells)


@pytest.mark.parametrize("name", ALL_DIALECTS)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_whatever_is_true_or_false_of_an_event_is_sent(name: str, event: Event) -> None:
    """`complete`, `online` and the like are not taken for granted."""
    dialect = ALL_DIALECTS[name]
    for field in fields(type(event)):
        value = getattr(event, field.name)
        if isinstance(value, bool) and (type(event), field.name) not in NOT_SENT:
            changed: dict[str, Any] = {field.name: not value}
            opposite = evolve(event, **changed)
            is_sent = dialect.encode(opposite) != dialect.encode(event)
            assert is_sent is (type(event) in dialect.tells), field.name


@pytest.mark.parametrize("name", JSON_DIALECTS)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_where_one_frame_is_a_json_object_all_are(name: str, event: Event) -> None:
    assert all(map(is_json_object, ALL_DIALECTS[name].encode(event)))


@pytest.mark.parametrize("name", WEBSOCKET)
@pytest.mark.parametrize("stranger", Stranger)
def test_a_peer_without_a_session_is_rejected(name: str, stranger: Stranger) -> None:
    rejection = WEBSOCKET[name].reject(stranger)
    match rejection:
        case RefuseUpgrade(status=status, text=text):
            assert (status, text.partition(":")[0]) == (401, "Unauthorized")
        case AcceptAndClose(reason=reason):
            assert (reason.code, reason.reconnect) == (4001, False)


def test_it_is_known_of_every_field_of_a_message_whether_a_revision_changes_it() -> None:
    known = {*CHANGED, *NEVER_CHANGED}
    assert sorted(known) == sorted(field.name for field in fields(Message))
    assert not NEVER_CHANGED & CHANGED.keys()


@pytest.mark.parametrize("name", REVISING)
@pytest.mark.parametrize("field", CHANGED)
@pytest.mark.parametrize("kind", [*ALL_REVISIONS, "posted"])
def test_a_message_is_shown_as_it_is_now(name: str, field: str, kind: str) -> None:
    """Live, after a break, and where it is shown for the first time."""
    dialect = ALL_DIALECTS[name]

    def shown(message: Message) -> object:
        revision = ALL_REVISIONS.get(kind)
        private: Event = PrivateMessagePosted(message, ANN, message.author_id)
        public: Event = ChannelMessagePosted(message, ANN, None)
        if kind != "posted":
            private = PrivateMessageRevised(message, AT, revision, ANN)
            public = ChannelMessageRevised(message, AT, revision, ANN)
        return [*dialect.encode(private), *dialect.encode(public)]

    is_private = PrivateMessagePosted in dialect.tells
    other: dict[str, Any] = {field: CHANGED[field]}
    is_told = shown(evolve(GRADED, **other)) != shown(GRADED)
    assert is_told or (is_private and field in NOT_OF_CONVERSATIONS)
