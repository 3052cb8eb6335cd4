"""The commands of the page `@socket.io/admin-ui`."""

import pytest

from protocol.socketio.admin_ui import Disconnection, disconnection


@pytest.mark.parametrize("is_client", [True, False])
def test_one_socket_or_its_client_is_disconnected(is_client: bool) -> None:
    assert disconnection(["/", is_client, "ann:1"]) == Disconnection("ann:1", is_client)


@pytest.mark.parametrize(
    "args", [[], ["/", True], ["/", True, None], ["/", "yes", "ann:1"], ["/", True, "a", "b"], [1]]
)
def test_a_whole_namespace_is_not_disconnected(args: list[object]) -> None:
    assert disconnection(args) is None
