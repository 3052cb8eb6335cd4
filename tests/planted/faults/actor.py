"""Faults in the Hub and in the connections that it knows."""

from typing import Final

from tests.planted.fault import Fault

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a connection that is gone stays in its channels",
        "hub/actor/hub.py",
        """        for room in tuple(self._joined.get(client, ())):
            self._leave(client, room, disconnected=True)
""",
        "",
        ("tests/hub/actor/test_hub.py",),
    ),
    Fault(
        "a session that ends while its connection is being opened goes on",
        "hub/actor/hub.py",
        "refusal = self._closing or self._ended.get(client.session_id)",
        "refusal = self._closing",
        ("tests/hub/actor/test_hub.py",),
    ),
    Fault(
        "a connection opened while the server stops is not closed",
        "hub/actor/hub.py",
        "        self._closing = letter.reason\n",
        "",
        ("tests/hub/actor/test_hub.py",),
    ),
    Fault(
        "a user is offline when one of two connections ends",
        "hub/actor/hub.py",
        """        if not theirs:
            del self._by_user[user_id]
            self._on_presence(user_id, connected=False)
""",
        """        if not theirs:
            del self._by_user[user_id]
        self._on_presence(user_id, connected=False)
""",
        ("tests/hub/actor/test_hub.py", "tests/hub/services/presence/test_users.py"),
    ),
    Fault(
        "the connection that marked a message read gets its own receipt",
        "hub/actor/hub.py",
        """                    for client in by_user.get(user, ())
                    if client is not besides
""",
        """                    for client in by_user.get(user, ())
""",
        ("tests/hub/services/test_receipts.py",),
    ),
)
