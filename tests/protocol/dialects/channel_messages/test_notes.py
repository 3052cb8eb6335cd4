"""Notes as they are sent over Socket.IO."""

from attrs import evolve

from protocol.dialects.channel_messages import DIALECT
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.documents.events import HIDDEN_NOTE, NOTED


def test_a_message_is_hidden() -> None:
    shown = {
        "channelId": to_uuid(IdKind.CHANNEL, 3),
        "messageId": to_uuid(IdKind.MESSAGE, 9),
        "note": 8,
        "seq": 4,
        "isHidden": True,
    }
    assert DIALECT.encode(evolve(NOTED, note=HIDDEN_NOTE)) == (("message:hidden", shown),)
