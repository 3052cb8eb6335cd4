"""Faults in rights that end or begin while their users are connected."""

from typing import Final

from tests.planted.fault import Fault

BY_QUESTION: Final = ("tests/hub/services/rights/test_questions.py",)
REVOCATION: Final = "tests/hub/services/rights/test_revocation.py"
SIGHT: Final = "tests/hub/services/rights/test_sight.py"
INTRODUCTION: Final = "tests/hub/services/rights/test_introduction.py"
CHANGES: Final = "tests/hub/services/rights/test_changes.py"
SEATS: Final = "tests/hub/services/presence/test_channels.py"
DELETED: Final = ("tests/hub/services/rights/test_deleted_accounts.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a stranger who is blocked is told that the other was online",
        "hub/services/rights/revocation.py",
        "            if self.presence.is_for_everybody or knew(view):\n",
        "            if knew:\n",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "who does not follow any more goes on seeing that the other is online",
        "hub/services/rights/revocation.py",
        "self._tell(pairs, lambda _: True)",
        "self._tell(pairs, ACQUAINTED)",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "nobody is put out of a channel that is deleted",
        "hub/services/rights/revocation.py",
        "        await self.channels.deleted(channel_id)\n",
        "",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "an empty dm that was joined stays open to who may not see it",
        "hub/services/rights/revocation.py",
        "return [joined, *(self._step",
        "return [*(self._step",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "typing goes on where nothing was said and a profile turns private",
        "hub/services/rights/revocation.py",
        "        pairs += sorted(self.typing.concerning(user_id) - set(pairs))\n",
        "",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "who is invited is told of invitations that are not theirs",
        "hub/services/rights/questions.py",
        "ToUsers((user_id,))",
        "ToUsers(tuple(self.hub.users()))",
        BY_QUESTION,
    ),
    Fault(
        "a deleted account's connections stay open",
        "hub/services/rights/revocation.py",
        "        await self.hub.end_users((user_id,))\n",
        "        self.hub.users()\n",
        (REVOCATION,),
    ),
    Fault(
        "rights lost while nobody listened are not checked again",
        "hub/services/rights/revocation.py",
        "return await self._recheck(None)",
        "return await self._recheck(())",
        (REVOCATION,),
    ),
    Fault(
        "the blocker is told, not the blocked",
        "hub/services/rights/revocation.py",
        "deliveries.append(Delivery(revoked, ToUsers((user_id,))))",
        "deliveries.append(Delivery(revoked, ToUsers((peer,))))",
        (REVOCATION,),
    ),
    Fault(
        "a receipt follows the end of its conversation",
        "hub/services/rights/revocation.py",
        """        await self.receipts.settled()
        concerned = await self._of_the_connected(pairs)
        if not""",
        """        concerned = await self._of_the_connected(pairs)
        if not""",
        (REVOCATION,),
    ),
    Fault(
        "a revocation is given up when the database is away",
        "hub/services/rights/changes.py",
        "        await trio.sleep(RETRY_SECONDS)\n        self._put(job)\n",
        "        self._done(job, ())\n",
        (REVOCATION,),
    ),
    Fault(
        "many conversations are asked about in one statement",
        "hub/services/rights/pairs.py",
        "MAX_PAIRS: Final = 200",
        "MAX_PAIRS: Final = 200_000",
        (CHANGES,),
    ),
    Fault(
        "conversations of users who are not connected are checked",
        "hub/services/rights/revocation.py",
        "[pair for pair in pairs if self.hub.is_connected(pair[0])]",
        "list(pairs)",
        (CHANGES,),
    ),
    Fault(
        "a change that takes long holds the others up",
        "hub/services/rights/changes.py",
        "WORKERS: Final = 4",
        "WORKERS: Final = 1",
        (CHANGES,),
    ),
    Fault(
        "a change that cannot be acted on is tried for ever",
        "hub/services/rights/changes.py",
        "if job.failures >= TRIES:",
        "if job.failures < 0:",
        (CHANGES,),
    ),
    Fault(
        "who may hear too much stays connected",
        "hub/services/rights/changes.py",
        "                await self.hub.send_back(job.steps[0].users)\n",
        "",
        (CHANGES,),
    ),
    Fault(
        "a request that is answered shows nobody in its dm",
        "hub/services/rights/introduction.py",
        "dm = None if in_rooms else view.channel_id",
        "dm = None",
        (SEATS,),
    ),
    Fault(
        "a follow that ends leaves both on the screen in their dm",
        "hub/services/rights/revocation.py",
        "view.channel_id if stays else None",
        "None",
        (SEATS,),
    ),
    Fault(
        "a block leaves who was there on the screen",
        "hub/services/rights/revocation.py",
        "broadcast([*deliveries, *gone])",
        "broadcast(deliveries)",
        (SIGHT,),
    ),
    Fault(
        "a block leaves on what was typed in a channel",
        "hub/services/rights/revocation.py",
        "            deliveries += self.typing.hidden(peer, user_id)\n",
        "            continue\n",
        (SIGHT,),
    ),
    Fault(
        "a relation that begins shows one side only",
        "hub/services/rights/introduction.py",
        "return self._step(((one, other), (other, one)), in_rooms=False)",
        "return self._step(((one, other),), in_rooms=False)",
        (INTRODUCTION,),
    ),
    Fault(
        "the end of a block shows nobody in channels",
        "hub/services/rights/introduction.py",
        "if in_rooms and met:",
        "if in_rooms and not met:",
        (INTRODUCTION,),
    ),
    Fault(
        "a new member does not see who is online",
        "hub/services/rights/introduction.py",
        "pairs = self._present(both_ways(user_id, workspace.members))",
        "pairs = self._present(both_ways(user_id, ()))",
        (INTRODUCTION,),
    ),
    Fault(
        "who is online is told before a new member follows the workspace",
        "hub/services/workspaces.py",
        "        await self._joined(workspace_id, user_id)\n",
        "",
        (INTRODUCTION,),
    ),
    Fault(
        "who was put out stays online",
        "hub/services/rights/revocation.py",
        "return [self._hiding(part) for part in parts(concerned)]",
        "return [self._hiding(part) for part in parts(concerned[:0])]",
        (INTRODUCTION,),
    ),
    Fault(
        "who was deleted stays online for those they wrote to",
        "hub/services/rights/revocation.py",
        "deliveries.append(Delivery(PresenceChanged(peer, online=False), to_user))",
        "pass",
        DELETED,
    ),
    Fault(
        "who was let into a workspace unnoticed follows it only when they come back",
        "hub/services/workspaces.py",
        "                await self.came(workspace_id, user_id)\n\n    async def _members",
        "                pass\n\n    async def _members",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
)
