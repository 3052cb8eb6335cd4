"""A complete store in memory: for tests on a mock clock, and as the readable specification.

Guarantees: those of `persistence.interface`, which one suite of tests checks on both stores, except
that nothing outlives the process. No method awaits anything, so each is atomic.
"""

from collections.abc import Callable
from datetime import datetime

from persistence.attempts.memory import MemoryAttempts
from persistence.interface import Store
from persistence.memory.accounts import MemoryAccounts, MemoryAudit
from persistence.memory.channels import MemoryChannels
from persistence.memory.contents.mentions import MemoryMentions
from persistence.memory.contents.notes import MemoryNotes
from persistence.memory.contents.revisions import MemoryRevisions
from persistence.memory.contents.threads import MemoryThreads
from persistence.memory.invitations import MemoryInvitations
from persistence.memory.lists import MemoryLists
from persistence.memory.log import MemoryLog
from persistence.memory.messages import MemoryMessages
from persistence.memory.recoveries import MemoryRecoveries
from persistence.memory.relations import MemoryRelations
from persistence.memory.search import MemorySearch
from persistence.memory.sessions import MemorySessions
from persistence.memory.tables import Tables
from persistence.memory.uploads import MemoryUploads
from persistence.memory.workspaces import MemoryWorkspaces
from persistence.nodes.memory import MemoryNodes


class MemoryHealth:
    """Memory is always available."""

    async def check(self) -> None:
        """Never raises."""


def open_memory_store(*, now: Callable[[], datetime]) -> Store:
    """An empty store whose timestamps come from `now`, an aware UTC clock."""
    tables = Tables(now)
    workspaces = MemoryWorkspaces(tables)
    return Store(
        accounts=MemoryAccounts(tables),
        sessions=MemorySessions(tables),
        relations=MemoryRelations(tables),
        messages=MemoryMessages(tables),
        notes=MemoryNotes(tables),
        revisions=MemoryRevisions(tables),
        mentions=MemoryMentions(tables),
        threads=MemoryThreads(tables),
        workspaces=workspaces,
        invitations=MemoryInvitations(workspaces),
        channels=MemoryChannels(tables),
        lists=MemoryLists(tables),
        search=MemorySearch(tables),
        uploads=MemoryUploads(tables),
        recoveries=MemoryRecoveries(tables),
        health=MemoryHealth(),
        log=MemoryLog(tables),
        nodes=MemoryNodes(tables),
        audit=MemoryAudit(tables),
        attempts=MemoryAttempts(lambda: now().timestamp()),
    )
