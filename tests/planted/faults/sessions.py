"""Faults in sessions of Engine.IO and Socket.IO before a user signs in, and in the store's."""

from typing import Final

from tests.planted.fault import Fault

STRANGERS: Final = "tests/hub/engineio/test_strangers.py"
SOCKETIO: Final = "tests/hub/socketio/test_server.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a packet on a WebSocket before the sign-in may be as long as a user's",
        "hub/engineio/connection.py",
        "self._settings.max_message if self._is_known else STRANGER_BYTES",
        "self._settings.max_message",
        (STRANGERS,),
    ),
    Fault(
        "no session is closed to make room when the table of sessions is full",
        "hub/engineio/strangers.py",
        "        if oldest is not None:\n            oldest.close()\n",
        "",
        (STRANGERS,),
    ),
    Fault(
        "a session that the hub is about to admit is closed for others of its network",
        "hub/engineio/strangers.py",
        "            silent = [each for each in theirs if each.waits_for_client]\n",
        "            silent = [*theirs]\n",
        (STRANGERS,),
    ),
    Fault(
        "a session that the hub is about to admit is closed when there are too many",
        "hub/engineio/strangers.py",
        "next((each for each in self._networks if each.waits_for_client), None)",
        "next(iter(self._networks), None)",
        (STRANGERS,),
    ),
    Fault(
        "a client that cannot be looked up is refused without a request to try again",
        "hub/socketio/application.py",
        "            socket.disconnect(TRY_AGAIN)",
        "            pass",
        ("tests/hub/socketio/test_application.py",),
    ),
    Fault(
        "a session may be refused one time more than its limit",
        "hub/socketio/server.py",
        "if self._refusals >= MAX_REFUSALS:",
        "if self._refusals > MAX_REFUSALS:",
        (SOCKETIO,),
    ),
    Fault(
        "a session has as long to join a namespace as a session may live",
        "hub/socketio/server.py",
        "CONNECT_SECONDS: Final = 10.0",
        "CONNECT_SECONDS: Final = 45.0",
        (SOCKETIO,),
    ),
    Fault(
        "the hub connects to its embedded Postgres as a superuser",
        "persistence/__init__.py",
        "else await make_role(admin)",
        "else admin",
        ("tests/hub/test_app.py",),
    ),
    Fault(
        "the hold on the embedded Postgres is held by a superuser",
        "persistence/__init__.py",
        "    async with open_hold(dsn, wait_seconds, tenancy)",
        "    async with open_hold(admin, wait_seconds, tenancy)",
        ("tests/hub/test_app.py",),
    ),
)
