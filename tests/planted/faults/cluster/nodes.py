"""Faults in how nodes notice and repair what they missed, which a campaign on several nodes finds:
see `tests.cluster`.
"""

from typing import Final

from tests.planted.fault import Fault

NODE: Final = "hub/cluster/node.py"
PUBLISHING: Final = "hub/cluster/publishing.py"
CAMPAIGN: Final = ("tests/cluster/test_cluster.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a node that hears nobody does not read the log",
        NODE,
        "if is_apart or self._gap.is_set() or self.repair.is_due:",
        "if self._gap.is_set() or self.repair.is_due:",
        CAMPAIGN,
    ),
    Fault(
        "what the bus did not take has no number, so nobody misses it",
        PUBLISHING,
        """\
            self._count(part)
            attempts = 1 if is_sign else ATTEMPTS
            if not is_small or not await self._insist(data, attempts):
                self.figures.dropped += 1
""",
        """\
            attempts = 1 if is_sign else ATTEMPTS
            if is_small and await self._insist(data, attempts):
                self._count(part)
            else:
                self.figures.dropped += 1
""",
        ("tests/hub/cluster/test_publishing.py",),
    ),
    Fault(
        "what a node published before it ended counts when it comes again",
        "hub/cluster/receiving.py",
        "elif self._peers.knows(heading) or await",
        "elif True or await",
        ("tests/hub/cluster/test_receiving.py",),
    ),
    Fault(
        "typing and presence that waited for the bus are published, however old they are",
        PUBLISHING,
        "if is_sign and trio.current_time()",
        "if False and trio.current_time()",
        ("tests/hub/cluster/test_publishing.py",),
    ),
    Fault(
        "typing is published again and again until the bus takes it",
        PUBLISHING,
        "attempts = 1 if is_sign else ATTEMPTS",
        "attempts = ATTEMPTS",
        ("tests/hub/cluster/test_publishing.py",),
    ),
    Fault(
        "the others do not learn that a node has no answer",
        PUBLISHING,
        "                if take_doubt():\n",
        "                if False and take_doubt():\n",
        ("tests/hub/cluster/test_node.py",),
    ),
    Fault(
        "a doubt that ends before the next heartbeat is not said",
        "hub/services/posting/sequencer.py",
        "        self._has_doubted = True\n",
        "        pass\n",
        ("tests/hub/cluster/test_node.py",),
    ),
    Fault(
        "a node that was killed cannot begin again while its lease holds",
        NODE,
        "            if trio.current_time() >= until:\n                raise\n",
        "            raise\n",
        ("tests/hub/cluster/test_node.py",),
    ),
    Fault(
        "whoever can write to the bus speaks for any node",
        "hub/cluster/signing.py",
        "return bulletin if is_signed else NOT_SIGNED",
        "return bulletin",
        ("tests/hub/cluster/test_signing.py",),
    ),
    Fault(
        "nodes do not sign what they publish",
        "hub/assembly.py",
        "cluster = Cluster(node or new_node(config), signed, store,",
        "cluster = Cluster(node or new_node(config), bus, store,",
        ("tests/hub/cluster/test_signing.py",),
    ),
)
