"""One node of several: messages that it stores and those of other nodes form one order."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from hub.services.posting.inbox import Inbox
from hub.services.posting.order import WAIT_SECONDS, Outgoing
from hub.services.posting.sequencer import Sequencer
from persistence.contents.revisions import Revised, RevisionDraft, Target
from persistence.interface import Store
from persistence.records import Draft, StoreUnavailable
from protocol.model import ChannelId, MessageId, Posted, User, UserId
from protocol.revisions import Edit
from tests.support.cluster.life import Life
from tests.support.cluster.node import HOLD_SECONDS, new_user, open_node, seqs
from tests.support.stores.intercept import Interception, Late
from tests.support.stores.memory import new_memory_store

EMOJI = "❤️"


async def people(store: Store) -> tuple[User, User]:
    return await new_user(store, "ann"), await new_user(store, "ben")


def draft(ann: User, ben: User, text: str = "x", key: str | None = None) -> Draft:
    return Draft(ann.id, ben.id, text, key)


async def revised(store: Store, posted: Posted, by: User, text: str) -> Revised:
    """Another node changes a message."""
    target = await store.revisions.target(by.id, posted.message.id)
    assert target is not None
    (done,) = await store.revisions.revise(
        [RevisionDraft(by.id, posted.message.id, Edit(text), target)]
    )
    assert isinstance(done, Revised)
    return done


async def test_an_early_message_waits_for_its_predecessor_on_its_way(
    memory_store: Store, mock_clock: MockClock
) -> None:
    ann, ben = await people(memory_store)
    async with open_node(memory_store) as node:
        _, notes = await node.come(ben)
        one, two, three = await node.elsewhere(*[draft(ann, ben)] * 3)
        await node.hear(one, three, three)
        await node.quiet()
        mock_clock.jump(HOLD_SECONDS / 2)
        await node.quiet()
        assert (seqs(notes), node.lane.in_doubt) == ([1], 1)
        await node.hear(two, one)
        await node.quiet()
        assert (seqs(notes), node.lane.in_doubt) == ([1, 2, 3], 0)
        assert node.lane.sequencer.messages.figures.reads == 0


async def test_a_lost_message_is_read_from_the_log_after_the_hold(store: Store) -> None:
    ann, ben = await people(store)
    async with open_node(store) as node:
        _, notes = await node.come(ben)
        one, _, three = await node.elsewhere(*[draft(ann, ben)] * 3)
        await node.hear(one, three)
        await until(lambda: len(notes.seqs) == 3)
        assert seqs(notes) == [1, 2, 3]
        assert node.lane.sequencer.messages.figures.found == 1


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await trio.lowlevel.checkpoint()


async def test_an_author_gets_the_outcome_after_earlier_messages_of_other_nodes(
    memory_store: Store, mock_clock: MockClock
) -> None:
    ann, ben = await people(memory_store)
    async with open_node(memory_store) as node:
        _, notes = await node.come(ben)
        one, two = await node.elsewhere(draft(ann, ben), draft(ann, ben))
        await node.hear(one)
        settled = await node.submit(ben, draft(ben, ann))
        await node.quiet()
        assert (seqs(notes), settled) == ([1], [])
        await node.hear(two)
        await node.quiet()
        assert seqs(notes) == [1, 2, 3]
        assert [type(each) for each in settled] == [Posted]


async def test_a_repeat_waits_until_its_message_is_delivered(
    memory_store: Store, mock_clock: MockClock
) -> None:
    ann, ben = await people(memory_store)
    async with open_node(memory_store) as node:
        _, notes = await node.come(ben)
        first = draft(ben, ann, key="k")
        one, two, three = await node.elsewhere(draft(ann, ben), draft(ann, ben), first)
        await node.hear(one)
        settled = await node.submit(ben, first)  # its confirmation was lost with the other node
        await node.quiet()
        assert settled == []
        await node.hear(three, two)
        await node.quiet()
        assert seqs(notes) == [1, 2, 3]
        assert [each.repeated for each in settled if isinstance(each, Posted)] == [True]


async def test_a_send_behind_messages_that_cannot_be_read_is_refused_in_time(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    ann, ben = await people(memory_store)
    gaps = Interception("messages", "in_gaps")
    async with open_node(gaps.over(memory_store)) as node:
        _, notes = await node.come(ben)

        async def away(*_: Any, **__: Any) -> None:
            raise StoreUnavailable("away")

        one, _ = await node.elsewhere(draft(ann, ben), draft(ann, ben))
        await node.hear(one)
        gaps.way = away
        began, settled = trio.current_time(), await node.submit(ben, draft(ben, ann))
        while not settled:  # noqa: ASYNC110  the clock is a mock
            await trio.sleep(0.01)
        assert isinstance(settled[0], StoreUnavailable)
        assert WAIT_SECONDS <= trio.current_time() - began < WAIT_SECONDS + 0.1
        gaps.way = None
        while len(notes.seqs) < 3:  # noqa: ASYNC110  the clock is a mock
            await trio.sleep(0.01)
        assert (seqs(notes), len(settled)) == ([1, 2, 3], 1)


async def test_a_skipped_message_does_not_overtake_one_that_is_being_stored(
    memory_store: Store, mock_clock: MockClock
) -> None:
    """Otherwise the log would seem to have gone back."""
    ann, ben = await people(memory_store)
    posting, late = Interception("messages", "post"), Late()
    async with open_node(posting.over(memory_store)) as node:
        posting.way = late
        settled = await node.submit(ben, draft(ben, ann))  # over REST: no client is connected
        await late.carried_out.wait()
        posting.way = None
        (two,) = await node.elsewhere(draft(ann, ben))
        await node.hear(two)
        late.may_arrive.set()
        await node.quiet()
        assert [type(each) for each in settled] == [Posted]
        assert node.watch.begun_anew == 0
        assert node.lane.sequencer.delivered(two.message.channel_id) == 2
        _, notes = await node.come(ben)
        await node.hear(*await node.elsewhere(draft(ann, ben)))
        await node.quiet()
        assert seqs(notes) == [3]


async def test_a_message_being_stored_is_not_in_doubt_when_the_log_has_it_already(
    memory_store: Store, mock_clock: MockClock
) -> None:
    """Otherwise the log would seem to have gone back."""
    ann, ben = await people(memory_store)
    posting, late = Interception("messages", "post"), Late()
    async with open_node(posting.over(memory_store)) as node:
        posting.way = late
        settled = await node.submit(ben, draft(ben, ann))  # over REST: no client is connected
        await late.carried_out.wait()
        heads = await memory_store.nodes.heads_above(MessageId(0))
        assert Inbox(node.messaging, node.hub).suspect(heads) == 0
        late.may_arrive.set()
        await node.quiet()
        assert [type(each) for each in settled] == [Posted]
        assert (node.watch.begun_anew, node.lane.in_doubt) == (0, 0)


async def test_nothing_overtakes_messages_that_were_read_from_the_log(
    memory_store: Store, mock_clock: MockClock
) -> None:
    ann, ben = await people(memory_store)
    people_read = Interception("accounts", "get_many")
    async with open_node(people_read.over(memory_store)) as node:
        _, notes = await node.come(ben)
        await node.hear(*await node.elsewhere(draft(ann, ben)))
        for _ in range(12):  # the order in which tasks run is random
            people_read.way = late = Late()
            _, early = await node.elsewhere(draft(ann, ben), draft(ann, ben))
            await node.hear(early)
            mock_clock.jump(HOLD_SECONDS)
            await late.carried_out.wait()
            later = await node.elsewhere(*[draft(ann, ben)] * 8)
            late.may_arrive.set()
            for each in later:  # one of them comes right after the page
                await trio.lowlevel.checkpoint()
                out = Outgoing()
                node.lane.receive(each, ann, out)
                await out.send(node.hub)
            await node.quiet()
        assert seqs(notes) == list(range(1, 122))


async def test_a_revision_of_another_node_is_delivered_after_its_message_and_predecessor(
    memory_store: Store, mock_clock: MockClock
) -> None:
    ann, ben = await people(memory_store)
    async with open_node(memory_store) as node:
        _, notes = await node.come(ben)
        one, two = await node.elsewhere(draft(ann, ben), draft(ann, ben))
        changes = [
            await revised(memory_store, each, ann, text)
            for each, text in ((one, "a"), (two, "b"), (one, "c"))
        ]
        await node.hear(one)
        await node.hear_revised(changes[2], changes[1], changes[0])
        await node.quiet()
        assert [each.rev for each in notes.revs] == [1]
        await node.hear(two)
        await node.quiet()
        assert [getattr(each, "seq", None) for each in notes.all] == [1, None, 2, None, None]
        assert [each.rev for each in notes.revs] == [1, 2, 3]
        assert node.lane.in_doubt == 0


async def test_a_missing_message_that_was_revised_is_read_from_the_log(store: Store) -> None:
    ann, ben = await people(store)
    async with open_node(store) as node:
        _, notes = await node.come(ben)
        one, two = await node.elsewhere(draft(ann, ben), draft(ann, ben))
        await node.hear(one)
        await node.hear_revised(await revised(store, two, ann, "b"))
        await until(lambda: bool(notes.revs))
        assert seqs(notes) == [1, 2]


async def test_a_lost_revision_is_read_and_a_superseded_one_is_no_gap(
    store: Store,
) -> None:
    ann, ben = await people(store)
    async with open_node(store) as node:
        _, notes = await node.come(ben)
        one, two = await node.elsewhere(draft(ann, ben), draft(ann, ben))
        await node.hear(one, two)
        await node.hear_revised(await revised(store, one, ann, "a"))
        await revised(store, one, ann, "b")  # superseded
        await revised(store, two, ann, "c")  # lost
        await node.hear_revised(await revised(store, one, ann, "d"))
        await until(lambda: len(notes.revs) == 3)
        assert [each.rev for each in notes.revs] == [1, 3, 4]


async def test_a_repeated_revision_is_refused_while_lost_revisions_cannot_be_read(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    """And the lane continues."""
    ann, ben = await people(memory_store)
    since = Interception("revisions", "revised_since")
    async with open_node(since.over(memory_store)) as node:
        _, notes = await node.come(ben)
        (one,) = await node.elsewhere(draft(ann, ben))
        await node.hear(one)
        await revised(memory_store, one, ann, "a")  # lost

        async def away(*_: Any, **__: Any) -> None:
            raise StoreUnavailable("away")

        since.way = away
        target = await memory_store.revisions.target(ann.id, one.message.id)
        assert target is not None
        again = RevisionDraft(ann.id, one.message.id, Edit("a"), target)
        with pytest.raises(StoreUnavailable):
            await node.messaging.revise(ann, again)
        since.way = None
        await trio.sleep(1)
        assert node.lane.in_doubt == 0
        await node.hear(*await node.elsewhere(draft(ann, ben)))
        await node.quiet()
        assert seqs(notes) == [1, 2]


async def test_channels_in_doubt_are_read(store: Store) -> None:
    ann, ben = await people(store)
    async with open_node(store) as node:
        _, notes = await node.come(ben)
        one, two = await node.elsewhere(draft(ann, ben), draft(ann, ben))
        await node.hear(one)
        await node.hear_revised(await revised(store, one, ann, "a"))
        await revised(store, one, ann, "b")
        node.lane.doubt_channels({two.message.channel_id: 2})
        await until(lambda: len(notes.all) == 4)
        assert (seqs(notes), [each.rev for each in notes.revs]) == ([1, 2], [1, 2])


async def test_lost_revisions_are_read_in_a_channel_without_known_revisions(store: Store) -> None:
    ann, ben = await people(store)
    (one, two) = await store.messages.post([draft(ann, ben), draft(ann, ben)])
    assert isinstance(one, Posted)
    assert isinstance(two, Posted)
    async with open_node(store) as node:
        _, notes = await node.come(ben)
        await node.hear(*await node.elsewhere(draft(ann, ben)))
        await until(lambda: seqs(notes) == [3])
        await revised(store, one, ann, "a")
        await revised(store, two, ann, "b")
        heads = await store.nodes.heads_above(MessageId(0))
        assert Inbox(node.messaging, node.hub).suspect(heads) == 1
        await until(lambda: [each.rev for each in notes.revs] == [1, 2])


async def test_a_repeated_message_of_a_forgotten_channel_is_dropped(
    memory_store: Store, mock_clock: MockClock
) -> None:
    ann, ben = await people(memory_store)
    async with open_node(memory_store) as node:
        (one,) = await node.elsewhere(draft(ann, ben))
        await node.hear(one)
        node.lane.sequencer.begin_anew(one.message.id)
        mock_clock.jump(10)
        _, notes = await node.come(ben)
        await node.hear(one)
        await node.quiet()
        assert (seqs(notes), node.lane.in_doubt) == ([], 0)


async def test_a_message_in_flight_at_another_node_at_the_start_is_delivered(
    memory_store: Store, mock_clock: MockClock
) -> None:
    ann, ben = await people(memory_store)
    posted = await memory_store.messages.post([draft(ann, ben)])
    async with open_node(memory_store) as node:
        _, notes = await node.come(ben)
        assert isinstance(posted[0], Posted)
        await node.hear(posted[0])
        await node.quiet()
        assert seqs(notes) == [1]


async def test_a_waiting_send_is_settled_as_unavailable_when_the_log_is_replaced(
    memory_store: Store, mock_clock: MockClock
) -> None:
    ann, ben = await people(memory_store)
    async with open_node(memory_store) as node:
        await node.come(ben)
        one, _ = await node.elsewhere(draft(ann, ben), draft(ann, ben))
        await node.hear(one)
        settled = await node.submit(ben, draft(ben, ann))
        await node.quiet()
        node.lane.sequencer.begin_anew(await memory_store.messages.last_id())
        assert [type(each) for each in settled] == [StoreUnavailable]
        assert node.lane.in_doubt == 0


async def test_a_lane_reads_only_while_it_stores_nothing(
    memory_store: Store, mock_clock: MockClock
) -> None:
    ann, ben = await people(memory_store)
    posting, late = Interception("messages", "post"), Late()
    async with open_node(posting.over(memory_store)) as node:
        _, notes = await node.come(ben)
        posting.way = late
        settled = await node.submit(ben, draft(ben, ann))
        await late.carried_out.wait()
        posting.way = None
        (two,) = await node.elsewhere(draft(ann, ben))
        await node.hear(two)
        mock_clock.jump(HOLD_SECONDS * 10)
        await node.quiet()
        assert node.lane.sequencer.messages.figures.reads == 0
        late.may_arrive.set()
        await node.quiet()
        assert (seqs(notes), len(settled)) == ([1, 2], 1)
        assert node.watch.begun_anew == 0


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text("hhheeeccbbbbbbbiottw", min_size=5, max_size=60), st.integers(0, 1_000_000))
def test_in_any_order_of_arrival_every_client_gets_everything_once_and_in_order(
    steps: str, seed: int
) -> None:
    async def live() -> None:
        store = new_memory_store()
        gaps, since = (
            Interception("messages", "in_gaps"),
            Interception("revisions", "revised_since"),
        )
        users = tuple([await new_user(store, name) for name in ("ann", "ben", "eve")])
        async with open_node(since.over(gaps.over(store))) as node:
            life = Life(node, users, random.Random(seed), gaps, since)
            await life.play(steps)
            life.judge()

    trio.run(live, clock=MockClock(autojump_threshold=0))


pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize(("hold_seconds", "known"), [(0.0, 9), (HOLD_SECONDS, 0)])
def test_one_of_several_nodes_looks_back_from_a_revision_in_doubt(
    memory_store: Store, hold_seconds: float, known: int
) -> None:
    """Other nodes may just have made those before it; a hub that is alone lacks none."""
    channel_id, user_id = ChannelId(3), UserId(1)
    target = Target(channel_id, None, 9, user_id)
    draft = RevisionDraft(user_id, MessageId(5), Edit("x"), target)

    async def doubted() -> int | None:
        sequencer = Sequencer(memory_store, MessageId(0), hold_seconds=hold_seconds)
        sequencer.doubt_revision(draft)
        assert sequencer.lacks_revisions
        return sequencer.revisions.positions.last(channel_id)

    assert trio.run(doubted) == known
