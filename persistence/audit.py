"""The audit of what operators do; a part of `persistence.interface`.

Guarantees, for every implementation: a change of the database and its audit row are one
transaction; a row is never changed. Must not know: who may do what, how an operator comes in.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from attrs import field, frozen

from protocol.model import User, UserId


class Way(StrEnum):
    """How an operator came in: by the admin socket, over HTTP, or with the database itself."""

    SOCKET = "socket"
    HTTP = "http"
    COMMAND = "command"


@frozen
class AuditEntry:
    """An action of an operator.

    Args:
        way: how they came in.
        peer: `uid 1000`, or an address.
        action: what was done, by the name of its command.
        details: more about it, as JSON; no secret.
    """

    way: Way
    peer: str
    action: str
    details: Mapping[str, object] = field(factory=dict)


@frozen
class AuditRow:
    """A recorded action. `user_id`: the user it was done to, or None; `username`: that user's
    current username.
    """

    id: int
    at: datetime
    entry: AuditEntry
    user_id: UserId | None
    username: str | None


class Audit(Protocol):
    """The recorded actions. Changes of accounts are recorded by the operations of `Accounts`."""

    async def note(self, entry: AuditEntry, user: User | None = None) -> None:
        """Record an action that changes nothing in the store. `user`: the user it is done to."""

    async def page(self, *, before: int | None, limit: int) -> Sequence[AuditRow]:
        """The newest `limit` rows with an id below `before`, newest first."""
