"""A node knows when it may have missed something of another one."""

import pytest
from attrs import evolve

from hub.cluster.bulletins import Heading
from hub.cluster.peers import MAX_MISSING, MAX_PEERS, SILENT_SECONDS, Arrival, Peers, Silence
from persistence.nodes import Node

OWN = Heading("north", "n1", 0)


def south(number: int, start: str = "s1") -> Heading:
    return Heading("south", start, number)


def living(*names: str) -> list[Node]:
    return [Node(name, f"{name[0]}1", None, "1") for name in names]


@pytest.fixture
def peers() -> Peers:
    return Peers(OWN, 0.0)


def test_bulletins_one_after_the_other(peers: Peers) -> None:
    assert [peers.take(south(number), 1.0) for number in (1, 2, 3)] == [Arrival.NEXT] * 3
    assert peers.beat(south(3), 2.0) is Arrival.NEXT


def test_what_is_missing_is_noticed_by_the_next_one_or_by_the_heartbeat(peers: Peers) -> None:
    peers.take(south(1), 1.0)
    assert peers.take(south(3), 1.0) is Arrival.AFTER_MISSING
    assert peers.beat(south(4), 1.0) is Arrival.AFTER_MISSING
    assert peers.beat(south(4), 1.0) is Arrival.NEXT


def test_repeated_and_late_ones_are_known(peers: Peers) -> None:
    peers.take(south(1), 1.0)
    peers.take(south(3), 1.0)
    assert peers.take(south(2), 1.0) is Arrival.REPEATED
    assert peers.take(south(3), 1.0) is Arrival.REPEATED
    assert peers.beat(south(2), 1.0) is Arrival.REPEATED


def test_a_node_that_is_heard_first_in_the_middle_was_missed(peers: Peers) -> None:
    assert peers.beat(south(0), 1.0) is Arrival.NEXT
    assert peers.take(Heading("west", "w1", 5), 1.0) is Arrival.AFTER_MISSING
    assert peers.beat(Heading("east", "e1", 5), 1.0) is Arrival.AFTER_MISSING


def test_the_end_of_a_node_that_begins_anew_may_be_missing(peers: Peers) -> None:
    peers.take(south(1), 1.0)
    assert peers.take(south(1, "s2"), 2.0) is Arrival.AFTER_MISSING
    assert peers.take(south(2, "s2"), 2.0) is Arrival.NEXT


def test_who_is_not_heard(peers: Peers) -> None:
    peers.echoed(1.0, 1.0)
    peers.beat(south(0), 1.0)
    assert peers.silence(living("north", "south"), 2.0) == Silence(own=False, peers=frozenset())
    late = 1.0 + SILENT_SECONDS
    assert peers.silence(living("north"), late) == Silence(own=True, peers=frozenset({"south"}))
    peers.echoed(late, late)
    peers.beat(south(0), late)
    silence = peers.silence(living("mute", "south"), late)
    assert silence == Silence(own=False, peers=frozenset({"mute"}))


def test_a_node_that_stops_is_not_missed(peers: Peers) -> None:
    peers.beat(south(0), 1.0)
    peers.ended(south(0, "another start"))
    assert len(peers) == 1
    peers.ended(south(0))
    assert len(peers) == 0
    peers.echoed(2.0, 2.0)
    (lease,) = leases = living("south")
    assert peers.silence(leases, 2.0) == Silence(own=False, peers=frozenset())
    successor = [evolve(lease, start="another start")]
    assert peers.silence(successor, 2.0) == Silence(own=False, peers=frozenset({"south"}))


def test_everything_has_come_up_to_the_oldest_heartbeat(peers: Peers) -> None:
    peers.beat(south(0), 1.0)
    peers.take(south(1), 5.0)
    peers.echoed(3.0, 3.0)
    assert peers.matched_at() == 1.0
    peers.beat(south(1), 4.0)
    assert peers.matched_at() == 3.0


def test_what_was_under_way_for_long_says_less(peers: Peers) -> None:
    peers.echoed(5.0, 3.5)
    peers.beat(south(0), 5.5)
    assert peers.matched_at() == 3.5


def test_names_without_end_take_no_memory_without_end(peers: Peers) -> None:
    for number in range(2 * MAX_PEERS):
        peers.beat(Heading(f"n{number}", "x", 0), 1.0)
    assert len(peers) == MAX_PEERS


def test_what_is_missing_is_known_by_its_number_until_it_comes(peers: Peers) -> None:
    for number in (1, 4):
        peers.take(south(number), 1.0)
    peers.beat(south(6), 1.0)
    assert peers.missing() == {"south": [2, 3, 5, 6]}
    assert peers.fill(south(7), 3)
    assert not peers.fill(south(7), 3)
    assert not peers.fill(south(7, "s2"), 2)
    assert peers.missing() == {"south": [2, 5, 6]}
    peers.take(south(MAX_MISSING + 100), 1.0)
    assert len(peers.missing()["south"]) == MAX_MISSING
    peers.take(south(1, "s2"), 2.0)
    assert peers.missing() == {}
    assert not peers.fill(Heading("west", "w1", 1), 1)


def test_the_first_name_of_those_that_are_heard_acts_for_one_that_has_ended(peers: Peers) -> None:
    assert peers.is_first_besides("south")
    peers.take(south(1), 1.0)
    peers.take(Heading("east", "e1", 1), 1.0)
    assert not peers.is_first_besides("south")
    assert peers.is_first_besides("east")
