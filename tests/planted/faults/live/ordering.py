"""Faults in the order of what this node stored and what comes from others."""

from typing import Final

from tests.planted.fault import Fault

ORDER: Final = "hub/services/posting/order.py"
SEQUENCER: Final = "hub/services/posting/sequencer.py"
LANE: Final = "hub/services/posting/lane.py"
POSITIONS: Final = "hub/services/posting/positions.py"
BY_ORDER: Final = ("tests/hub/services/posting/test_order.py",)
BY_NODES: Final = ("tests/hub/services/posting/test_nodes.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a node whose revision is in doubt takes none before it for missing",
        SEQUENCER,
        "rev if self._is_alone else rev - LOOK_BACK",
        "rev",
        ("tests/hub/services/posting/test_nodes.py",),
    ),
    Fault(
        "what comes early from another node is delivered at once",
        ORDER,
        "if number != (self.positions.last(channel_id) or 0) + 1 or",
        "if number <= (self.positions.last(channel_id) or 0) or",
        BY_ORDER,
    ),
    Fault(
        "what came while the log was read counts as known before",
        ORDER,
        "reading.upto.get(channel_id, 0)",
        "max(self._known(channel_id), default=0)",
        BY_ORDER,
    ),
    Fault(
        "a doubt of while the log was read is settled by it",
        ORDER,
        "            if reading.doubts.get(channel_id) == self._doubts.get(channel_id):\n",
        "            if True:\n",
        BY_ORDER,
    ),
    Fault(
        "a gap is read although what is missing is on its way",
        ORDER,
        "seconds = self._hold_seconds if is_known",
        "seconds = 0.0 if is_known",
        BY_ORDER,
    ),
    Fault(
        "what is early is held without a bound",
        ORDER,
        "if self._held < MAX_EARLY and len(early) < MAX_EARLY_OF_CHANNEL:",
        "if True:",
        BY_ORDER,
    ),
    Fault(
        "who waits is forgotten with the log",
        ORDER,
        "                each.reached(error)\n        self._waiting.clear()\n",
        "                pass\n        self._waiting.clear()\n",
        BY_ORDER,
    ),
    Fault(
        "a position is forgotten although something below it may come",
        POSITIONS,
        "if self._in_sync() < self._closed_at + SETTLED_SECONDS:",
        "if False:",
        BY_ORDER,
    ),
    Fault(
        "a channel in doubt is forgotten",
        POSITIONS,
        "            for channel_id in but:\n",
        "            for channel_id in ():\n",
        BY_ORDER,
    ),
    Fault(
        "what comes from another node overtakes what was read of the log",
        LANE,
        "                    out = self.sequencer.take_page(page, self._message_deliveries)\n",
        "                    out = self.sequencer.take_page(page, self._message_deliveries)\n"
        "                    await trio.lowlevel.checkpoint()\n",
        BY_NODES,
    ),
    Fault(
        "a message is confirmed before another node's in front of it is delivered",
        LANE,
        "                        self._wait(submission, outcome)\n                        holds",
        "                        settled.append((submission, outcome))\n"
        "                        holds",
        BY_NODES,
    ),
    Fault(
        "what nobody wants overtakes what is being stored",
        SEQUENCER,
        "if self._is_storing and (is_own or seq != self.delivered(channel_id) + 1):",
        "if False:",
        BY_NODES,
    ),
    Fault(
        "another node's change of a message comes before the message",
        ORDER,
        " or not self._is_ready(message):\n            return False",
        ":\n            return False",
        BY_NODES,
    ),
    Fault(
        "a message that a change is about is not looked for",
        SEQUENCER,
        "            if not self.is_delivered(message):\n",
        "            if False:\n",
        BY_NODES,
    ),
    Fault(
        "channels that may lack something are not read",
        SEQUENCER,
        "        self.messages.doubt(last_revs)\n",
        "",
        BY_NODES,
    ),
)
