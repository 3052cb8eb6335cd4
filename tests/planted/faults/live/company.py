"""Faults in what nodes know of each other's users: presence, typing, receipts, joins, shares."""

from typing import Final

from tests.planted.fault import Fault

ATTENDANCE: Final = "tests/hub/services/presence/test_attendance.py"
COMPANY: Final = "tests/hub/services/company/test_from_elsewhere.py"
NODE_ENDS: Final = "tests/hub/services/company/test_node_ends.py"
TYPING: Final = "tests/hub/services/typing/test_elsewhere.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "who leaves one node is announced as offline although they are at another",
        "hub/services/presence/attendance.py",
        "        if here:\n            self._here[key] = here\n            return False\n",
        "",
        (ATTENDANCE, COMPANY),
    ),
    Fault(
        "an announcement that was lost on the way is never made up for",
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
        "a presence that changes nothing is delivered again",
        "hub/services/presence/attendance.py",
        "                return False\n            self._note(key, online=True)\n",
        "                pass\n            self._note(key, online=True)\n",
        (ATTENDANCE,),
    ),
    Fault(
        "who is back at another node is announced as offline",
        "hub/services/presence/attendance.py",
        "if key in self._here or key not in self._announced:",
        "if key not in self._announced:",
        (ATTENDANCE,),
    ),
    Fault(
        "a deaf node says who is gone",
        "hub/services/presence/users.py",
        "return self._elsewhere.is_apart and not self.attendance.count_of(user_id)",
        "return False",
        (NODE_ENDS,),
    ),
    Fault(
        "a digest that does not match asks for nothing",
        "hub/services/company/from_elsewhere.py",
        "            self._lacking[heading.node] = None\n        self._elsewhere",
        "            pass\n        self._elsewhere",
        (NODE_ENDS,),
    ),
    Fault(
        "a snapshot is taken for whole before all of it is there",
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
        "a goodbye leaves no time to come back",
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
        "typing whose end was lost goes on",
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
        "who must not know of an author any more is not shown that their typing has ended",
        "hub/services/typing/elsewhere.py",
        "partial(_ended, begun)",
        "partial(self._corrections.deliveries, sign.author_id, sign.reaching)",
        (TYPING,),
    ),
    Fault(
        "typing from before a message comes after it from another node",
        "hub/services/typing/elsewhere.py",
        "self.last_message(place) > sign.after or ",
        "",
        (TYPING,),
    ),
    Fault(
        "typing crosses a block of just now",
        "hub/services/typing/elsewhere.py",
        " or self._refused.get(place)",
        "",
        (TYPING,),
    ),
    Fault(
        "typing goes on when its node has ended",
        "hub/services/typing/elsewhere.py",
        "self._running.end_now(self._running.places(source=node))",
        "self._running.places(source=node)",
        (TYPING, COMPANY),
    ),
    Fault(
        "a new member is not let in at other nodes",
        "hub/services/workspaces.py",
        "        await self._join(user_id, workspace_id)\n        if self._announcer",
        "        if self._announcer",
        (COMPANY,),
    ),
    Fault(
        "each node allows a user everything",
        "hub/limits/quotas.py",
        "max(1, allowance.limit // self._shares)",
        "allowance.limit",
        (COMPANY,),
    ),
    Fault(
        "what is counted at all nodes is divided by them",
        "hub/limits/quotas.py",
        "allowance.limit if allowance.is_of_all else ",
        "",
        ("tests/hub/limits/test_quotas.py",),
    ),
    Fault(
        "what a user was allowed at one node is not counted at the others",
        "hub/services/company/from_elsewhere.py",
        "spent_elsewhere(each.kind, each.count, now)",
        "spent_elsewhere(each.kind, 0, now)",
        (COMPANY,),
    ),
    Fault(
        "a node that has said that it stops is missed until its lease has ended",
        "hub/cluster/peers.py",
        "            self._ended.add((heading.node, heading.start))\n",
        "",
        ("tests/hub/cluster/test_peers.py",),
    ),
    Fault(
        "what users were allowed waits for the bus without a bound",
        "hub/cluster/publishing.py",
        "        if len(self._spent) < MAX_WAITING:",
        "        if True:",
        ("tests/hub/cluster/test_publishing.py",),
    ),
    Fault(
        "each thing that a user is allowed is a bulletin",
        "hub/cluster/publishing.py",
        "                self._spends_at = now + SPENT_SECONDS\n",
        "",
        ("tests/hub/cluster/test_publishing.py",),
    ),
    Fault(
        "what an operator says stays at one node",
        "hub/cluster/elsewhere.py",
        "        self.elsewhere.delivered(deliveries)\n",
        "",
        (COMPANY,),
    ),
    Fault(
        "what another node has missed is not published again",
        "hub/cluster/receiving.py",
        "                    self._repeating.repeat(misses)\n",
        "                    pass\n",
        (COMPANY,),
    ),
    Fault(
        "what is published again is delivered to who had it",
        "hub/cluster/receiving.py",
        "if self._peers.fill(heading, each.number):",
        "if each.number:",
        (COMPANY,),
    ),
    Fault(
        "what a heartbeat shows to be missing is not asked for",
        "hub/cluster/peers.py",
        "        peer.misses(peer.number + 1, heading.number)\n",
        "",
        (COMPANY, "tests/hub/cluster/test_peers.py"),
    ),
    Fault(
        "typing that goes on after a block never ends for who was shown its beginning",
        "hub/services/typing/running.py",
        "return now if before is None else now & before.hidden_from",
        "return now if before is None else now | before.hidden_from",
        ("tests/hub/services/typing/test_elsewhere.py",),
    ),
)
