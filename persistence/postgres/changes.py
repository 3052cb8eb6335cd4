"""The changes that a hub must act on: those that it is notified of, and those that it missed.

Guarantees: a change that was committed while the listening connection was lost is read afterwards
from the table that the notifying triggers write to; a change may come twice. Must not know: the
effects of a change.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Final, TypeVar

import structlog
import trio
from attrs import define, field

from persistence.changes import (
    BlockEnded,
    BlockMade,
    Change,
    ChannelGone,
    ChannelMemberGone,
    ConversationGone,
    FollowEnded,
    InvitationChanged,
    MemberCame,
    MemberGone,
    PairMet,
    ProfileChanged,
    ProfileOpened,
    RequestDecided,
    UserGone,
)
from persistence.postgres.database.bridge import Database
from persistence.records import StoreUnavailable
from protocol.model import ChannelId, UserId, WorkspaceId

log = structlog.get_logger(__name__)

T = TypeVar("T")

PAGE: Final = 1_000
RETRY_SECONDS: Final = 0.5
MARK_SECONDS: Final = 60.0  # longer than it takes to notice a lost connection
# Every transaction with an id below the mark has ended.
_MARK: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS mark"
_MISSED: Final = """
    SELECT id, payload FROM changes WHERE xact >= $1::text::xid8 AND id > $2 ORDER BY id LIMIT $3
"""


@define
class ChangeLog:
    """The changes, without a gap.

    Args:
        database: has the changes.
    """

    database: Database
    _marks: tuple[str, str] | None = field(default=None, init=False)  # the one before, and the last
    _marked_at: float = field(default=0.0, init=False)

    async def complete(
        self, notified: AsyncIterator[Change | None]
    ) -> AsyncGenerator[Change | None]:
        """The changes that Postgres notifies of. A None means that notifications may have been
        missed; the missed changes come before it.
        """
        async for change in notified:
            if change is None:
                last, is_more = 0, True
                while self._marks is not None and is_more:
                    missed = partial(self.database.fetch, _MISSED, self._marks[0], last, PAGE)
                    rows = await self._asked(missed)
                    for row in rows:
                        yield parse_change(row["payload"])
                        last = row["id"]
                    is_more = len(rows) == PAGE
                mark = await self._asked(self._mark)
                self._marks, self._marked_at = (mark, mark), trio.current_time()
            yield change
            if trio.current_time() >= self._marked_at + MARK_SECONDS:
                await self._move_mark()

    async def _mark(self) -> str:
        row = await self.database.fetch_one(_MARK)
        if row is None:
            raise LookupError("a SELECT without FROM gives one row")
        return str(row["mark"])

    async def _move_mark(self) -> None:
        """Take a new mark, and keep the last one. Changes before the last mark have been received
        by now; those after it may be lost with a connection whose end was not noticed yet.
        """
        try:
            mark = await self._mark()
        except StoreUnavailable:
            return  # later
        if self._marks is not None:
            self._marks, self._marked_at = (self._marks[1], mark), trio.current_time()

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The result of `ask`, which is repeated until the store is available."""
        while True:
            try:
                return await ask()
            except StoreUnavailable as error:
                log.warning("changes_not_read", reason=str(error))
                await trio.sleep(RETRY_SECONDS)


_CHANGES: Final[Mapping[tuple[str, int], Callable[..., Change]]] = {
    ("unfollowed", 2): lambda one, other: FollowEnded(UserId(one), UserId(other)),
    ("blocked", 2): lambda blocker, blocked: BlockMade(UserId(blocker), UserId(blocked)),
    ("profile", 1): lambda user: ProfileChanged(UserId(user)),
    ("member", 2): lambda workspace, user: MemberGone(WorkspaceId(workspace), UserId(user)),
    ("channel", 2): lambda channel, user: ChannelMemberGone(ChannelId(channel), UserId(user)),
    ("gone", 2): lambda channel, workspace: ChannelGone(ChannelId(channel), WorkspaceId(workspace)),
    ("user", 1): lambda user: UserGone(UserId(user)),
    ("conversation", 3): lambda channel, one, other: ConversationGone(
        ChannelId(channel), UserId(one), UserId(other)
    ),
    ("met", 2): lambda one, other: PairMet(UserId(one), UserId(other)),
    ("unblocked", 2): lambda one, other: BlockEnded(UserId(one), UserId(other)),
    ("opened", 1): lambda user: ProfileOpened(UserId(user)),
    ("decided", 2): lambda user, peer: RequestDecided(UserId(user), UserId(peer)),
    ("invited", 1): lambda user: InvitationChanged(UserId(user)),
    ("came", 2): lambda workspace, user: MemberCame(WorkspaceId(workspace), UserId(user)),
}


def parse_change(payload: str) -> Change:
    """The change that a trigger notified of (`note_change` in routines/notices.sql).

    Raises:
        ValueError: no trigger of ours sends such a payload.
    """
    kind, *ids = payload.split(" ")
    make = _CHANGES.get((kind, len(ids)))
    if make is None:
        raise ValueError(payload)
    return make(*map(int, ids))
