"""Faults in sessions of Engine.IO and Socket.IO before somebody signs in, and in the store's."""

from typing import Final

from tests.planted.fault import Fault

STRANGERS: Final = "tests/hub/engineio/test_strangers.py"
SOCKETIO: Final = "tests/hub/socketio/test_server.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a stranger's packet on a WebSocket may be long",
        "hub/engineio/connection.py",
        "self._settings.max_message if self._is_known else STRANGER_BYTES",
        "self._settings.max_message",
        (STRANGERS,),
    ),
    Fault(
        "in a full table of sessions nobody makes room",
        "hub/engineio/strangers.py",
        "        if oldest is not None:\n            oldest.close()\n",
        "",
        (STRANGERS,),
    ),
    Fault(
        "whom the hub is about to let in makes room for others",
        "hub/engineio/strangers.py",
        "            silent = [each for each in theirs if each.waits_for_client]\n",
        "            silent = [*theirs]\n",
        (STRANGERS,),
    ),
    Fault(
        "when there are too many sessions one that is about to be let in makes room",
        "hub/engineio/strangers.py",
        "next((each for each in self._networks if each.waits_for_client), None)",
        "next(iter(self._networks), None)",
        (STRANGERS,),
    ),
    Fault(
        "who cannot be looked up is refused for good",
        "hub/socketio/application.py",
        "            socket.disconnect(TRY_AGAIN)",
        "            pass",
        ("tests/hub/socketio/test_application.py",),
    ),
    Fault(
        "a session may be refused once more than is said",
        "hub/socketio/server.py",
        "if self._refusals >= MAX_REFUSALS:",
        "if self._refusals > MAX_REFUSALS:",
        (SOCKETIO,),
    ),
    Fault(
        "a stranger has as long to come in as a session lives",
        "hub/socketio/server.py",
        "CONNECT_SECONDS: Final = 10.0",
        "CONNECT_SECONDS: Final = 45.0",
        (SOCKETIO,),
    ),
    Fault(
        "the hub works as a superuser of its own Postgres",
        "persistence/__init__.py",
        "else await make_role(admin)",
        "else admin",
        ("tests/hub/test_app.py",),
    ),
    Fault(
        "the hold on its own Postgres is a superuser's",
        "persistence/__init__.py",
        "    async with open_hold(dsn, wait_seconds, tenancy)",
        "    async with open_hold(admin, wait_seconds, tenancy)",
        ("tests/hub/test_app.py",),
    ),
)
