"""Where `/gateway` is served, and how it rejects a peer."""

import pytest

from protocol.dialect import AcceptAndClose, Stranger
from protocol.dialects.gateway import DIALECT
from protocol.errors import CloseReason


def test_it_is_served_with_the_contracts_timing() -> None:
    assert DIALECT.paths == ("/gateway",)
    assert DIALECT.session_cookie == "connect.sid"
    assert (DIALECT.heartbeat.interval, DIALECT.heartbeat.timeout) == (30.0, 60.0)


@pytest.mark.parametrize("stranger", Stranger)
def test_a_peer_without_a_session_gets_no_frame_before_the_close(stranger: Stranger) -> None:
    reason = CloseReason(4001, "Unauthorized", reconnect=False)
    assert DIALECT.reject(stranger) == AcceptAndClose((), reason)
