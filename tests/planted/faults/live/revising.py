"""Faults in how revisions are delivered, live and in a resume or a recovery."""

from typing import Final

from tests.planted.fault import Fault

REVISING: Final = "tests/hub/services/posting/test_revising.py"
RECOVERY: Final = "tests/hub/socketio/test_recovery.py"
LONG_RECOVERY: Final = "tests/hub/socketio/test_long_recovery.py"
JOURNAL: Final = "tests/hub/socketio/test_journal.py"
BY_TRANSCRIPT: Final = ("tests/e2e/dialects/test_revisions.py",)
BY_TABLE: Final = ("tests/permissions/test_bad_input.py",)
MISSED: Final = "hub/services/missed_revisions.py"

CHANGING: Final = "tests/hub/services/test_changing_messages.py"
EVERY_DIALECT: Final = "tests/protocol/dialects/test_every_dialect.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a message delivered live is not sent again after the client discarded it",
        "hub/actor/backlog.py",
        "        self._sent.clear()\n",
        "",
        ("tests/hub/services/test_reset.py",),
    ),
    Fault(
        "channel messages delivered live are not sent again after a reset",
        "hub/services/resume.py",
        "            client.backlog.forget()\n            seqs, revs = {}, {}\n",
        "            seqs, revs = {}, {}\n",
        ("tests/hub/services/test_reset.py",),
    ),
    Fault(
        "a resuming client does not get the grade of a message",
        "protocol/shapes/revisions.py",
        "if message.grading is not None:",
        "if isinstance(event.revision, Grade):",
        (EVERY_DIALECT, "tests/hub/services/test_revisions.py"),
    ),
    Fault(
        "a pin event on /ws/chat lacks the other state of the message",
        "protocol/dialects/learning_chat/revisions.py",
        """            "pinnedBy": _moderator(user),
            "channelId": message.channel_id,
            **state_object(event, MessageId, UserId),""",
        """            "pinnedBy": _moderator(user),
            "channelId": message.channel_id,
            **(state_object(event, UserId) | {"content": ""}),  # type: ignore[typeddict-item]""",
        (EVERY_DIALECT,),
    ),
    Fault(
        "a command that changes nothing is answered with another command's frame",
        "hub/services/posting/revising.py",
        "at, done = datetime.now(UTC), _shown(message, revision, user)",
        "at, done = datetime.now(UTC), _shown(message, None, None)",
        (CHANGING,),
    ),
    Fault(
        "a command over Socket.IO that changes nothing leads to no event",
        "hub/socketio/replies.py",
        "return shown_again(message, revision, user)",
        "return shown_again(message, revision, user)[:0]",
        (CHANGING,),
    ),
    Fault(
        "a repeated edit of a deleted message is shown as an edit",
        "hub/services/posting/revising.py",
        "is_gone = message.is_deleted and not isinstance(revision, Delete)",
        "is_gone = False",
        (CHANGING,),
    ),
    Fault(
        "a revision is delivered under the rev of a later one of its batch",
        "hub/services/posting/revising.py",
        "evolve(revised.message, rev=revised.rev), datetime.now(UTC)",
        "revised.message, datetime.now(UTC)",
        (REVISING,),
    ),
    Fault(
        "an edit whose result was lost is never delivered if a pin follows it",
        "hub/services/posting/revising.py",
        "after_gone=partial(_missed, revised),",
        "after_gone=None,",
        (REVISING,),
    ),
    Fault(
        "revisions of messages that were sent during the resume count as known",
        MISSED,
        "            seq = max(seq, client.backlog.newest(head.channel.id))\n",
        "",
        (REVISING,),
    ),
    Fault(
        "in memory, a resume omits deletions above the named position",
        "persistence/memory/contents/revisions.py",
        "(message.seq <= span.upto_seq or message.id in row.deleted)",
        "message.seq <= span.upto_seq",
        (REVISING, "tests/persistence/contents/test_revisions.py"),
    ),
    Fault(
        "a resume omits deletions in a conversation without a named position",
        MISSED,
        "if rev < head.last_rev:",
        "if seq and rev < head.last_rev:",
        (REVISING,),
    ),
    Fault(
        "in Postgres, a resume omits deletions above the named position",
        "persistence/postgres/contents/revisions.py",
        "(l.seq <= s.upto OR l.deleted_at IS NOT NULL)",
        "l.seq <= s.upto",
        ("tests/persistence/contents/test_revisions.py",),
    ),
    Fault(
        "revisions of a channel that was closed while they were read count as known",
        MISSED,
        "lost = short.keys() - {span.channel_id for span in again}",
        "lost = ()",
        (REVISING,),
    ),
    Fault(
        "revisions of a channel that was closed for a moment are not read again",
        MISSED,
        "is_all, _ = await self._send(client, channels, again, render)",
        "is_all = bool(again)",
        (REVISING,),
    ),
    Fault(
        "a recovered client gets no revisions",
        "hub/services/resume.py",
        "await self._enter(client, named), seqs, revs)",
        "await self._enter(client, named), seqs, None)",
        (RECOVERY, "tests/e2e/test_socketio_messages.py"),
    ),
    Fault(
        "an offset does not contain revs",
        "hub/socketio/link.py",
        "if position is not None and self.is_recoverable:",
        'if hasattr(position, "seq") and self.is_recoverable:',
        (RECOVERY,),
    ),
    Fault(
        "a client that resumed without revs gets all revisions when it is recovered",
        "hub/socketio/journal.py",
        "head.last_rev if revs is None else revs.get(head.channel.id, 0),",
        "(revs or {}).get(head.channel.id, 0),",
        (RECOVERY, JOURNAL),
    ),
    Fault(
        "a client that joined a channel gets all its revisions when it is recovered",
        "hub/socketio/journal.py",
        "Reached(head.last_seq, head.last_rev)",
        "Reached(head.last_seq)",
        (RECOVERY, JOURNAL),
    ),
    Fault(
        "a recovered client that missed many revisions never gets the last ones",
        "hub/services/resume.py",
        "is_complete = is_sent and resumed.is_all and is_noted\n",
        "is_complete = is_sent and is_noted\n",
        (LONG_RECOVERY,),
    ),
    Fault(
        "a recovered client that missed many messages never gets the last ones",
        "hub/services/resume.py",
        "is_complete = is_sent and resumed.is_all and is_noted\n",
        "is_complete = resumed.is_all and is_noted\n",
        (LONG_RECOVERY,),
    ),
    Fault(
        "the revs that a connection knows are not stored for its recovery",
        "persistence/postgres/recoveries.py",
        'map(Reached, row["seqs"], row["revs"])',
        'map(Reached, row["seqs"])',
        ("tests/persistence/test_recoveries.py",),
    ),
    Fault(
        "an offset loses a channel's rev with the next message",
        "hub/socketio/offset.py",
        "evolve(self._so_far(channel_id), seq=seq)",
        "Reached(seq)",
        ("tests/hub/socketio/test_offset.py",),
    ),
    Fault(
        "the list of a workspace's channels lacks their last revs",
        "hub/rest/routes/learning_chat/channels.py",
        "channel_head_object(head.channel, head.last_seq, head.last_rev)",
        "channel_head_object(head.channel, head.last_seq, 0)",
        ("tests/hub/rest/routes/test_revisions.py",),
    ),
    Fault(
        "a new member gets the channels without their last revs",
        "hub/services/workspaces.py",
        "(head.channel, head.last_seq, head.last_rev)",
        "(head.channel, head.last_seq, 0)",
        ("tests/hub/services/test_workspaces.py",),
    ),
    Fault(
        "a resume on /gateway ignores its revs",
        "protocol/dialects/gateway/decoders.py",
        "revs=revs, notes",
        "revs=None, notes",
        BY_TRANSCRIPT,
    ),
    Fault(
        "a resume on /messagepal ignores its revs",
        "protocol/dialects/messenger/decoders.py",
        "frame.only, frame.revs, ",
        "frame.only, None, ",
        BY_TRANSCRIPT,
    ),
    Fault(
        "a resume over Socket.IO ignores its revs",
        "protocol/dialects/channel_messages/decoders.py",
        "epoch=epoch, revs=revs",
        "epoch=epoch, revs=None",
        BY_TRANSCRIPT,
    ),
    Fault(
        "a recovered Socket.IO client does not get the revisions made meanwhile",
        "hub/services/resume.py",
        "await self._enter(client, named), seqs, revs)\n            _, is_noted",
        "await self._enter(client, named), seqs, None)\n            _, is_noted",
        BY_TRANSCRIPT,
    ),
    Fault(
        "connections that follow a workspace get no revisions",
        "hub/services/posting/revising.py",
        "if revised.workspace_id is not None:",
        "if False:",
        BY_TRANSCRIPT,
    ),
    Fault(
        "a change of a message that cannot be found gets the wrong error code",
        "hub/services/revisions.py",
        "RevisionRefusal.NOT_FOUND: ErrorCode.MESSAGE_NOT_FOUND",
        "RevisionRefusal.NOT_FOUND: ErrorCode.NOT_YOURS",
        BY_TABLE,
    ),
    Fault(
        "a resume with a rev above the channel's last one is not reset",
        "hub/services/resume.py",
        "or revs.get(head.channel.id, 0) > head.last_rev\n    ]",
        "or False\n    ]",
        BY_TABLE,
    ),
    Fault(
        "in memory, a repeated send lacks reactions if its author may only read by now",
        "persistence/memory/messages.py",
        "return row.seen(row.find(first.id), unknown)",
        "return row.find(first.id) if refusal else row.seen(row.find(first.id), unknown)",
        ("tests/persistence/contents/test_revisions.py",),
    ),
)
