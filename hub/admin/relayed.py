"""The audit of a worker that is asked by a sibling.

Guarantees: it keeps nothing, because the worker that the operator asked has kept it. Must not know:
who asked.
"""

from collections.abc import Sequence

from attrs import frozen

from persistence.interface import Audit, AuditEntry, AuditRow
from protocol.model import User


@frozen
class NotKept:
    """Implements `Audit`."""

    audit: Audit

    async def note(self, entry: AuditEntry, user: User | None = None) -> None:
        """See the interface."""

    async def page(self, *, before: int | None, limit: int) -> Sequence[AuditRow]:
        """See the interface."""
        return await self.audit.page(before=before, limit=limit)
