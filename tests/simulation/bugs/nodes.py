"""Mistakes of hubs that are nodes of one cell; a single hub does not make them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hub.cluster.peers import Arrival as Coming
from hub.cluster.peers import Peers, Silence
from hub.cluster.repair import Repair
from hub.services.posting.lane import Lane
from hub.services.posting.order import Arrival, Order, Outgoing, Reading
from hub.services.posting.sequencer import Sequencer
from protocol.model import ChannelId, MessageId
from tests.simulation.bugs.planting import Bug, replaced

if TYPE_CHECKING:
    from tests.simulation.run import Simulation


def _at_once(
    order: Order, channel_id: ChannelId, number: int, arrival: Arrival, out: Outgoing
) -> None:
    order.note(channel_id, number, arrival.message.id)
    out.deliveries += arrival.deliveries()


@contextmanager
def early_not_held_back(sim: "Simulation") -> Iterator[None]:
    """A message of another node is delivered when its bulletin comes, even if an earlier one is
    missing.
    """
    receive = Order.receive

    def deliver(order: Order, channel_id: ChannelId, number: int, *args: Any) -> None:
        if not order.is_delivered(channel_id, number):
            _at_once(order, channel_id, number, *args)

    def early(order: Order, *args: Any) -> None:
        (receive if order._behind is None else deliver)(order, *args)

    with replaced(Order, "receive", early):
        yield


@contextmanager
def revisions_cross(sim: "Simulation") -> Iterator[None]:
    """A revision of another node is delivered when its bulletin comes, even after a later one."""
    receive = Order.receive

    def cross(order: Order, *args: Any) -> None:
        (_at_once if order._behind is None else receive)(order, *args)

    with replaced(Order, "receive", cross):
        yield


@contextmanager
def arrived_meanwhile_is_skipped(sim: "Simulation") -> Iterator[None]:
    """A message that is not in the log as it was read counts as lost, even if it was stored
    meanwhile.
    """
    end_read = Order.end_read

    def end(order: Order, reading: Reading, out: Outgoing) -> None:
        known = {each: order._known(each) for each in reading.above}
        upto = {each: max(numbers) for each, numbers in known.items() if numbers}
        end_read(order, evolve(reading, upto=upto), out)

    with replaced(Order, "end_read", end):
        yield


@contextmanager
def silence_unnoticed(sim: "Simulation") -> Iterator[None]:
    """A node whose bulletins do not come is not missed."""

    def none(peers: Peers, *args: object) -> Silence:
        return Silence(own=False, peers=frozenset())

    with replaced(Peers, "silence", none):
        yield


@contextmanager
def crash_not_repaired(sim: "Simulation") -> Iterator[None]:
    """Messages that a node had stored and not published when it crashed are not looked for."""
    begin = Peers._begin

    def silence(peers: Peers, *args: object) -> Silence:
        return Silence(own=False, peers=frozenset())

    def begins(peers: Peers, *args: Any, **kwargs: Any) -> Coming:
        begin(peers, *args, **kwargs)
        return Coming.NEXT

    with replaced(Peers, "silence", silence), replaced(Peers, "_begin", begins):
        yield


@contextmanager
def repair_looks_too_late(sim: "Simulation") -> Iterator[None]:
    """A repair looks only at what was stored since a moment ago."""

    def newest(repair: Repair, in_sync: float) -> MessageId:
        return repair._samples[-1][1]

    with replaced(Repair, "_floor", newest):
        yield


@contextmanager
def unknown_revisions_unread(sim: "Simulation") -> Iterator[None]:
    """Where no revision is known, none is missing."""

    def lacks(lane: Lane, channel_id: ChannelId, last_seq: int, last_rev: int) -> bool:
        rev = lane.sequencer.revisions.positions.last(channel_id)
        is_behind = rev is not None and rev < last_rev
        return is_behind or lane.sequencer.delivered(channel_id) < last_seq

    with replaced(Lane, "lacks", lacks):
        yield


@contextmanager
def log_passes_what_is_stored(sim: "Simulation") -> Iterator[None]:
    """A message that no connection here may get counts as skipped at once, although the lane is
    just storing it.
    """
    skip = Sequencer.skip

    def skip_at_once(sequencer: Sequencer, *args: Any, **_: Any) -> None:
        skip(sequencer, *args)

    with replaced(Sequencer, "skip", skip_at_once):
        yield


BUGS: Mapping[str, Bug] = {
    bug.__name__: bug
    for bug in (
        early_not_held_back,
        revisions_cross,
        arrived_meanwhile_is_skipped,
        silence_unnoticed,
        crash_not_repaired,
        repair_looks_too_late,
        unknown_revisions_unread,
        log_passes_what_is_stored,
    )
}
