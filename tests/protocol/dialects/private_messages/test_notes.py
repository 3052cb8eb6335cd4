"""Notes as /ws sends them."""

import json

from attrs import evolve

from protocol.dialects.private_messages import DIALECT
from tests.support.documents.events import HIDDEN_NOTE, NOTED


def test_a_message_is_hidden() -> None:
    (frame,) = DIALECT.encode(evolve(NOTED, note=HIDDEN_NOTE))
    assert json.loads(frame) == {
        "type": "message_hidden",
        "user_id": 2,
        "note": 8,
        "message_id": 9,
        "seq": 4,
        "is_hidden": True,
    }


def test_notes_on_channels_are_not_sent() -> None:
    assert DIALECT.encode(evolve(NOTED, note=evolve(HIDDEN_NOTE, pair=None))) == ()
