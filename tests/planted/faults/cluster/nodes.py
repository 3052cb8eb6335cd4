"""Faults in how nodes notice and repair missed bulletins. A campaign on several nodes finds them:
see `tests.cluster`.
"""

from typing import Final

from tests.planted.fault import Fault

NODE: Final = "hub/cluster/node.py"
PUBLISHING: Final = "hub/cluster/publishing.py"
CAMPAIGN: Final = ("tests/cluster/test_cluster.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a node that receives no bulletins does not read the log",
        NODE,
        "if is_apart or self._gap.is_set() or self.repair.is_due:",
        "if self._gap.is_set() or self.repair.is_due:",
        CAMPAIGN,
    ),
    Fault(
        "a bulletin that the bus refused gets no number, so no node misses it",
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
        "a late bulletin of a node that has ended is accepted",
        "hub/cluster/receiving.py",
        "elif self._peers.knows(heading) or await",
        "elif True or await",
        ("tests/hub/cluster/test_receiving.py",),
    ),
    Fault(
        "typing and presence that waited for the bus are published even when outdated",
        PUBLISHING,
        "if is_sign and trio.current_time()",
        "if False and trio.current_time()",
        ("tests/hub/cluster/test_publishing.py",),
    ),
    Fault(
        "typing is published repeatedly until the bus accepts it",
        PUBLISHING,
        "attempts = 1 if is_sign else ATTEMPTS",
        "attempts = ATTEMPTS",
        ("tests/hub/cluster/test_publishing.py",),
    ),
    Fault(
        "other nodes do not learn that a node has a draft in doubt",
        PUBLISHING,
        "                if take_doubt():\n",
        "                if False and take_doubt():\n",
        ("tests/hub/cluster/test_node.py",),
    ),
    Fault(
        "a doubt that ends before the next heartbeat is not announced to other nodes",
        "hub/services/posting/sequencer.py",
        "        self._has_doubted = True\n",
        "        pass\n",
        ("tests/hub/cluster/test_node.py",),
    ),
    Fault(
        "a killed node cannot start again until its old lease has ended",
        NODE,
        "            if trio.current_time() >= until:\n                raise\n",
        "            raise\n",
        ("tests/hub/cluster/test_node.py",),
    ),
    Fault(
        "bulletins are accepted without a valid signature",
        "hub/cluster/signing.py",
        "return bulletin if is_signed else NOT_SIGNED",
        "return bulletin",
        ("tests/hub/cluster/test_signing.py",),
    ),
    Fault(
        "a node does not sign its bulletins",
        "hub/assembly.py",
        "cluster = Cluster(node or new_node(config), signed, store,",
        "cluster = Cluster(node or new_node(config), bus, store,",
        ("tests/hub/cluster/test_signing.py",),
    ),
)
