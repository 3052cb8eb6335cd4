"""Planted in what notices that something of another node is missing, and looks for it."""

from typing import Final

from tests.planted.fault import Fault

PEERS: Final = "hub/cluster/peers.py"
BY_PEERS: Final = ("tests/hub/cluster/test_peers.py",)
BY_NODES: Final = ("tests/hub/services/posting/test_nodes.py",)

FAULTS: Final = (
    Fault(
        "a node that is not heard is not missed",
        PEERS,
        "unheard = {*expected, *self._peers} - heard - {self.own.node}",
        "unheard = heard - {*expected, *self._peers}",
        BY_PEERS,
    ),
    Fault(
        "the end of a node that begins anew is not looked for",
        PEERS,
        "return Arrival.AFTER_MISSING if is_known or before else Arrival.NEXT",
        "return Arrival.NEXT",
        BY_PEERS,
    ),
    Fault(
        "a repair looks at what was stored a moment ago",
        "hub/cluster/repair.py",
        "settled = in_sync - SETTLED_SECONDS",
        "settled = in_sync + SETTLED_SECONDS",
        ("tests/hub/cluster/test_repair.py",),
    ),
    Fault(
        "what the log says of a channel passes what is being stored there",
        "hub/services/posting/inbox.py",
        "_UNKNOWN, is_own=True)",
        "_UNKNOWN)",
        BY_NODES,
    ),
    Fault(
        "changes that were lost are not looked for where none was known",
        "hub/services/posting/lane.py",
        "is_behind = rev < last_rev",
        "is_behind = 0 < rev < last_rev",
        BY_NODES,
    ),
    Fault(
        "another node's changes are delivered in the order in which they come",
        "hub/services/posting/revising.py",
        "        self._sequencer.revisions.receive(channel_id, revised.rev, arrival, out)\n",
        "        self._sequencer.revisions.note(channel_id, revised.rev, revised.message.id)\n"
        "        out.deliveries += arrival.deliveries()\n",
        BY_NODES,
    ),
    Fault(
        "whoever is blocked sees typing in a channel go on",
        "hub/services/typing/indicators.py",
        "        places = self._running.places(author=author_id)\n        rooms",
        "        places: list[Place] = []\n        rooms",
        ("tests/hub/services/typing/test_elsewhere.py",),
    ),
)
