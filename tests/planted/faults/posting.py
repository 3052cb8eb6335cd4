"""Faults in the Hub, on the way of a message through the lanes, and in what a connection that comes
back is sent.
"""

from typing import Final

from tests.planted.fault import Fault

RESUME: Final = "tests/hub/services/test_resume.py"
MUCH_MISSED: Final = "tests/hub/services/test_much_missed.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a repeat is confirmed before what is missing in front of it",
        "hub/services/posting/lane.py",
        "if not self.sequencer.is_delivered(message):",
        "if False:",
        ("tests/hub/services/posting/test_sequencer.py",),
    ),
    Fault(
        "ready while posts fail",
        "hub/services/posting/lane.py",
        "            self._note_failure()\n            self._give_up",
        "            self._give_up",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "not ready after a post that succeeded",
        "hub/services/posting/lane.py",
        "for _, outcome in outcomes):\n                    self._note_success()\n",
        "for _, outcome in outcomes):\n                    pass\n",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "a lane that failed waits for the next message",
        "hub/services/posting/lane.py",
        "            await self._probe(patience)\n",
        "            pass\n",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "a lane that fails is looked at once",
        "hub/services/posting/lane.py",
        "        self._note_failure()\n        self._try_again()\n",
        "        self._note_failure()\n",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "ready while everything is held by another transaction",
        "hub/services/posting/lane.py",
        "        self._note_failure()\n        self._try_again()\n",
        "        self._try_again()\n",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "nobody asks whether more than one conversation is held",
        "hub/services/posting/lane.py",
        " or (self._standstill and again)",
        "",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "a message could be stored in a table that is locked",
        "persistence/postgres/posting.py",
        "            await self.connections.fetch(_PROBE)\n",
        '            await self.connections.fetch("SELECT 1")\n',
        ("tests/persistence/postgres/test_posting.py",),
    ),
    Fault(
        "a probe leaves a message",
        "persistence/postgres/posting.py",
        "        RAISE 'taken back' USING ERRCODE = 'PB000';\n",
        "",
        ("tests/persistence/postgres/test_posting.py",),
    ),
    Fault(
        "a message stored by a statement whose result was lost is not looked for",
        "hub/services/posting/lane.py",
        "            self.sequencer.doubt(submission.draft)\n",
        "",
        (
            "tests/hub/services/posting/test_sequencer.py",
            "tests/hub/services/posting/test_lane.py",
        ),
    ),
    Fault(
        "a gap in a channel is not noticed",
        "hub/services/posting/sequencer.py",
        "        if seq != (last or 0) + 1:\n",
        "        if seq <= (last or 0):\n",
        ("tests/hub/services/posting/test_sequencer.py",),
    ),
    Fault(
        "typing goes on after the message",
        "hub/services/posting/lane.py",
        "return [*self._typing.stopped_by_message(message), *deliveries]",
        "return deliveries",
        ("tests/hub/services/typing/test_indicators.py", "tests/transcripts/test_transcripts.py"),
    ),
    Fault(
        "a send that was cancelled keeps its place in flight",
        "hub/services/sending.py",
        "            place.release()\n            raise",
        "            raise",
        ("tests/hub/services/test_sending.py",),
    ),
    Fault(
        "a connection's messages are not counted against its user's quota",
        "hub/services/sending.py",
        "return (window is None or window.take(now)) and asker.quota.take(Kind.MESSAGES, now)",
        "return window is None or window.take(now)",
        ("tests/hub/limits/test_quotas.py",),
    ),
    Fault(
        "the assistant reads what was written after the question",
        "hub/services/assistant/assistant.py",
        "question.channel.id, before=question.message.id, limit=CONTEXT_MESSAGES",
        "question.channel.id, before=None, limit=CONTEXT_MESSAGES",
        ("tests/hub/services/assistant/test_assistant.py",),
    ),
    Fault(
        "the sender learns the outcome before the others have the message",
        "hub/services/posting/lane.py",
        "            await out.send(self._hub, trace)\n",
        "            [then() for then in out.thens]\n            out.thens.clear()\n"
        "            await out.send(self._hub, trace)\n",
        ("tests/hub/services/posting/test_lane.py",),
    ),
    Fault(
        "a message whose author has lost the channel counts as sent to them there",
        "hub/services/posting/announcing.py",
        "MessageConfirmed(message, joined=False)",
        "MessageConfirmed(message, joined=True)",
        ("tests/hub/services/posting/test_lane.py",),
    ),
    Fault(
        "what waits behind a failed statement is never answered",
        "hub/services/posting/lane.py",
        """                case Submission():
                    self._settle(waiting, error)
""",
        """                case Submission():
                    self._try_again()
""",
        ("tests/hub/services/posting/test_lane.py",),
    ),
    Fault(
        "a repeated message is not confirmed",
        "hub/sockets/replies.py",
        "            case Posted(repeated=False):\n",
        "            case Posted():\n",
        ("tests/hub/services/posting/test_sequencer.py",),
    ),
    Fault(
        "a store that does not respond is waited for without end",
        "hub/services/posting/lane.py",
        "        with trio.move_on_after(SEND_SECONDS):",
        "        with trio.CancelScope():",
        ("tests/hub/services/posting/test_lane.py",),
    ),
    Fault(
        "stopping does not wait for accepted messages",
        "hub/services/posting/messaging.py",
        """        if self._unsettled:
            await self._settled_all.wait()
""",
        "",
        ("tests/hub/services/posting/test_messaging.py",),
    ),
    Fault(
        "messages are accepted while the server stops",
        "hub/services/posting/messaging.py",
        "        self._stopping = True\n",
        "",
        ("tests/hub/services/posting/test_messaging.py",),
    ),
    Fault(
        "the assistant is asked again when a question is repeated",
        "hub/services/sending.py",
        "if not settlement.repeated:",
        "if True:",
        ("tests/hub/services/assistant/test_assistant.py",),
    ),
    Fault(
        "a connection that is gone stays in its channels",
        "hub/actor/hub.py",
        """        for room in tuple(self._joined.get(client, ())):
            self._leave(client, room, disconnected=True)
""",
        "",
        ("tests/hub/actor/test_hub.py",),
    ),
    Fault(
        "a session that ends while its connection is being opened goes on",
        "hub/actor/hub.py",
        "self._ended.get(client.session_id) or self._ended_users.get(client.user.id)",
        "self._ended_users.get(client.user.id)",
        ("tests/hub/actor/test_hub.py",),
    ),
    Fault(
        "a connection opened while the server stops is not closed",
        "hub/actor/hub.py",
        "        self._closing = letter.reason\n",
        "",
        ("tests/hub/actor/test_hub.py",),
    ),
    Fault(
        "a user is offline when one of two connections ends",
        "hub/actor/hub.py",
        """        if not theirs:
            del self._by_user[user_id]
            self._on_presence(user_id, connected=False)
""",
        """        if not theirs:
            del self._by_user[user_id]
        self._on_presence(user_id, connected=False)
""",
        ("tests/hub/actor/test_hub.py", "tests/hub/services/presence/test_users.py"),
    ),
    Fault(
        "the connection that marked a message read gets its own receipt",
        "hub/actor/hub.py",
        """                    for client in by_user.get(user, ())
                    if client is not besides
""",
        """                    for client in by_user.get(user, ())
""",
        ("tests/hub/services/test_receipts.py",),
    ),
    Fault(
        "the assistant reads in a dm who has not asked it",
        "hub/services/assistant/assistant.py",
        "if question.channel.pair is not None:",
        "if question.channel is None:",
        ("tests/hub/services/assistant/test_assistant.py",),
    ),
    Fault(
        "questions in channels are not counted",
        "hub/services/assistant/assistant.py",
        "if not all(quota.take(kind, now) for kind in (Kind.QUESTIONS, Kind.QUESTIONS_A_DAY)):",
        "if not all(quota and now for kind in (Kind.QUESTIONS, Kind.QUESTIONS_A_DAY)):",
        ("tests/hub/services/assistant/test_assistant.py",),
    ),
    Fault(
        "who asks much is answered first",
        "hub/services/assistant/turns.py",
        "            self._lines[owner] = line\n        return",
        "            self._lines = {owner: line, **self._lines}\n        return",
        ("tests/hub/services/assistant/test_turns.py",),
    ),
    Fault(
        "the assistant has a prompt of the caller",
        "hub/rest/routes/learning_chat/messages.py",
        'if turn.role != "system"]',
        "if turn.role]",
        ("tests/hub/services/assistant/test_assistant.py",),
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
        "        client.backlog.hold()\n",
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
        "a connection stays in a channel that was lost while the log was read",
        "hub/services/resume.py",
        "        await self._expel(client, channels.keys() - {each.channel_id for each in sent})\n",
        "",
        (RESUME,),
    ),
    Fault(
        "a connection stays in a channel that was lost while a flood was read",
        "hub/services/resume.py",
        "await self._expel(client, dropped.keys() - {each.channel_id for each in sent})",
        "pass",
        (MUCH_MISSED,),
    ),
    Fault(
        "a connection that could not be resumed goes on with a gap",
        "hub/services/resume.py",
        "            client.close(TRY_AGAIN)\n            raise\n",
        "            client.backlog.release()\n            raise\n",
        (MUCH_MISSED,),
    ),
    Fault(
        "resuming stops after the first page",
        "hub/services/replay.py",
        "spans = _rest(spans, page[-1]) if len(page) == PAGE_MESSAGES else []",
        "spans = []",
        (MUCH_MISSED,),
    ),
    Fault(
        "messages that were too much to be held are lost",
        "hub/services/resume.py",
        "                sent = await self._replay.all(client, channels, missing, render)\n",
        "                sent = missing\n",
        (MUCH_MISSED,),
    ),
    Fault(
        "who is sent much while the log is replayed is closed",
        "hub/actor/backlog.py",
        "if self._held_bytes > MAX_HELD_BYTES // 2:",
        "if self._held_bytes >= 0:",
        ("tests/hub/actor/test_backlog.py", RESUME),
    ),
    Fault(
        "messages that were dropped count as sent",
        "hub/actor/backlog.py",
        "        if self._dropped:\n            self._link.close(TOO_SLOW)\n",
        "",
        ("tests/hub/actor/test_backlog.py",),
    ),
    Fault(
        "a conversation without a message is listed for who did not open it",
        "persistence/postgres/routines/policy.sql",
        "AND (place.last_seq > 0 OR EXISTS (",
        "AND (place.last_seq >= 0 OR EXISTS (",
        ("tests/persistence/contents/test_notes.py",),
    ),
    Fault(
        "who opens a conversation that is there does not see it listed",
        "persistence/postgres/channels.py",
        "            await self.database.fetch(_OPEN_DM, one, other)\n",
        "",
        ("tests/persistence/test_channels.py",),
    ),
    Fault(
        "a first private message is not told where its channel was not joined",
        "hub/services/posting/lane.py",
        "peer is not None and message.seq == 1:",
        "peer is not None and message.seq == 0:",
        ("tests/hub/socketio/test_application.py",),
    ),
    Fault(
        "a first private message comes twice where its channel was joined",
        "hub/services/posting/lane.py",
        "besides, outside=room)",
        "besides)",
        ("tests/hub/socketio/test_application.py",),
    ),
    Fault(
        "who comes later is not told of a first private message",
        "persistence/postgres/lists/channels.py",
        "d.last_seq > coalesce(r.delivered_seq, 0)",
        "d.last_seq > r.delivered_seq",
        ("tests/persistence/test_messages.py",),
    ),
    Fault(
        "a recovered connection is not told of conversations that began meanwhile",
        "hub/socketio/application.py",
        "            messages = _begun(messages, slip)\n",
        "            return\n",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "a recovered connection is told again of what it has received",
        "hub/socketio/recovery.py",
        "known = received.positions.keys() | entered.keys()",
        "known = entered.keys()",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "a recovered connection is told again of conversations that it was told of when it came in",
        "hub/socketio/application.py",
        " and each.id > slip.offline",
        "",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "what is told as unconfirmed is delivered as well",
        "hub/socketio/application.py",
        "            member.client.backlog.skip([message.position for message, _ in told])\n",
        "",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "a connection counts as recovered without what it missed",
        "hub/socketio/application.py",
        "            if member.recovered is not None:\n                client.close(TRY_AGAIN)\n",
        "",
        ("tests/hub/socketio/test_recovery.py",),
    ),
)
