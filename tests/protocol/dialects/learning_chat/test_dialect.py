"""Where `/ws/chat` is served, and how it rejects a peer."""

import json

import pytest

from protocol.dialect import AcceptAndClose, Stranger
from protocol.dialects.learning_chat import DIALECT
from protocol.errors import CloseReason


def test_it_is_served_on_ws_chat_with_the_contracts_timing() -> None:
    assert DIALECT.paths == ("/ws/chat",)
    assert DIALECT.session_cookie == "connect.sid"
    assert (DIALECT.heartbeat.interval, DIALECT.heartbeat.timeout) == (30.0, 60.0)


@pytest.mark.parametrize(
    ("stranger", "text", "why"),
    [
        (Stranger.NO_SESSION, "Unauthorized. Please log in.", "Unauthorized"),
        (Stranger.INVALID_SESSION, "Unauthorized. Please log in.", "Unauthorized"),
        (Stranger.UNKNOWN_USER, "User not found.", "User not found"),
    ],
)
def test_a_peer_without_a_session_gets_an_error_frame_before_the_close(
    stranger: Stranger, text: str, why: str
) -> None:
    rejection = DIALECT.reject(stranger)
    assert isinstance(rejection, AcceptAndClose)
    assert [json.loads(frame) for frame in rejection.texts] == [{"type": "error", "message": text}]
    assert rejection.reason == CloseReason(4001, why, reconnect=False)
