"""Changes made during a lookup are applied to its result; the rest of the result stays."""

import weakref

import trio
from trio.testing import MockClock

from hub.actor.letters import ChannelRoom, Delivery, ToRooms, ToUsers, WorkspaceRoom
from hub.cluster.bulletins import Reaching
from hub.services.presence.corrections import Corrections
from protocol.events import PresenceChanged, WorkspacePresence
from protocol.model import ChannelId, UserId, WorkspaceId

ANN, BEN, EVE, KIM = map(UserId, range(1, 5))
SCHOOL, CLUB, BAND = (WorkspaceRoom(WorkspaceId(number)) for number in range(1, 4))


async def test_a_change_applies_to_a_lookup_in_flight() -> None:
    corrections = Corrections()
    corrections.note(ANN, BEN, knows=False)  # before: the lookup will find it
    lookup = corrections.begin()
    corrections.note(ANN, EVE, knows=True)
    corrections.note(ANN, BEN, knows=True)
    corrections.note(ANN, BEN, knows=False)
    corrections.note(KIM, EVE, knows=False)
    corrections.note(ANN, CLUB, knows=False)
    assert lookup.viewers(frozenset({BEN, KIM}), ANN, knows=True) == {EVE, KIM}
    assert lookup.viewers(frozenset({EVE, KIM}), ANN, knows=False) == {BEN, KIM}
    assert lookup.seen(frozenset({BEN, KIM}), EVE, knows=True) == {ANN, BEN}
    assert lookup.seen(frozenset({ANN, BEN}), EVE, knows=False) == {BEN, KIM}


async def test_a_change_of_membership_applies_to_a_lookup_in_flight() -> None:
    corrections = Corrections()
    lookup = corrections.begin()
    corrections.note(ANN, CLUB, knows=False)
    corrections.note(ANN, BAND, knows=True)
    corrections.note(EVE, SCHOOL, knows=False)
    corrections.note(ANN, BEN, knows=True)
    assert lookup.rooms(frozenset({SCHOOL, CLUB}), ANN) == {SCHOOL, BAND}


async def test_a_lookup_that_is_over_is_forgotten() -> None:
    corrections = Corrections()
    first, second = corrections.begin(), corrections.begin()
    still_there = weakref.ref(first)
    del first
    corrections.note(ANN, BEN, knows=False)
    assert still_there() is None
    assert second.changed == {(ANN, BEN): False}


async def test_lookups_of_another_node_are_corrected_for_a_time(
    autojump_clock: MockClock,
) -> None:
    corrections = Corrections()
    corrections.note(ANN, BEN, knows=False)
    corrections.note(ANN, CLUB, knows=False)
    corrections.note(EVE, SCHOOL, knows=False)  # of another user
    online = PresenceChanged(ANN, online=True)
    in_club = WorkspacePresence(CLUB.workspace_id, ANN, online=True)
    general = ChannelRoom(ChannelId(1))
    reaching = [
        Reaching(online, ToUsers([BEN, KIM])),
        Reaching(in_club, ToRooms((CLUB,))),
        Reaching(in_club, ToRooms((general, SCHOOL))),
    ]
    besides = frozenset({BEN})
    assert corrections.deliveries(ANN, reaching) == [
        Delivery(online, ToUsers([KIM])),
        Delivery(in_club, ToRooms((), besides_users=besides)),
        Delivery(in_club, ToRooms((general, SCHOOL), besides_users=besides)),
    ]
    await trio.sleep(6)
    assert corrections.deliveries(ANN, reaching) == [
        Delivery(each.event, each.to) for each in reaching
    ]
