"""Faults in the other services: who may do what, who gets which event, and when it ends."""

from typing import Final

from tests.planted.fault import Fault

REVOCATION: Final = "tests/hub/services/rights/test_revocation.py"
SIGHT: Final = "tests/hub/services/rights/test_sight.py"
INTRODUCTION: Final = "tests/hub/services/rights/test_introduction.py"
CHANNELS: Final = "tests/hub/services/test_channels.py"
TYPING: Final = "tests/hub/services/typing/test_indicators.py"
RECEIPTS: Final = "tests/hub/services/test_receipts.py"
TRANSCRIPTS: Final = "tests/transcripts/test_transcripts.py"

DELETED: Final = ("tests/hub/services/rights/test_deleted_accounts.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a message whose author was just deleted causes an internal error",
        "protocol/model.py",
        "        author = people.get(message.author_id)\n",
        "        author = people[message.author_id]\n",
        ("tests/hub/test_absent_authors.py",),
    ),
    Fault(
        "a user who is deleted during their request gets an internal error",
        "hub/rest/endpoint.py",
        "except (NotSignedIn, Gone):",
        "except NotSignedIn:",
        ("tests/hub/test_absent_authors.py",),
    ),
    Fault(
        "a row that refers to a deleted one causes an internal error",
        "persistence/postgres/database/bridge.py",
        "raise Gone(constraint) from None",
        "raise",
        ("tests/persistence/postgres/test_deletion.py",),
    ),
    Fault(
        "a repeated reply counts as new if its parent was deleted with its account",
        "persistence/postgres/routines/posting.sql",
        "                ELSE NOT EXISTS (\n",
        "                ELSE EXISTS (\n",
        ("tests/persistence/postgres/test_deletion.py",),
    ),
    Fault(
        "a removed member still receives the messages of the workspace",
        "hub/services/workspaces.py",
        "await self._hub.post(Leave(client, WorkspaceRoom(workspace_id), farewell))",
        "pass",
        (REVOCATION,),
    ),
    Fault(
        "all connected users get the event of a workspace's new channel",
        "hub/services/workspaces.py",
        "Delivery(ChannelsAdded([(channel, 0, 0)]), ToUsers(members)),",
        "Delivery(ChannelsAdded([(channel, 0, 0)]), ToUsers(self._hub.users() or members)),",
        ("tests/hub/services/test_workspaces.py",),
    ),
    Fault(
        "no event is sent for a member who follows the workspace only since a repeated addition",
        "hub/services/workspaces.py",
        " or not self._is_announced(user.id, workspace_id)\n",
        "\n",
        ("tests/hub/services/test_workspaces.py",),
    ),
    Fault(
        "a repeated addition is announced while a connection of the member identifies itself",
        "hub/services/workspaces.py",
        "        lookup = self._arrivals.begin()\n",
        "        self._identified.setdefault(user_id, {})[client] = None\n"
        "        lookup = self._arrivals.begin()\n",
        ("tests/hub/services/test_workspaces.py",),
    ),
    Fault(
        "a new member does not get the channels of the workspace",
        "hub/services/workspaces.py",
        "(Delivery(MemberAdded(workspace, user), to_workspace), *channels)",
        "(Delivery(MemberAdded(workspace, user), to_workspace), *channels[:0])",
        ("tests/hub/services/test_workspaces.py",),
    ),
    Fault(
        "a removed member stays in the workspace's channels",
        "hub/services/channels.py",
        "            farewell = LeftChannel(channel_id, reason)\n",
        "            farewell = client.send(LeftChannel(channel_id, reason))\n            return\n",
        (REVOCATION,),
    ),
    Fault(
        "a user counts as having left a channel when one of two connections leaves",
        "hub/actor/hub.py",
        "        if not self._is_user_in(client.user.id, room):\n",
        "        if self._is_user_in(client.user.id, room) is not None:\n",
        (CHANNELS, "tests/hub/actor/test_hub.py"),
    ),
    Fault(
        "a closed conversation's history is shown",
        "hub/services/commands.py",
        "if peer not in people or view.is_hidden or view.is_closed:",
        "if peer not in people:",
        (REVOCATION,),
    ),
    Fault(
        "a receipt is sent to the reader instead of the author",
        "hub/services/receipts.py",
        "deliveries.append(Delivery(event, ToUsers(people, besides=besides)))",
        "deliveries.append(Delivery(event, ToUsers((reader,), besides=besides)))",
        (RECEIPTS,),
    ),
    Fault(
        "typing is sent to users who may not be messaged",
        "hub/services/typing/indicators.py",
        "if not permit.allowed or self._is_over(indicator):",
        "if self._is_over(indicator):",
        (TYPING, TRANSCRIPTS),
    ),
    Fault(
        "typing that is not renewed never ends",
        "hub/services/typing/indicators.py",
        "return indicator.source.typing_seconds or self._expiry",
        "return indicator.source.typing_seconds or 1e9",
        (TYPING,),
    ),
    Fault(
        "a late receipt moves a watermark back",
        "hub/services/receipts.py",
        "advance = evolve(advance, seq=newest)",
        "advance = evolve(advance, seq=min(newest, advance.seq))",
        (RECEIPTS,),
    ),
    Fault(
        "any user may identify as any other",
        "hub/services/workspaces.py",
        "if client.user.id != user_id:",
        "if not user_id:",
        (TRANSCRIPTS,),
    ),
    Fault(
        "the receipt for an author's own messages is sent to the reader instead",
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
        "typing does not end when its connection is gone",
        "hub/services/commands.py",
        "        self.typing.gone(client)\n",
        "",
        (TYPING,),
    ),
    Fault(
        "typing is shown in a channel without a check of rights",
        "hub/services/typing/indicators.py",
        "            if hidden is None or self._is_over(indicator):\n                continue\n",
        "            hidden = hidden or frozenset()\n",
        (TYPING,),
    ),
    Fault(
        "typing whose check ends after its message is still shown",
        "hub/services/typing/indicators.py",
        "            self._over[place] = self._count\n",
        "            self._over[place] = 0\n",
        (TYPING,),
    ),
    Fault(
        "typing whose check ends after a profile turned private is still shown",
        "hub/services/typing/indicators.py",
        "(*self._running.places(), *self._unchecked.values())",
        "self._running.places()",
        (TYPING,),
    ),
    Fault(
        "in channels, typing whose check ends after its message is still shown",
        "hub/services/typing/indicators.py",
        "if hidden is None or self._is_over(indicator):",
        "if hidden is None:",
        (TYPING,),
    ),
    Fault(
        "a user who leaves a channel is still shown as typing there",
        "hub/services/commands.py",
        "                    self.typing.left_by(asker.connection, channel)\n",
        "                    self.typing.message_accepted\n",
        (TYPING,),
    ),
    Fault(
        "a user who is removed from a channel is still shown as typing there",
        "hub/assembly.py",
        "    rooms.listeners += (channel_presences, typing)\n",
        "    rooms.listeners += (channel_presences,)\n",
        (TYPING,),
    ),
    Fault(
        "typing in a channel is shown across a block",
        "hub/services/typing/indicators.py",
        "visible = evolve(indicator, hidden_from=hidden)",
        "visible = evolve(indicator, hidden_from=frozenset())",
        (SIGHT,),
    ),
    Fault(
        "a receipt in a channel is delivered across a block",
        "hub/services/receipts.py",
        "                besides_users=advance.hidden_from,\n",
        "",
        (SIGHT,),
    ),
    Fault(
        "in memory, an author gets a receipt from a reader across a block",
        "persistence/memory/messages.py",
        "for each in concerned - hidden if each",
        "for each in concerned if each",
        (SIGHT,),
    ),
    Fault(
        "the members of a deleted workspace stay online for each other",
        "hub/services/workspaces.py",
        "return (*members, *self._departs(workspace_id, user_id))",
        "return members",
        (INTRODUCTION,),
    ),
    Fault(
        "no event is sent for conversations that end with a deleted account",
        "persistence/postgres/routines/notices.sql",
        "WHEN (OLD.user_lo IS NOT NULL AND OLD.last_seq > 0)",
        "WHEN (OLD.user_lo IS NULL AND OLD.last_seq > 0)",
        DELETED,
    ),
    Fault(
        "a removed member's connections leave the workspace only after the announcement",
        "hub/services/workspaces.py",
        "        followed.discard(workspace_id)\n",
        "        followed.discard(workspace_id)\n"
        "        await self._tell(workspace_id, farewell)\n",
        ("tests/hub/services/test_workspaces.py",),
    ),
    Fault(
        "the event for a deleted member reports that the workspace was deleted",
        "hub/services/workspaces.py",
        "if workspace is None\n",
        "if workspace is None or user is None\n",
        DELETED,
    ),
    Fault(
        "a reader's other connections get no event over Socket.IO",
        "hub/services/receipts.py",
        "        Delivery(seen, ToUsers((reader,), besides)),\n",
        "",
        ("tests/hub/services/test_receipts.py",),
    ),
    Fault(
        "a reader's other connections get a read event only in channels they have joined",
        "hub/services/receipts.py",
        "        Delivery(read, ToUsers((reader,), besides, outside=room)),\n",
        "",
        ("tests/hub/services/test_receipts.py",),
    ),
    Fault(
        "a connection that marks a message read over Socket.IO gets its own event",
        "hub/services/commands.py",
        "(asker.user.id, command.message_id, asker.client)",
        "(asker.user.id, command.message_id, None)",
        ("tests/hub/services/test_receipts.py",),
    ),
    Fault(
        "messages that arrive while a conversation is marked read count as read",
        "persistence/postgres/messages.py",
        "least(c.last_seq, $3) AS seq",
        "c.last_seq + least($3, 0) AS seq",
        ("tests/persistence/test_messages.py",),
    ),
)
