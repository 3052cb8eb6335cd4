"""Operators' calls to one worker that are meant for all workers of the same parent.

Guarantees: a worker that a sibling calls writes nothing to the audit, because the worker that the
operator called has done so; a worker that starts while the others drain drains as well. Must not
know: how a sibling is called.
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
    """The states of the other workers, of those that respond."""
    return cast("Sequence[HubObject]", await siblings.ask("GET", "/admin/status"))


async def follow_siblings(siblings: Siblings, status: Status) -> None:
    """Drain if any of the others does. The log level is not copied: it is that of the settings,
    which a worker that starts has just read.
    """
    status.is_draining = any(each["draining"] for each in await status_of_siblings(siblings))


@frozen
class NotKept:
    """Implements `Audit`, without writing entries."""

    audit: Audit

    async def note(self, entry: AuditEntry, user: User | None = None) -> None:
        """See the interface."""

    async def page(self, *, before: int | None, limit: int) -> Sequence[AuditRow]:
        """See the interface."""
        return await self.audit.page(before=before, limit=limit)
