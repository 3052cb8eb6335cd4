"""A node knows when it may have missed bulletins of another node."""

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


def test_consecutive_bulletins_have_no_gap(peers: Peers) -> None:
    assert [peers.take(south(number), 1.0) for number in (1, 2, 3)] == [Arrival.NEXT] * 3
    assert peers.beat(south(3), 2.0) is Arrival.NEXT


def test_a_gap_is_detected_by_the_next_bulletin_or_heartbeat(peers: Peers) -> None:
    peers.take(south(1), 1.0)
    assert peers.take(south(3), 1.0) is Arrival.AFTER_MISSING
    assert peers.beat(south(4), 1.0) is Arrival.AFTER_MISSING
    assert peers.beat(south(4), 1.0) is Arrival.NEXT


def test_repeated_and_late_bulletins_are_recognized(peers: Peers) -> None:
    peers.take(south(1), 1.0)
    peers.take(south(3), 1.0)
    assert peers.take(south(2), 1.0) is Arrival.REPEATED
    assert peers.take(south(3), 1.0) is Arrival.REPEATED
    assert peers.beat(south(2), 1.0) is Arrival.REPEATED


def test_a_first_bulletin_with_a_later_number_is_a_gap(peers: Peers) -> None:
    assert peers.beat(south(0), 1.0) is Arrival.NEXT
    assert peers.take(Heading("west", "w1", 5), 1.0) is Arrival.AFTER_MISSING
    assert peers.beat(Heading("east", "e1", 5), 1.0) is Arrival.AFTER_MISSING


def test_the_last_bulletins_before_a_restart_may_be_missing(peers: Peers) -> None:
    peers.take(south(1), 1.0)
    assert peers.take(south(1, "s2"), 2.0) is Arrival.AFTER_MISSING
    assert peers.take(south(2, "s2"), 2.0) is Arrival.NEXT


def test_silent_nodes_are_reported(peers: Peers) -> None:
    peers.echoed(1.0, 1.0)
    peers.beat(south(0), 1.0)
    assert peers.silence(living("north", "south"), 2.0) == Silence(own=False, peers=frozenset())
    late = 1.0 + SILENT_SECONDS
    assert peers.silence(living("north"), late) == Silence(own=True, peers=frozenset({"south"}))
    peers.echoed(late, late)
    peers.beat(south(0), late)
    silence = peers.silence(living("mute", "south"), late)
    assert silence == Silence(own=False, peers=frozenset({"mute"}))


def test_a_node_that_has_stopped_is_not_reported_as_silent(peers: Peers) -> None:
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


def test_all_bulletins_have_arrived_up_to_the_oldest_heartbeat(peers: Peers) -> None:
    peers.beat(south(0), 1.0)
    peers.take(south(1), 5.0)
    peers.echoed(3.0, 3.0)
    assert peers.matched_at() == 1.0
    peers.beat(south(1), 4.0)
    assert peers.matched_at() == 3.0


def test_the_delay_of_the_own_echo_lowers_the_time_of_the_match(peers: Peers) -> None:
    peers.echoed(5.0, 3.5)
    peers.beat(south(0), 5.5)
    assert peers.matched_at() == 3.5


def test_the_number_of_remembered_nodes_is_bounded(peers: Peers) -> None:
    for number in range(2 * MAX_PEERS):
        peers.beat(Heading(f"n{number}", "x", 0), 1.0)
    assert len(peers) == MAX_PEERS


def test_missing_bulletins_are_listed_by_number_until_they_arrive(peers: Peers) -> None:
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


def test_the_node_with_the_first_name_acts_for_a_node_that_has_ended(peers: Peers) -> None:
    assert peers.is_first_besides("south")
    peers.take(south(1), 1.0)
    peers.take(Heading("east", "e1", 1), 1.0)
    assert not peers.is_first_besides("south")
    assert peers.is_first_besides("east")
