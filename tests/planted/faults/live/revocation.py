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
        "a blocked user who could not see presence gets an offline event",
        "hub/services/rights/revocation.py",
        "            if self.presence.is_for_everybody or knew(view):\n",
        "            if knew:\n",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "a user whose follow has ended still sees the other one as online",
        "hub/services/rights/revocation.py",
        "self._notify(pairs, lambda _: True)",
        "self._notify(pairs, ACQUAINTED)",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "connections are not removed from a deleted channel",
        "hub/services/rights/revocation.py",
        "        await self.channels.deleted(channel_id)\n",
        "",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "a joined dm without messages stays open when a profile turns private",
        "hub/services/rights/revocation.py",
        "return [joined, *(self._step",
        "return [*(self._step",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "typing in a dm without messages goes on when a profile turns private",
        "hub/services/rights/revocation.py",
        "        pairs += sorted(self.typing.concerning(user_id) - set(pairs))\n",
        "",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "every user gets the events about one user's invitations",
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
        "rights lost while notifications were missed are not checked again",
        "hub/services/rights/revocation.py",
        "return await self._recheck(None)",
        "return await self._recheck(())",
        (REVOCATION,),
    ),
    Fault(
        "the end of a conversation is sent to the wrong participant",
        "hub/services/rights/revocation.py",
        "deliveries.append(Delivery(revoked, ToUsers((user_id,))))",
        "deliveries.append(Delivery(revoked, ToUsers((peer,))))",
        (REVOCATION,),
    ),
    Fault(
        "a receipt is delivered after the end of its conversation",
        "hub/services/rights/revocation.py",
        """        await self.receipts.settled()
        concerned = await self._of_the_connected(pairs)
        if not""",
        """        concerned = await self._of_the_connected(pairs)
        if not""",
        (REVOCATION,),
    ),
    Fault(
        "a revocation is dropped when the database is unreachable",
        "hub/services/rights/changes.py",
        "        await trio.sleep(RETRY_SECONDS)\n        self._put(job)\n",
        "        self._done(job, ())\n",
        (REVOCATION,),
    ),
    Fault(
        "any number of conversations is checked in one statement",
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
        "a change of rights that takes long delays the others",
        "hub/services/rights/changes.py",
        "WORKERS: Final = 4",
        "WORKERS: Final = 1",
        (CHANGES,),
    ),
    Fault(
        "a change of rights that cannot be applied is retried for ever",
        "hub/services/rights/changes.py",
        "if job.failures >= TRIES:",
        "if job.failures < 0:",
        (CHANGES,),
    ),
    Fault(
        "a connection stays open although a loss of rights could not be applied",
        "hub/services/rights/changes.py",
        "                await self.hub.send_back(job.steps[0].users)\n",
        "",
        (CHANGES,),
    ),
    Fault(
        "accepting a message request does not show who is present in its dm",
        "hub/services/rights/introduction.py",
        "dm = None if in_rooms else view.channel_id",
        "dm = None",
        (SEATS,),
    ),
    Fault(
        "both users stay shown as present in their dm after a follow has ended",
        "hub/services/rights/revocation.py",
        "view.channel_id if stays else None",
        "None",
        (SEATS,),
    ),
    Fault(
        "users stay shown as present in channels after a block",
        "hub/services/rights/revocation.py",
        "broadcast([*deliveries, *gone])",
        "broadcast(deliveries)",
        (SIGHT,),
    ),
    Fault(
        "typing in a channel stays shown after a block",
        "hub/services/rights/revocation.py",
        "            deliveries += self.typing.hidden(peer, user_id)\n",
        "            continue\n",
        (SIGHT,),
    ),
    Fault(
        "a new relation shows presence to only one of the two users",
        "hub/services/rights/introduction.py",
        "return self._step(((one, other), (other, one)), in_rooms=False)",
        "return self._step(((one, other),), in_rooms=False)",
        (INTRODUCTION,),
    ),
    Fault(
        "the end of a block does not show who is present in channels",
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
        "a new member gets presence events before following the workspace",
        "hub/services/workspaces.py",
        "        await self._joined(workspace_id, user_id)\n",
        "",
        (INTRODUCTION,),
    ),
    Fault(
        "a removed member and the others still see each other as online",
        "hub/services/rights/revocation.py",
        "return [self._hiding(part) for part in parts(concerned)]",
        "return [self._hiding(part) for part in parts(concerned[:0])]",
        (INTRODUCTION,),
    ),
    Fault(
        "a deleted user stays online for the other participants of their dms",
        "hub/services/rights/revocation.py",
        "deliveries.append(Delivery(PresenceChanged(peer, online=False), to_user))",
        "pass",
        DELETED,
    ),
    Fault(
        "a user added to a workspace unnoticed follows it only after a reconnect",
        "hub/services/workspaces.py",
        "                await self.came(workspace_id, user_id)\n\n    async def _members",
        "                pass\n\n    async def _members",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
)
