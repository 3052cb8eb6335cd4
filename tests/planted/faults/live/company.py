"""Faults in what nodes know of each other's users: presence, typing, receipts, joins, shares."""

from typing import Final

from tests.planted.fault import Fault

ATTENDANCE: Final = "tests/hub/services/presence/test_attendance.py"
COMPANY: Final = "tests/hub/services/company/test_from_elsewhere.py"
NODE_ENDS: Final = "tests/hub/services/company/test_node_ends.py"
TYPING: Final = "tests/hub/services/typing/test_elsewhere.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a user who leaves one node is announced as offline while connected to another",
        "hub/services/presence/attendance.py",
        "        if here:\n            self._here[key] = here\n            return False\n",
        "",
        (ATTENDANCE, COMPANY),
    ),
    Fault(
        "a lost presence announcement is never repeated",
        "hub/services/presence/attendance.py",
        "            late = 0.0 if place == OWN else LATE_SECONDS\n"
        "            self._review(key, trio.current_time() + late, everywhere=place == OWN)\n",
        "            if place == OWN:\n"
        "                self._review(key, trio.current_time(), everywhere=True)\n",
        (ATTENDANCE,),
    ),
    Fault(
        "every node announces the users of a node that died",
        "hub/services/presence/attendance.py",
        "at = trio.current_time() + seconds + (0.0 if everywhere else LATE_SECONDS)",
        "at, everywhere = trio.current_time() + seconds, True",
        ("tests/hub/services/presence/test_attendance.py",),
    ),
    Fault(
        "a presence event is delivered again without a change",
        "hub/services/presence/attendance.py",
        "                return False\n            self._note(key, online=True)\n",
        "                pass\n            self._note(key, online=True)\n",
        (ATTENDANCE,),
    ),
    Fault(
        "a user who is back at another node is announced as offline",
        "hub/services/presence/attendance.py",
        "if key in self._here or key not in self._announced:",
        "if key not in self._announced:",
        (ATTENDANCE,),
    ),
    Fault(
        "a node that is cut off from the others announces users as offline",
        "hub/services/presence/users.py",
        "return self._elsewhere.is_apart and not self.attendance.count_of(user_id)",
        "return False",
        (NODE_ENDS,),
    ),
    Fault(
        "a mismatch of the presence digest does not lead to a request for a snapshot",
        "hub/services/company/from_elsewhere.py",
        "            self._lacking[heading.node] = None\n        self._elsewhere",
        "            pass\n        self._elsewhere",
        (NODE_ENDS,),
    ),
    Fault(
        "a snapshot is applied before all of its parts have arrived",
        "hub/services/company/from_elsewhere.py",
        "if len(node.parts) < part.count:",
        "if not node.parts:",
        (COMPANY,),
    ),
    Fault(
        "the users of a node that died stay online",
        "hub/services/company/from_elsewhere.py",
        "attendance.ended(found.place, patience, everywhere=announces)",
        "attendance.keys_at(found.place)",
        (NODE_ENDS,),
    ),
    Fault(
        "users of a stopping node are offline before the time it granted them to return",
        "hub/services/company/from_elsewhere.py",
        "patience = max(self._grace, seconds or 0.0)",
        "patience = self._grace",
        (NODE_ENDS,),
    ),
    Fault(
        "a receipt of another node moves a watermark back",
        "hub/services/receipts.py",
        "        newest = max(seq, self._newest.get(mark) or 0)\n",
        "        newest = seq\n",
        (COMPANY, "tests/hub/services/test_receipts.py"),
    ),
    Fault(
        "another node's typing indicator whose end was lost goes on",
        "hub/services/typing/elsewhere.py",
        "trio.current_time() + sign.seconds + SPARE_SECONDS",
        "trio.current_time() + 3_600.0",
        (TYPING, COMPANY),
    ),
    Fault(
        "the end of typing at another node is delivered twice",
        "hub/services/typing/elsewhere.py",
        "return self._running.stop(place)",
        "return self._corrections.deliveries(sign.author_id, sign.reaching)",
        (TYPING,),
    ),
    Fault(
        "a user gets no end of typing if a block hides the author from them meanwhile",
        "hub/services/typing/elsewhere.py",
        "partial(_ended, begun)",
        "partial(self._corrections.deliveries, sign.author_id, sign.reaching)",
        (TYPING,),
    ),
    Fault(
        "typing from another node is shown after the message that followed it",
        "hub/services/typing/elsewhere.py",
        "self.last_message(place) > sign.after or ",
        "",
        (TYPING,),
    ),
    Fault(
        "typing from another node is shown across a block set a moment ago",
        "hub/services/typing/elsewhere.py",
        " or self._refused.get(place)",
        "",
        (TYPING,),
    ),
    Fault(
        "typing indicators of a node that has ended go on",
        "hub/services/typing/elsewhere.py",
        "self._running.end_now(self._running.places(source=node))",
        "self._running.places(source=node)",
        (TYPING, COMPANY),
    ),
    Fault(
        "a new member does not join the channels at other nodes",
        "hub/services/workspaces.py",
        "        await self._join(user_id, workspace_id)\n        if self._announcer",
        "        if self._announcer",
        (COMPANY,),
    ),
    Fault(
        "each node allows a user the whole limit instead of its share",
        "hub/limits/quotas.py",
        "max(1, allowance.limit // self._shares)",
        "allowance.limit",
        (COMPANY,),
    ),
    Fault(
        "a limit that is counted over all nodes is divided among them as well",
        "hub/limits/quotas.py",
        "allowance.limit if allowance.is_of_all else ",
        "",
        ("tests/hub/limits/test_quotas.py",),
    ),
    Fault(
        "what a user has used of a limit at one node is not counted at the others",
        "hub/services/company/from_elsewhere.py",
        "spent_elsewhere(each.kind, each.count, now)",
        "spent_elsewhere(each.kind, 0, now)",
        (COMPANY,),
    ),
    Fault(
        "a node that has said goodbye counts as missing until its lease has ended",
        "hub/cluster/peers.py",
        "            self._ended.add((heading.node, heading.start))\n",
        "",
        ("tests/hub/cluster/test_peers.py",),
    ),
    Fault(
        "used allowances are queued for the bus without a limit",
        "hub/cluster/publishing.py",
        "        if len(self._spent) < MAX_WAITING:",
        "        if True:",
        ("tests/hub/cluster/test_publishing.py",),
    ),
    Fault(
        "each used allowance is published as its own bulletin",
        "hub/cluster/publishing.py",
        "                self._spends_at = now + SPENT_SECONDS\n",
        "",
        ("tests/hub/cluster/test_publishing.py",),
    ),
    Fault(
        "an operator's announcement is delivered at one node only",
        "hub/cluster/elsewhere.py",
        "        self.elsewhere.delivered(deliveries)\n",
        "",
        (COMPANY,),
    ),
    Fault(
        "bulletins that another node reports as missed are not published again",
        "hub/cluster/receiving.py",
        "                    self._repeating.repeat(misses)\n",
        "                    pass\n",
        (COMPANY,),
    ),
    Fault(
        "a repeated bulletin is delivered to clients that already have it",
        "hub/cluster/receiving.py",
        "if self._peers.fill(heading, each.number):",
        "if each.number:",
        (COMPANY,),
    ),
    Fault(
        "a node does not request the bulletins that a heartbeat shows to be missing",
        "hub/cluster/peers.py",
        "        peer.misses(peer.number + 1, heading.number)\n",
        "",
        (COMPANY, "tests/hub/cluster/test_peers.py"),
    ),
    Fault(
        "a user who saw typing begin before a block never gets its end",
        "hub/services/typing/running.py",
        "return now if before is None else now & before.hidden_from",
        "return now if before is None else now | before.hidden_from",
        ("tests/hub/services/typing/test_elsewhere.py",),
    ),
)
