"""Notes as /ws/chat sends them."""

import json

from attrs import evolve

from protocol.dialects.learning_chat import DIALECT
from tests.support.documents.events import HIDDEN_NOTE, NOTED


def test_a_message_is_hidden() -> None:
    (frame,) = DIALECT.encode(evolve(NOTED, note=HIDDEN_NOTE))
    assert json.loads(frame) == {
        "type": "message_hidden",
        "channelId": 3,
        "messageId": 9,
        "note": 8,
        "seq": 4,
        "isHidden": True,
    }
