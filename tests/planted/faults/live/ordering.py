"""Faults in the order of the messages and revisions of this node and of others."""

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
        "a node with a revision in doubt does not look for earlier revisions of others",
        SEQUENCER,
        "rev if self._is_alone else rev - LOOK_BACK",
        "rev",
        ("tests/hub/services/posting/test_nodes.py",),
    ),
    Fault(
        "a message from another node that arrives early is delivered at once",
        ORDER,
        "if number != (self.positions.last(channel_id) or 0) + 1 or",
        "if number <= (self.positions.last(channel_id) or 0) or",
        BY_ORDER,
    ),
    Fault(
        "a message that arrives during a read of the log counts as read with it",
        ORDER,
        "reading.upto.get(channel_id, 0)",
        "max(self._known(channel_id), default=0)",
        BY_ORDER,
    ),
    Fault(
        "a doubt that arises during a read of the log is settled by that read",
        ORDER,
        "            if reading.doubts.get(channel_id) == self._doubts.get(channel_id):\n",
        "            if True:\n",
        BY_ORDER,
    ),
    Fault(
        "the log is read at once although the missing message is on its way",
        ORDER,
        "seconds = self._hold_seconds if is_known",
        "seconds = 0.0 if is_known",
        BY_ORDER,
    ),
    Fault(
        "messages that arrive early are held without a limit",
        ORDER,
        "if self._held < MAX_EARLY and len(early) < MAX_EARLY_OF_CHANNEL:",
        "if True:",
        BY_ORDER,
    ),
    Fault(
        "sends that wait for delivery are never settled when the log changes",
        ORDER,
        "                each.reached(error)\n        self._waiting.clear()\n",
        "                pass\n        self._waiting.clear()\n",
        BY_ORDER,
    ),
    Fault(
        "a channel's position is forgotten although an earlier message may still arrive",
        POSITIONS,
        "if self._in_sync() < self._closed_at + SETTLED_SECONDS:",
        "if False:",
        BY_ORDER,
    ),
    Fault(
        "the position of a channel in doubt is forgotten",
        POSITIONS,
        "            for channel_id in but:\n",
        "            for channel_id in ():\n",
        BY_ORDER,
    ),
    Fault(
        "a message from another node is delivered before earlier ones read from the log",
        LANE,
        "                    out = self.sequencer.take_page(page, self._message_deliveries)\n",
        "                    out = self.sequencer.take_page(page, self._message_deliveries)\n"
        "                    await trio.lowlevel.checkpoint()\n",
        BY_NODES,
    ),
    Fault(
        "a message is confirmed before an earlier one of another node is delivered",
        LANE,
        "                        self._wait(submission, outcome)\n                        holds",
        "                        settled.append((submission, outcome))\n"
        "                        holds",
        BY_NODES,
    ),
    Fault(
        "another node's message without recipients overtakes the ones being stored",
        SEQUENCER,
        "if self._is_storing and (is_own or seq != self.delivered(channel_id) + 1):",
        "if False:",
        BY_NODES,
    ),
    Fault(
        "another node's revision of a message is delivered before the message",
        ORDER,
        " or not self._is_ready(message):\n            return False",
        ":\n            return False",
        BY_NODES,
    ),
    Fault(
        "the missing message of a revision found in the log is not looked for",
        SEQUENCER,
        "            if not self.is_delivered(message):\n",
        "            if False:\n",
        BY_NODES,
    ),
    Fault(
        "channels that may lack messages are not read",
        SEQUENCER,
        "        self.messages.doubt(last_revs)\n",
        "",
        BY_NODES,
    ),
)
