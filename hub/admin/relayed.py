"""What operators say to one worker and mean for all of the same parent.

Guarantees: the audit of a worker that is asked by a sibling keeps nothing, because the worker that
the operator asked has kept it; a worker that begins while the others drain drains as well. Must not
know: how a sibling is asked.
"""

from collections.abc import Sequence
from typing import cast

from attrs import frozen

from hub.assembly import Status
from hub.cluster.siblings import Siblings
from persistence.interface import Audit, AuditEntry, AuditRow
from protocol.admin import HubObject
from protocol.model import User


async def status_of_siblings(siblings: Siblings) -> Sequence[HubObject]:
    """How the others are, those that can say it."""
    return cast("Sequence[HubObject]", await siblings.ask("GET", "/admin/status"))


async def follow_siblings(siblings: Siblings, status: Status) -> None:
    """Drain if any of the others does. The log level is that of the settings, which a worker that
    begins has read again.
    """
    status.is_draining = any(each["draining"] for each in await status_of_siblings(siblings))


@frozen
class NotKept:
    """Implements `Audit`."""

    audit: Audit

    async def note(self, entry: AuditEntry, user: User | None = None) -> None:
        """See the interface."""

    async def page(self, *, before: int | None, limit: int) -> Sequence[AuditRow]:
        """See the interface."""
        return await self.audit.page(before=before, limit=limit)
