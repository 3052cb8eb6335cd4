"""New messages are indexed in the background after a while, also after an outage."""

from collections.abc import Sequence

import trio
from attrs import define, field
from trio.testing import MockClock

from hub.services.finding.indexing import BATCH, PAUSES, SECONDS, Indexing
from persistence.records import StoreUnavailable
from persistence.search import FoundPage, Wanted
from protocol.model import UserId
from tests.support.finding import contents, search
from tests.support.posting import say
from tests.support.world import World


@define
class SlowSearch:
    """Implements `Search`: there are messages to be indexed, and each call takes a second."""

    clock: MockClock
    left: list[int | None]
    began: list[float] = field(factory=list)

    async def messages(self, user_id: UserId, wanted: Wanted) -> FoundPage:
        raise NotImplementedError

    async def index(self, languages: Sequence[str], *, limit: int) -> int | None:
        assert (languages, limit) == (("german",), BATCH)
        self.began.append(trio.current_time())
        self.clock.jump(1)
        if self.left[0] == -1:
            self.left.pop(0)
            raise StoreUnavailable
        return self.left.pop(0) if len(self.left) > 1 else None


async def test_indexing_takes_a_twentieth_of_the_time(autojump_clock: MockClock) -> None:
    slow = SlowSearch(autojump_clock, [BATCH, BATCH, 3, -1, None, None])
    with trio.move_on_after(200) as scope:
        await Indexing(slow, ("german",)).run()
    assert scope.cancelled_caught
    pauses = [after - before - 1 for before, after in zip(slow.began, slow.began[1:], strict=False)]
    assert pauses[:5] == [PAUSES, PAUSES, PAUSES, SECONDS, SECONDS]


async def test_a_running_hub_indexes_its_messages(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await say(ann, ben, "hay")
    while not (page := await search(world.services.store, ben.user, "hay")).found:
        await trio.lowlevel.checkpoint()
    assert contents(page.found) == ["hay"]
