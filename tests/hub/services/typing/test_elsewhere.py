"""Typing indicators of another node are delivered once, and never after what ended them."""

import pytest
import trio
from attrs import define, evolve, field
from trio.testing import MockClock

from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, ToRooms, ToUsers
from hub.actor.listeners import RoomListeners
from hub.cluster.bulletins import Reaching, Typed
from hub.cluster.elsewhere import Announcer
from hub.services.presence.corrections import Corrections
from hub.services.typing.elsewhere import LATE_SECONDS, TypingElsewhere
from hub.services.typing.indicators import TypingIndicators
from hub.services.typing.running import Place, Running
from persistence.interface import Store
from protocol.events import ChannelTyping, TypingChanged
from protocol.model import ChannelId, UserId
from tests.support.documents.events import ANN, AT

BEN = UserId(2)
PLACE: Place = (ANN.id, BEN)
BEGINS = Typed(
    ANN.id,
    BEN,
    None,
    is_typing=True,
    seconds=3.0,
    after=0,
    reaching=(
        Reaching(
            TypingChanged(ANN.id, ANN.username, ANN.name, BEN, is_typing=True, at=AT),
            ToUsers((BEN,)),
        ),
    ),
)

ROOMS = ToRooms((ChannelRoom(ChannelId(3)),))
IN_CHANNEL = evolve(
    BEGINS,
    recipient_id=None,
    channel_id=ChannelId(3),
    reaching=(Reaching(ChannelTyping(ChannelId(3), None, ANN), ROOMS),),
)


@define
class Elsewhere:
    """Typing indicators that arrive from the node `north`."""

    running: Running = field(factory=Running)
    corrections: Corrections = field(factory=Corrections)
    typing: TypingElsewhere = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.typing = TypingElsewhere(self.running, self.corrections)

    def says(self, sign: Typed) -> list[bool]:
        """Take the sign; returns `is_typing` of each event that is delivered."""
        shown = []
        for each in self.typing.received("north", sign):
            assert isinstance(each.event, TypingChanged | ChannelTyping)
            shown.append(each.event.is_typing)
        return shown


ENDS = evolve(BEGINS, is_typing=False)


async def test_the_end_of_an_indicator_is_delivered_once(autojump_clock: MockClock) -> None:
    typing = Elsewhere()
    assert typing.says(ENDS) == []
    assert len(typing.says(BEGINS)) == 1
    assert len(typing.says(ENDS)) == 1
    assert typing.says(ENDS) == []


@pytest.mark.parametrize("sign", [ENDS, None], ids=["said", "lost"])
async def test_a_recipient_of_the_start_gets_the_end_even_if_the_author_is_hidden_since(
    autojump_clock: MockClock, sign: Typed | None
) -> None:
    typing = Elsewhere()
    typing.says(BEGINS)
    typing.corrections.note(ANN.id, BEN, knows=False)
    if sign is None:
        while not (ended := await typing.running.due()):
            pass
        (delivery,) = ended[0].deliveries
    else:
        (delivery,) = typing.typing.received("north", sign)
    assert delivery.to == ToUsers([BEN])


async def test_a_user_who_did_not_get_the_start_does_not_get_the_end(
    autojump_clock: MockClock,
) -> None:
    typing = Elsewhere()
    typing.corrections.note(ANN.id, BEN, knows=False)
    typing.says(BEGINS)
    typing.corrections.note(ANN.id, BEN, knows=True)
    assert [each.to for each in typing.typing.received("north", ENDS)] == [ToUsers([])]


async def test_an_end_that_was_lost_comes_a_second_late(autojump_clock: MockClock) -> None:
    typing = Elsewhere()
    typing.says(BEGINS)
    while not (ended := await typing.running.due()):
        pass
    assert trio.current_time() == 4.0
    (end,) = ended
    assert not end.is_own
    (delivery,) = end.deliveries
    assert isinstance(delivery.event, TypingChanged)
    assert not delivery.event.is_typing


async def test_an_indicator_from_before_a_message_is_not_delivered_after_it(
    autojump_clock: MockClock,
) -> None:
    typing = Elsewhere()
    typing.typing.message_delivered(PLACE, 7)
    assert typing.says(BEGINS) == []
    assert typing.says(evolve(BEGINS, after=6)) == []
    assert len(typing.says(evolve(BEGINS, after=7))) == 1
    await trio.sleep(LATE_SECONDS + 1)
    assert len(typing.says(BEGINS)) == 1


async def test_an_indicator_from_before_a_right_ended_is_not_delivered_after_it(
    autojump_clock: MockClock,
) -> None:
    typing = Elsewhere()
    typing.typing.refuse(PLACE)
    assert typing.says(BEGINS) == []
    await trio.sleep(LATE_SECONDS + 1)
    assert len(typing.says(BEGINS)) == 1


async def test_an_indicator_in_a_channel_is_not_delivered_across_a_new_block(
    autojump_clock: MockClock,
) -> None:
    typing = Elsewhere()
    typing.corrections.note(ANN.id, BEN, knows=False)
    (delivery,) = typing.typing.received("north", IN_CHANNEL)
    assert delivery.to == evolve(ROOMS, besides_users=frozenset({BEN}))


@pytest.mark.parametrize("was_shown", [True, False])
async def test_the_end_in_a_channel_is_delivered_to_users_who_got_any_of_the_indicators(
    autojump_clock: MockClock, *, was_shown: bool
) -> None:
    typing = Elsewhere()
    if was_shown:
        typing.says(IN_CHANNEL)
    typing.corrections.note(ANN.id, BEN, knows=False)
    typing.says(IN_CHANNEL)
    (delivery,) = typing.typing.received("north", evolve(IN_CHANNEL, is_typing=False))
    besides = frozenset[UserId]() if was_shown else frozenset({BEN})
    assert delivery.to == evolve(ROOMS, besides_users=besides)


async def test_a_block_ends_an_indicator_in_a_channel_for_the_blocked_user_too(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    hub = Hub(lambda *_, **__: None, RoomListeners())
    indicators = TypingIndicators(
        memory_store.relations,
        memory_store.channels,
        Announcer(hub),
        is_followed=hub.is_followed,
        expiry=5.0,
    )
    indicators.elsewhere.received("north", IN_CHANNEL)
    (end,) = indicators.hidden(ANN.id, BEN)
    assert isinstance(end.event, ChannelTyping)
    assert isinstance(end.to, ToRooms)
    assert (end.event.is_typing, end.to.besides_users) == (False, frozenset())


async def test_an_indicator_ends_with_its_node(autojump_clock: MockClock) -> None:
    typing = Elsewhere()
    typing.says(BEGINS)
    typing.typing.node_ended("south")
    assert typing.running.is_on(PLACE)
    typing.typing.node_ended("north")
    (end,) = await typing.running.due()
    assert (end.place, trio.current_time()) == (PLACE, 0.0)
