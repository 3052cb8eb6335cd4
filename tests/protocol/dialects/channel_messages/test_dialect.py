"""Where Socket.IO's `message:*` events are served, and how they are acknowledged."""

import pytest

from protocol.answers import Answer, Changed, Done, Joined, Left, Notice, Page
from protocol.dialects.channel_messages import DIALECT
from protocol.errors import ErrorCode
from protocol.events import ChannelMessagePosted, HeartbeatAcknowledged, Refused
from protocol.model import ChannelId, Posted
from protocol.revisions import Delete
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.documents.events import ANN, MESSAGE

VIEW = DIALECT.message(MESSAGE, ANN)
CHANNEL_UUID = to_uuid(IdKind.CHANNEL, 3)


def test_it_is_served_in_the_default_namespace() -> None:
    assert (DIALECT.namespace, DIALECT.typing_seconds, DIALECT.message_window) == ("/", 5.0, 1.0)


def test_a_message_looks_the_same_live_and_in_answers() -> None:
    assert DIALECT.encode(ChannelMessagePosted(MESSAGE, ANN, None)) == (("message:new", VIEW),)


@pytest.mark.parametrize(
    ("event", "answer", "acknowledgement"),
    [
        ("message:send", Posted(MESSAGE), {**VIEW, "success": True, "data": VIEW}),
        ("room:join", Joined(ChannelId(3)), {"success": True, "channelId": CHANNEL_UUID}),
        ("room:leave", Left(ChannelId(3)), {"success": True, "channelId": CHANNEL_UUID}),
        ("messages:get", Page([MESSAGE], {ANN.id: ANN}), {"messages": [VIEW]}),
        ("messages:list", Page([MESSAGE], {ANN.id: ANN}), {"success": True, "data": [VIEW]}),
        (
            "message:send",
            Refused.because(ErrorCode.NOT_ALLOWED, "k"),
            {"success": False, "error": "Unauthorized", "code": "not_allowed"},
        ),
        ("message:read", Done(), {"success": True}),
        (
            "message:update",
            Changed(MESSAGE, ANN, Delete()),
            {**VIEW, "success": True, "data": VIEW},
        ),
        ("x", Notice(HeartbeatAcknowledged()), {"success": True}),
    ],
)
def test_every_answer_has_an_acknowledgement(
    event: str, answer: Answer, acknowledgement: object
) -> None:
    assert DIALECT.acknowledgement(event, answer, ANN) == acknowledgement


def test_rendered_content_stands_beside_the_content() -> None:
    rendering = DIALECT.rendering(str.upper)
    ((_, payload),) = rendering.encode(ChannelMessagePosted(MESSAGE, ANN, None))
    assert (payload["content"], payload["renderedContent"]) == ("hi", "HI")
    assert rendering.message(MESSAGE, ANN) == payload
    assert "renderedContent" not in VIEW
