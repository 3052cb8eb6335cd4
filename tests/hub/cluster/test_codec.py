"""Bulletins are decoded as they were encoded: clients at another node get the same frames."""

from typing import get_args

import orjson
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import protocol.dialects
from hub.actor.letters import (
    ChannelRoom,
    ToEveryone,
    ToRooms,
    ToUserInRoom,
    ToUsers,
    WorkspaceRoom,
)
from hub.cluster.bulletins import (
    Bulletin,
    Change,
    Changed,
    Crossing,
    Delivered,
    Goodbye,
    Heading,
    Heartbeat,
    Move,
    Moved,
    Named,
    Reaching,
    Spending,
    Spent,
    Stored,
    StoredMessage,
    TakenOver,
    Takeover,
)
from hub.cluster.codec import (
    BadBulletin,
    StoredMessages,
    beginning,
    decode,
    encode,
    is_numbered,
)
from hub.limits.quotas import Kind
from persistence.contents.revisions import Revised
from protocol.dialect import Dialect, EventDialect
from protocol.discovery import find_dialects
from protocol.model import (
    ChannelId,
    GradingStatus,
    MessageId,
    Posted,
    Role,
    UserId,
    WorkspaceId,
)
from protocol.revisions import Delete, Edit, Grade, Pin, React, Revision
from tests.support.documents.events import ANN, EVENTS, FULL_MESSAGE, MENTIONING, MESSAGE, PAIR

HEADING = Heading("north", "a1b2", 7)
EPOCH = "epoch"
FOUND = find_dialects(protocol.dialects)
DIALECTS: tuple[Dialect | EventDialect, ...] = (
    *FOUND.by_path.values(),
    *FOUND.by_namespace.values(),
)
AUDIENCES: tuple[Named, ...] = (
    ToUsers((UserId(1), UserId(2))),
    ToUsers((UserId(1),), outside=ChannelRoom(ChannelId(3))),
    ToRooms((ChannelRoom(ChannelId(3)), WorkspaceRoom(WorkspaceId(5)))),
    ToRooms((ChannelRoom(ChannelId(3)),), besides_users=frozenset({UserId(2)})),
    ToUserInRoom(UserId(1), WorkspaceRoom(WorkspaceId(5))),
    ToEveryone(frozenset({UserId(4)})),
)
REVISIONS: tuple[Revision, ...] = (
    Edit("x"), Delete(), React("👍"), React("👍", is_added=False), Pin(), Pin(is_pinned=False),
    Grade(GradingStatus.GRADED),
)  # fmt: skip

OTHER = evolve(ANN, id=UserId(2), username="ben", avatar="/a.png", role=Role.TEACHER)
STORED = (
    StoredMessage(Posted(MESSAGE), ANN, PAIR),
    StoredMessage(
        Posted(
            evolve(MENTIONING, id=MessageId(10), seq=5, author_id=OTHER.id, recipient_id=None),
            workspace_id=WorkspaceId(5),
            mentioned=(UserId(2), UserId(3)),
            followers=(UserId(4),),
        ),
        OTHER,
        None,
    ),
    StoredMessage(Posted(evolve(FULL_MESSAGE, id=MessageId(11), seq=6)), ANN, PAIR),
)


def there_and_back(bulletin: Bulletin) -> object:
    heading, found = decode(EPOCH, encode(EPOCH, HEADING, bulletin))
    assert heading == HEADING
    return found


def test_there_is_an_example_of_each_event_that_nodes_publish() -> None:
    assert {*get_args(Crossing)} <= {type(each) for each in EVENTS}


@pytest.mark.parametrize(
    "event",
    [each for each in EVENTS if isinstance(each, get_args(Crossing))],
    ids=lambda each: type(each).__name__,
)
def test_a_decoded_event_has_the_same_frame_in_every_dialect(event: Crossing) -> None:
    found = there_and_back(Delivered([Reaching(event, AUDIENCES[0])]))
    assert isinstance(found, Delivered)
    (same,) = found.items
    for dialect in DIALECTS:
        assert dialect.encode(same.event) == dialect.encode(event)


def test_every_audience_is_decoded_as_it_was_encoded() -> None:
    event = next(each for each in EVENTS if isinstance(each, get_args(Crossing)))
    found = there_and_back(Delivered([Reaching(event, to) for to in AUDIENCES]))
    assert isinstance(found, Delivered)
    assert tuple(each.to for each in found.items) == AUDIENCES


@pytest.mark.parametrize("revision", REVISIONS, ids=repr)
def test_a_revision_is_decoded_as_it_was_encoded(revision: Revision) -> None:
    revised = Revised(MESSAGE, 3, WorkspaceId(5), (UserId(1),), mentioned=(UserId(2),))
    changed = Changed((Change(revised, revision, ANN, PAIR),))
    assert there_and_back(changed) == changed


@pytest.mark.parametrize(
    "bulletin",
    [
        Heartbeat(2**60, 1.5),
        Goodbye(2.5),
        TakenOver((Takeover("00ff", 2**50),)),
        Spent((Spending(UserId(7), Kind.SEARCHES, 3),)),
    ],
)
def test_bulletins_about_a_node_are_decoded_as_they_were_encoded(bulletin: Bulletin) -> None:
    assert there_and_back(bulletin) == bulletin


def test_messages_are_built_one_by_one() -> None:
    found = there_and_back(Stored(STORED))
    assert isinstance(found, StoredMessages)
    built = [found.build(index) for index in range(len(found))]
    assert built == [(each.posted, each.author) for each in STORED]
    assert found.places == [(3, 4, 9), (3, 5, 10), (3, 6, 11)]
    assert found.pairs == [[1, 2], None, [1, 2]]
    assert [[*found.concerned(index)] for index in range(3)] == [[1, 2], [2, 3, 4], [1, 2]]
    assert found.workspace_ids == [None, 5, None]


@pytest.mark.parametrize("count", [1, 2])
def test_fields_that_no_message_has_are_not_encoded(count: int) -> None:
    head, rest = map(orjson.loads, encode(EPOCH, HEADING, Stored(STORED[:1] * count)).split(b"\n"))
    assert {*head[6]} == {"id", "channel_id", "seq", "pair"}
    columns, authors = rest
    assert {*columns} == {"author_id", "content", "created_at", "recipient_id", "key"}
    assert authors["id"] == [1]


GOOD, REST = map(orjson.loads, encode(EPOCH, HEADING, Stored(STORED)).split(b"\n"))


def changed(place: int, value: object) -> bytes:
    return orjson.dumps([*GOOD[:place], value, *GOOD[place + 1 :]])


def with_rest(rest: object) -> StoredMessages:
    _, found = decode(EPOCH, b"\n".join(map(orjson.dumps, (GOOD, rest))))
    assert isinstance(found, StoredMessages)
    return found


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no bulletin"),
        (b"\xff\xfe", "no bulletin"),
        (b"7", "no bulletin"),
        (b"[1,2]", "no bulletin"),
        (orjson.dumps([*GOOD, 1]), "no bulletin"),
        (changed(0, 1), "version 1"),
        (changed(0, "2"), "version '2'"),
        (changed(1, "another"), "another log"),
        (changed(2, 5), "heading"),
        (changed(4, "7"), "heading"),
        (changed(5, "unheard of"), "unheard of"),
        (changed(5, ["stored"]), "stored"),
        (changed(5, "heartbeat"), "body"),
        (changed(5, "delivered"), "body"),
        (changed(6, None), "body"),
        (changed(6, {}), "body"),
        (changed(6, {**GOOD[6], "seq": [1]}), "body"),
    ],
)
def test_invalid_data_is_no_bulletin(data: bytes, why: str) -> None:
    with pytest.raises(BadBulletin, match=why):
        decode(EPOCH, data)


@pytest.mark.parametrize(
    ("column", "value"), [("created_at", "yesterday"), ("kind", "smell"), ("reactions", 7)]
)
def test_a_damaged_message_harms_no_other(column: str, value: object) -> None:
    columns, authors = REST
    column_of = [value, *columns.get(column, [None] * 3)[1:]]
    found = with_rest([{**columns, column: column_of}, authors])
    with pytest.raises(BadBulletin):
        found.build(0)
    assert found.build(1) == (STORED[1].posted, STORED[1].author)


@pytest.mark.parametrize(
    "rest",
    [
        [REST[0], {}],
        [REST[0], {**REST[1], "id": [17] * len(REST[1]["id"])}],
        [{**REST[0], "content": ["one"]}, REST[1]],
        [{**REST[0], "created_at": [7] * 3}, REST[1]],
        None,
    ],
)
def test_positions_are_known_even_if_the_rest_is_damaged(rest: object) -> None:
    """But no message can be built."""
    found = with_rest(rest)
    assert found.places == [(3, 4, 9), (3, 5, 10), (3, 6, 11)]
    for index in range(len(found)):
        with pytest.raises(BadBulletin):
            found.build(index)


@settings(deadline=None)  # however busy the machine is
@given(st.binary(max_size=200))
def test_random_data_raises_nothing_but_bad_bulletin(data: bytes) -> None:
    with pytest.raises(BadBulletin):
        decode(EPOCH, data)


def test_a_numbered_bulletin_of_a_node_is_known_by_its_beginning() -> None:
    begins = beginning("e1", "north", "n1")
    heading = Heading("north", "n1", 123_456_789)
    move = Moved([Move(UserId(1), is_here=True)])
    assert is_numbered(encode("e1", heading, move), begins)
    for heartbeat in (Heartbeat(7, 1.5, ("south",)), Goodbye(1.0)):
        assert not is_numbered(encode("e1", heading, heartbeat), begins)
    for epoch, other in (
        ("e2", heading),
        ("e1", evolve(heading, node="north2")),
        ("e1", evolve(heading, start="n2")),
    ):
        assert not is_numbered(encode(epoch, other, move), begins)
