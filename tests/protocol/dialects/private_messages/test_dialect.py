"""Where `/ws` is served, and how it rejects a peer."""

import pytest

from protocol.dialect import RefuseUpgrade, Stranger
from protocol.dialects.private_messages import DIALECT


def test_it_is_served_on_ws_with_the_contracts_timing() -> None:
    assert DIALECT.paths == ("/ws",)
    assert DIALECT.session_cookie == "session_token"
    assert (DIALECT.heartbeat.interval, DIALECT.heartbeat.timeout) == (54.0, 60.0)


@pytest.mark.parametrize(
    ("stranger", "text"),
    [
        (Stranger.NO_SESSION, "Unauthorized: No session cookie"),
        (Stranger.INVALID_SESSION, "Unauthorized: Invalid session"),
        (Stranger.UNKNOWN_USER, "Unauthorized: Invalid session"),
    ],
)
def test_a_peer_without_a_session_is_refused_before_the_upgrade(
    stranger: Stranger, text: str
) -> None:
    assert DIALECT.reject(stranger) == RefuseUpgrade(401, text)
