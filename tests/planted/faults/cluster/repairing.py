"""Planted in the code that notices and looks for missing bulletins of other nodes."""

from typing import Final

from tests.planted.fault import Fault

PEERS: Final = "hub/cluster/peers.py"
BY_PEERS: Final = ("tests/hub/cluster/test_peers.py",)
BY_NODES: Final = ("tests/hub/services/posting/test_nodes.py",)

FAULTS: Final = (
    Fault(
        "a node whose bulletins do not arrive is not noticed",
        PEERS,
        "unheard = {*expected, *self._peers} - heard - {self.own.node}",
        "unheard = heard - {*expected, *self._peers}",
        BY_PEERS,
    ),
    Fault(
        "the last bulletins of a restarted node are not looked for",
        PEERS,
        "return Arrival.AFTER_MISSING if is_known or before else Arrival.NEXT",
        "return Arrival.NEXT",
        BY_PEERS,
    ),
    Fault(
        "a repair treats messages stored a moment ago as settled",
        "hub/cluster/repair.py",
        "settled = in_sync - SETTLED_SECONDS",
        "settled = in_sync + SETTLED_SECONDS",
        ("tests/hub/cluster/test_repair.py",),
    ),
    Fault(
        "a channel's head from the log overtakes messages that are being stored there",
        "hub/services/posting/inbox.py",
        "_UNKNOWN, is_own=True)",
        "_UNKNOWN)",
        BY_NODES,
    ),
    Fault(
        "missed revisions are not looked for in a channel without a known rev",
        "hub/services/posting/lane.py",
        "is_behind = rev < last_rev",
        "is_behind = 0 < rev < last_rev",
        BY_NODES,
    ),
    Fault(
        "another node's revisions are delivered in the order in which they arrive",
        "hub/services/posting/revising.py",
        "        self._sequencer.revisions.receive(channel_id, revised.rev, arrival, out)\n",
        "        self._sequencer.revisions.note(channel_id, revised.rev, revised.message.id)\n"
        "        out.deliveries += arrival.deliveries()\n",
        BY_NODES,
    ),
    Fault(
        "a blocked user still sees the blocker's typing in a channel",
        "hub/services/typing/indicators.py",
        "        places = self._running.places(author=author_id)\n        rooms",
        "        places: list[Place] = []\n        rooms",
        ("tests/hub/services/typing/test_elsewhere.py",),
    ),
)
