"""Faults in the services of the hub."""

from typing import Final

from tests.planted.fault import Fault

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a removed member goes on receiving the messages of the workspace",
        "hub/services/workspaces.py",
        "await self._hub.post(Leave(client, WorkspaceRoom(workspace_id)))",
        "pass",
        ("tests/hub/services/test_revocation.py",),
    ),
    Fault(
        "a send that was cancelled keeps its place in flight",
        "hub/services/sending.py",
        "            place.release()\n            raise",
        "            raise",
        ("tests/hub/services/test_sending.py",),
    ),
    Fault(
        "anybody may pin messages",
        "hub/services/moderation.py",
        '''pin(self, user: User, command: PinMessage | UnpinMessage) -> Answer:
        """Pin a message to the top of its channel, or unpin it."""
        if user.role not in STAFF:''',
        '''pin(self, user: User, command: PinMessage | UnpinMessage) -> Answer:
        """Pin a message to the top of its channel, or unpin it."""
        if user.role is None:''',
        ("tests/hub/rest/routes/learning_chat/test_messages.py",),
    ),
)
