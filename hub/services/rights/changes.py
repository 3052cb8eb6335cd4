"""Changes of rights: each one is acted on separately, a step at a time.

Guarantees: a change that takes many steps, or whose step fails, delays no other one; a step that
failed is tried again; after three failures, if the store responds, the connections concerned are
closed, so that the policy is checked when they come back. If too many changes wait, all connections
are closed for the same reason; while the store is unavailable, everything waits.
Must not know: what a change leads to, sockets, dialects, SQL.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final, TypeAlias

import structlog
import trio
from attrs import define, field, frozen

from hub.actor.hub import Hub
from persistence.changes import (
    BlockEnded,
    Change,
    Gain,
    InvitationChanged,
    Loss,
    MemberCame,
    PairMet,
    ProfileOpened,
    Question,
    RequestDecided,
)
from persistence.interface import Health, Relations
from persistence.records import StoreUnavailable
from protocol.model import UserId

log = structlog.get_logger(__name__)

WORKERS: Final = 4  # steps at a time; the store has other work too
TRIES: Final = 3
RETRY_SECONDS: Final = 0.2
MAX_WAITING: Final = 10_000  # changes; beyond that, all connections are closed

Act: TypeAlias = Callable[[], Awaitable[Sequence["Step"]]]


@frozen
class Step:
    """A part of what a change leads to: at most a few statements.

    `act` does it and returns the steps after it; it raises StoreUnavailable if it is to be done
    again. `users`: their connections are closed if it cannot be done; None: all connections are.
    """

    act: Act
    users: Collection[UserId] | None


@define(eq=False)
class _Job:
    change: Change | None
    steps: deque[Step]
    failures: int = 0


@define
class Changes:
    """Acts on changes.

    Args:
        relations: notifies of them.
        health: whether the store responds.
        hub: closes connections.
        revoke: the first step of a change that may take a right away, or of checking everything
            (None).
        introduce: the first step of a change that may give a right.
        ask: the first step of a change in what a user is asked.
    """

    relations: Relations
    health: Health
    hub: Hub
    revoke: Callable[[Loss | None], Step]
    introduce: Callable[[Gain], Step]
    ask: Callable[[Question], Step]
    _waiting: set[Change | None] = field(factory=set, init=False)  # not begun
    _queue: deque[_Job] = field(factory=deque, init=False)
    _arrived: trio.Semaphore = field(factory=lambda: trio.Semaphore(0), init=False)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Act on changes until cancelled. It has started once it is notified of changes."""
        async with trio.open_nursery() as nursery:
            for _ in range(WORKERS):
                nursery.start_soon(self._work, nursery)
            async with self.relations.changes() as changes:
                task_status.started()
                async for change in changes:
                    self._note(change)

    def _note(self, change: Change | None) -> None:
        if len(self._waiting) >= MAX_WAITING:
            log.error("changes_given_up", count=len(self._queue))
            self._queue.clear()
            self._waiting.clear()
            self._put(_Job(None, deque((Step(self._send_everybody_back, ()),))))
        if change not in self._waiting:
            self._waiting.add(change)
            self._put(_Job(change, deque((self._first_step(change),))))

    def _first_step(self, change: Change | None) -> Step:
        if isinstance(change, PairMet | BlockEnded | ProfileOpened | MemberCame):
            return self.introduce(change)
        if isinstance(change, RequestDecided | InvitationChanged):
            return self.ask(change)
        return self.revoke(change)

    def _put(self, job: _Job) -> None:
        """Queue a job at the end, so that others pass between the steps of a long one."""
        self._queue.append(job)
        self._arrived.release()

    async def _work(self, nursery: trio.Nursery) -> None:
        while True:
            await self._arrived.acquire()
            if not self._queue:
                continue  # it was cleared
            job = self._queue.popleft()
            self._waiting.discard(job.change)
            try:
                more = await job.steps[0].act()
            except StoreUnavailable as error:
                job.failures += 1
                log.warning("change_delayed", reason=str(error), failures=job.failures)
                nursery.start_soon(self._again, job)
            else:
                self._done(job, more)

    def _done(self, job: _Job, more: Sequence[Step]) -> None:
        job.failures = 0
        job.steps.popleft()
        job.steps.extend(more)
        if job.steps:
            self._put(job)

    async def _send_everybody_back(self) -> Sequence[Step]:
        await self.hub.send_back(None)
        return ()

    async def _again(self, job: _Job) -> None:
        if job.failures >= TRIES:
            if await self._answers():
                log.error("change_failed", change=job.change)
                await self.hub.send_back(job.steps[0].users)
                self._done(job, ())
                return
            job.failures = 0
        await trio.sleep(RETRY_SECONDS)
        self._put(job)

    async def _answers(self) -> bool:
        try:
            await self.health.check()
        except StoreUnavailable:
            return False
        return True
