"""Faults in the other services: who may do what, who gets which event, and when it ends."""

from typing import Final

from tests.planted.fault import Fault

LEARNING_CHAT: Final = "tests/hub/rest/routes/learning_chat/test_messages.py"
REVOCATION: Final = "tests/hub/services/rights/test_revocation.py"
CHANGES: Final = "tests/hub/services/rights/test_changes.py"
RESUME: Final = "tests/hub/services/test_resume.py"
PRESENCE: Final = "tests/hub/services/test_presence.py"
CHANNELS: Final = "tests/hub/services/test_channels.py"
TYPING: Final = "tests/hub/services/test_typing.py"
RECEIPTS: Final = "tests/hub/services/test_receipts.py"
TRANSCRIPTS: Final = "tests/transcripts/test_transcripts.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a removed member goes on receiving the messages of the workspace",
        "hub/services/workspaces.py",
        "await self._hub.post(Leave(client, WorkspaceRoom(workspace_id)))",
        "pass",
        (REVOCATION,),
    ),
    Fault(
        "nobody is told of a pin",
        "hub/services/moderation.py",
        "if isinstance(command, PinMessage):",
        "if False and isinstance(command, PinMessage):",
        ("tests/hub/services/test_moderation.py",),
    ),
    Fault(
        "strangers hear of a workspace's new channels",
        "hub/services/workspaces.py",
        "Delivery(ChannelsAdded([(channel, 0)]), ToUsers(members)),",
        "Delivery(ChannelsAdded([(channel, 0)]), ToUsers(self._hub.users() or members)),",
        ("tests/hub/services/test_workspaces.py",),
    ),
    Fault(
        "a new member is not sent the channels",
        "hub/services/workspaces.py",
        "(Delivery(MemberAdded(workspace, user), to_workspace), *channels)",
        "(Delivery(MemberAdded(workspace, user), to_workspace), *channels[:0])",
        ("tests/hub/services/test_workspaces.py",),
    ),
    Fault(
        "a removed member stays in the workspace's channels",
        "hub/services/channels.py",
        "            await self._hub.post(Leave(client, ChannelRoom(channel_id), farewell))\n",
        "            client.tell(farewell)\n",
        (REVOCATION,),
    ),
    Fault(
        "a user hears that they themselves came into a channel",
        "hub/services/channels.py",
        "ToRooms((ChannelRoom(seat.channel_id),), besides_user=seat.user_id)",
        "ToRooms((ChannelRoom(seat.channel_id),))",
        (CHANNELS, TRANSCRIPTS),
    ),
    Fault(
        "a channel is left by the first of two connections",
        "hub/actor/hub.py",
        "        if not self._is_user_in(client.user.id, room):\n",
        "        if self._is_user_in(client.user.id, room) is not None:\n",
        (CHANNELS, "tests/hub/actor/test_hub.py"),
    ),
    Fault(
        "a closed conversation's history is shown",
        "hub/services/commands.py",
        """        if permit.is_closed:
            return unavailable
""",
        "",
        (REVOCATION,),
    ),
    Fault(
        "a receipt goes to the reader and not to the author",
        "hub/services/receipts.py",
        "deliveries.append(Delivery(event, ToUsers(people, besides=besides)))",
        "deliveries.append(Delivery(event, ToUsers((reader,), besides=besides)))",
        (RECEIPTS,),
    ),
    Fault(
        "offline without grace",
        "hub/services/presence.py",
        "self._users.left(user_id, self._grace)",
        "self._users.left(user_id, 0.0)",
        (PRESENCE,),
    ),
    Fault(
        "a user who came back within the grace period is announced",
        "hub/services/attendance.py",
        "                if (key in self._here) != (key in self._announced):\n",
        "                if key in self._here or key in self._announced:\n",
        ("tests/hub/services/test_attendance.py",),
    ),
    Fault(
        "typing reaches users who may not be messaged",
        "hub/services/typing.py",
        "if not permit.allowed or (indicator.is_typing and is_over):",
        "if indicator.is_typing and is_over:",
        (TYPING, TRANSCRIPTS),
    ),
    Fault(
        "typing that is not renewed never ends",
        "hub/services/typing.py",
        "expires = trio.current_time() + (source.typing_seconds or self._expiry)",
        "expires = trio.current_time() + (source.typing_seconds or inf)",
        (TYPING,),
    ),
    Fault(
        "a join is seen only when the log was read",
        "hub/services/resume.py",
        "        client.flush()  # the peer need not wait for the log to be read\n",
        "",
        (RESUME,),
    ),
    Fault(
        "live messages come before those that were missed",
        "hub/services/resume.py",
        "    client.backlog.hold()\n",
        "",
        (RESUME,),
    ),
    Fault(
        "complete although messages were left out",
        "hub/actor/backlog.py",
        "return Missing(channel_id, spans, after, until, is_complete=False)",
        "return Missing(channel_id, spans, after, head, is_complete=True)",
        (RESUME, "tests/hub/actor/test_backlog.py"),
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
        "            to_user = ToUsers((user_id,))\n",
        "            to_user = ToUsers((peer,))\n",
        (REVOCATION,),
    ),
    Fault(
        "a receipt that was overtaken moves a watermark back",
        "hub/services/receipts.py",
        "evolve(advance, seq=self._newest[mark])",
        "evolve(advance, seq=advance.seq)",
        (RECEIPTS,),
    ),
    Fault(
        "a receipt follows the end of its conversation",
        "hub/services/rights/revocation.py",
        "        await self.receipts.settled()\n        concerned = ",
        "        concerned = ",
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
        "hub/services/rights/revocation.py",
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
        "any user may identify as any other",
        "hub/services/workspaces.py",
        "if client.user.id != user_id:",
        "if not user_id:",
        (TRANSCRIPTS,),
    ),
    Fault(
        "whoever has read a message hears of it, not its author",
        "hub/services/receipts.py",
        "            ToUsers((author_id,)),\n",
        "            ToUsers((user_id,)),\n",
        (RECEIPTS,),
    ),
    Fault(
        "messages of a channel that was not joined are marked read",
        "hub/services/receipts.py",
        "return is_in and message.channel_id == channel_id",
        "return message.channel_id == channel_id",
        (RECEIPTS,),
    ),
    Fault(
        "presence is announced to everybody",
        "hub/services/presence.py",
        "return {user_id: ToUsers(tuple(related.get(user_id, ()))) for user_id in user_ids}",
        "return {user_id: ToEveryone(besides=user_id) for user_id in related}",
        (PRESENCE,),
    ),
    Fault(
        "presence is forgotten while the database is away",
        "hub/services/presence.py",
        "                self._users.postpone(user_id, RETRY_SECONDS)\n",
        "                self._users.announce(user_id)\n",
        (PRESENCE,),
    ),
    Fault(
        "typing goes on when its connection is gone",
        "hub/services/commands.py",
        "        self.typing.gone(client)\n",
        "",
        (TYPING,),
    ),
    Fault(
        "typing in a channel is not checked",
        "hub/services/typing.py",
        "if (indicator.author.id, indicator.channel.id) in allowed:",
        "if indicator.author.id:",
        (TYPING,),
    ),
    Fault(
        "typing checked after the message is shown",
        "hub/services/typing.py",
        "            self._answered[draft.author_id, draft.recipient_id] = self._count\n",
        "            self._answered[draft.author_id, draft.recipient_id] = 0\n",
        (TYPING,),
    ),
    Fault(
        "a connection that could not be resumed goes on with a gap",
        "hub/services/resume.py",
        "        client.close(TRY_AGAIN)\n        raise\n",
        "        client.backlog.release()\n        raise\n",
        (RESUME,),
    ),
    Fault(
        "resuming stops after the first page",
        "hub/services/resume.py",
        "spans = _rest(spans, page[-1]) if len(page) == PAGE_MESSAGES else []",
        "spans = []",
        (RESUME,),
    ),
)
