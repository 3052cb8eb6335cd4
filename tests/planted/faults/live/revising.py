"""Faults in what is told of revisions, live and to those who come back."""

from typing import Final

from tests.planted.fault import Fault

REVISING: Final = "tests/hub/services/posting/test_revising.py"
RECOVERY: Final = "tests/hub/socketio/test_recovery.py"
JOURNAL: Final = "tests/hub/socketio/test_journal.py"
BY_TRANSCRIPT: Final = ("tests/e2e/dialects/test_revisions.py",)
BY_TABLE: Final = ("tests/permissions/test_bad_input.py",)
MISSED: Final = "hub/services/missed_revisions.py"

CHANGING: Final = "tests/hub/services/test_changing_messages.py"
EVERY_DIALECT: Final = "tests/protocol/dialects/test_every_dialect.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "what came live does not come again although the client drops it",
        "hub/actor/backlog.py",
        "        self._sent.clear()\n",
        "",
        ("tests/hub/services/test_reset.py",),
    ),
    Fault(
        "what came live in channels does not come again after a reset",
        "hub/services/resume.py",
        "            client.backlog.forget()\n            seqs, revs = {}, {}\n",
        "            seqs, revs = {}, {}\n",
        ("tests/hub/services/test_reset.py",),
    ),
    Fault(
        "a grade is not told to who comes back",
        "protocol/shapes/revisions.py",
        "if message.grading is not None:",
        "if isinstance(event.revision, Grade):",
        (EVERY_DIALECT, "tests/hub/services/test_revisions.py"),
    ),
    Fault(
        "a pin on /ws/chat says nothing else of the message",
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
        "a command that changes nothing leads to the frame of another one",
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
        "what was deleted is shown as edited to who repeats the edit",
        "hub/services/posting/revising.py",
        "is_gone = message.is_deleted and not isinstance(revision, Delete)",
        "is_gone = False",
        (CHANGING,),
    ),
    Fault(
        "a revision is told under the rev of a later one of its batch",
        "hub/services/posting/revising.py",
        "evolve(revised.message, rev=revised.rev), datetime.now(UTC)",
        "revised.message, datetime.now(UTC)",
        (REVISING,),
    ),
    Fault(
        "a pin hides an edit whose answer was lost",
        "hub/services/posting/revising.py",
        "after_gone=partial(_missed, revised),",
        "after_gone=None,",
        (REVISING,),
    ),
    Fault(
        "revisions of what was sent since a client asked count as known",
        MISSED,
        "            seq = max(seq, client.backlog.newest(head.channel.id))\n",
        "",
        (REVISING,),
    ),
    Fault(
        "who names a position is not told what was deleted above it",
        "persistence/memory/contents/revisions.py",
        "(message.seq <= span.upto_seq or message.id in row.deleted)",
        "message.seq <= span.upto_seq",
        (REVISING, "tests/persistence/contents/test_revisions.py"),
    ),
    Fault(
        "who names no position in a conversation is told nothing of what was deleted there",
        MISSED,
        "if rev < head.last_rev:",
        "if seq and rev < head.last_rev:",
        (REVISING,),
    ),
    Fault(
        "Postgres does not find what was deleted above a position",
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
        "is_all, _ = await self._tell(client, channels, again, render)",
        "is_all = bool(again)",
        (REVISING,),
    ),
    Fault(
        "a recovered client is told of no revisions",
        "hub/services/resume.py",
        "await self._enter(client, named), seqs, revs)",
        "await self._enter(client, named), seqs, None)",
        (RECOVERY, "tests/e2e/test_socketio_messages.py"),
    ),
    Fault(
        "an offset does not name revisions",
        "hub/socketio/link.py",
        "if position is not None and self.is_recoverable:",
        'if hasattr(position, "seq") and self.is_recoverable:',
        (RECOVERY,),
    ),
    Fault(
        "who resumes without revs is told of all revisions when it is recovered",
        "hub/socketio/journal.py",
        "head.last_rev if revs is None else revs.get(head.channel.id, 0),",
        "(revs or {}).get(head.channel.id, 0),",
        (RECOVERY, JOURNAL),
    ),
    Fault(
        "who joins a channel is told of all its revisions when it is recovered",
        "hub/socketio/journal.py",
        "Reached(head.last_seq, head.last_rev)",
        "Reached(head.last_seq)",
        (RECOVERY, JOURNAL),
    ),
    Fault(
        "a recovered client that missed many revisions misses the last ones",
        "hub/services/resume.py",
        "is_all = resumed.is_all and is_noted\n",
        "is_all = is_noted\n",
        (RECOVERY,),
    ),
    Fault(
        "the revisions that a connection knows are not kept",
        "persistence/postgres/recoveries.py",
        'map(Reached, row["seqs"], row["revs"])',
        'map(Reached, row["seqs"])',
        ("tests/persistence/test_recoveries.py",),
    ),
    Fault(
        "an offset forgets its revision with the next message",
        "hub/socketio/offset.py",
        "evolve(self._so_far(channel_id), seq=seq)",
        "Reached(seq)",
        ("tests/hub/socketio/test_offset.py",),
    ),
    Fault(
        "the list of a workspace's channels does not say how far their revisions are",
        "hub/rest/routes/learning_chat/channels.py",
        "channel_head_object(head.channel, head.last_seq, head.last_rev)",
        "channel_head_object(head.channel, head.last_seq, 0)",
        ("tests/hub/rest/routes/test_revisions.py",),
    ),
    Fault(
        "a new member is not told how far the revisions of the channels are",
        "hub/services/workspaces.py",
        "(head.channel, head.last_seq, head.last_rev)",
        "(head.channel, head.last_seq, 0)",
        ("tests/hub/services/test_workspaces.py",),
    ),
    Fault(
        "/gateway does not tell what was changed meanwhile",
        "protocol/dialects/gateway/decoders.py",
        "revs=revs, notes",
        "revs=None, notes",
        BY_TRANSCRIPT,
    ),
    Fault(
        "/messagepal does not tell what was changed meanwhile",
        "protocol/dialects/messenger/decoders.py",
        "frame.only, frame.revs, ",
        "frame.only, None, ",
        BY_TRANSCRIPT,
    ),
    Fault(
        "a client of Socket.IO that resumes is not told what was changed meanwhile",
        "protocol/dialects/channel_messages/decoders.py",
        "epoch=epoch, revs=revs",
        "epoch=epoch, revs=None",
        BY_TRANSCRIPT,
    ),
    Fault(
        "a client of Socket.IO that is recovered is not told what was changed meanwhile",
        "hub/services/resume.py",
        "await self._enter(client, named), seqs, revs)\n            _, is_noted",
        "await self._enter(client, named), seqs, None)\n            _, is_noted",
        BY_TRANSCRIPT,
    ),
    Fault(
        "who follows a workspace is told of no changes",
        "hub/services/posting/revising.py",
        "if revised.workspace_id is not None:",
        "if False:",
        BY_TRANSCRIPT,
    ),
    Fault(
        "a change of a deleted message is refused otherwise than one of none",
        "hub/services/revisions.py",
        "RevisionRefusal.NOT_FOUND: ErrorCode.MESSAGE_NOT_FOUND",
        "RevisionRefusal.NOT_FOUND: ErrorCode.NOT_YOURS",
        BY_TABLE,
    ),
    Fault(
        "a rev from the future is believed",
        "hub/services/resume.py",
        "or revs.get(head.channel.id, 0) > head.last_rev\n    ]",
        "or False\n    ]",
        BY_TABLE,
    ),
    Fault(
        "the repeat of who may only read shows no reactions in memory",
        "persistence/memory/messages.py",
        "return row.seen(row.find(first.id), unknown)",
        "return row.find(first.id) if refusal else row.seen(row.find(first.id), unknown)",
        ("tests/persistence/contents/test_revisions.py",),
    ),
)
