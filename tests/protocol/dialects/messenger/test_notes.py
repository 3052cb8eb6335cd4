"""Notes as the messenger sends them."""

import json

from attrs import evolve

from protocol.dialects.messenger import DIALECT
from tests.support.documents.events import HIDDEN_NOTE, NOTED


def test_a_message_is_hidden() -> None:
    (frame,) = DIALECT.encode(evolve(NOTED, note=HIDDEN_NOTE))
    shown = json.loads(frame)
    assert (shown["type"], shown["payload"]) == (
        "message_hidden",
        {"conversationId": "conv_1_2", "messageId": "9", "note": 8, "seq": 4, "isHidden": True},
    )


def test_notes_on_channels_are_not_sent() -> None:
    assert DIALECT.encode(evolve(NOTED, note=evolve(HIDDEN_NOTE, pair=None))) == ()
