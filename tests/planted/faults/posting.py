"""Faults in the Hub, in the lanes that store messages, and in resumes and recoveries."""

from typing import Final

from tests.planted.fault import Fault

RESUME: Final = "tests/hub/services/test_resume.py"
MUCH_MISSED: Final = "tests/hub/services/test_much_missed.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a repeated send is confirmed before the missing messages before it are delivered",
        "hub/services/posting/lane.py",
        "if not self.sequencer.is_delivered(message):",
        "if False:",
        ("tests/hub/services/posting/test_sequencer.py",),
    ),
    Fault(
        "the hub reports that it is ready while messages cannot be stored",
        "hub/services/posting/lane.py",
        "            self._note_failure()\n            self._give_up",
        "            self._give_up",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "the hub reports that it is not ready after a message was stored again",
        "hub/services/posting/lane.py",
        "for _, outcome in outcomes):\n                    self._note_success()\n",
        "for _, outcome in outcomes):\n                    pass\n",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "a failed lane does not probe the database before the next message",
        "hub/services/posting/lane.py",
        "            await self._probe(patience)\n",
        "            pass\n",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "a failed lane probes the database only once",
        "hub/services/posting/lane.py",
        "        self._note_failure()\n        self._try_again()\n",
        "        self._note_failure()\n",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "the hub reports that it is ready while another transaction locks everything",
        "hub/services/posting/lane.py",
        "        self._note_failure()\n        self._try_again()\n",
        "        self._try_again()\n",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "a standstill does not probe whether more than one conversation is locked",
        "hub/services/posting/lane.py",
        " or (self._standstill and again)",
        "",
        ("tests/hub/rest/routes/test_health.py",),
    ),
    Fault(
        "a probe succeeds although the table of messages is locked",
        "persistence/postgres/posting.py",
        "            await self.connections.fetch(_PROBE)\n",
        '            await self.connections.fetch("SELECT 1")\n',
        ("tests/persistence/postgres/test_posting.py",),
    ),
    Fault(
        "a probe of the database leaves a message in the log",
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
        "typing goes on after the message was delivered",
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
        "the assistant reads messages written after the question",
        "hub/services/assistant/assistant.py",
        "question.channel.id, before=question.message.id, limit=CONTEXT_MESSAGES",
        "question.channel.id, before=None, limit=CONTEXT_MESSAGES",
        ("tests/hub/services/assistant/test_assistant.py",),
    ),
    Fault(
        "the sender gets the outcome before the others get the message",
        "hub/services/posting/lane.py",
        "            await out.send(self._hub, trace)\n",
        "            [then() for then in out.thens]\n            out.thens.clear()\n"
        "            await out.send(self._hub, trace)\n",
        ("tests/hub/services/posting/test_lane.py",),
    ),
    Fault(
        "a confirmation counts as channel delivery although its author lost the channel",
        "hub/services/posting/announcing.py",
        "MessageConfirmed(message, joined=False)",
        "MessageConfirmed(message, joined=True)",
        ("tests/hub/services/posting/test_lane.py",),
    ),
    Fault(
        "a submission that waits behind a failed statement is never settled",
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
        "a lane waits without a deadline for a store that does not respond",
        "hub/services/posting/lane.py",
        "        with trio.move_on_after(SEND_SECONDS):",
        "        with trio.CancelScope():",
        ("tests/hub/services/posting/test_lane.py",),
    ),
    Fault(
        "a stop does not wait for accepted messages",
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
        "the assistant replies again when a question is repeated",
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
        "a user is announced as offline when the first of two connections ends",
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
        "in a dm, the assistant reads messages of a participant who has not asked it",
        "hub/services/assistant/assistant.py",
        "if question.channel.pair is not None:",
        "if question.channel is None:",
        ("tests/hub/services/assistant/test_assistant.py",),
    ),
    Fault(
        "questions to the assistant are not counted against the quota",
        "hub/services/assistant/assistant.py",
        "if not all(quota.take(kind, now) for kind in (Kind.QUESTIONS, Kind.QUESTIONS_A_DAY)):",
        "if not all(quota and now for kind in (Kind.QUESTIONS, Kind.QUESTIONS_A_DAY)):",
        ("tests/hub/services/assistant/test_assistant.py",),
    ),
    Fault(
        "a user with many questions is answered before the others",
        "hub/services/assistant/turns.py",
        "            self._lines[owner] = line\n        return",
        "            self._lines = {owner: line, **self._lines}\n        return",
        ("tests/hub/services/assistant/test_turns.py",),
    ),
    Fault(
        "a caller can give the assistant a system prompt",
        "hub/rest/routes/learning_chat/messages.py",
        'if turn.role != "system"]',
        "if turn.role]",
        ("tests/hub/services/assistant/test_assistant.py",),
    ),
    Fault(
        "a join is confirmed only after the log was read",
        "hub/services/resume.py",
        "        client.flush()  # the peer need not wait for the log to be read\n",
        "",
        (RESUME,),
    ),
    Fault(
        "live messages are delivered before the missed ones",
        "hub/services/resume.py",
        "        client.backlog.hold()\n",
        "",
        (RESUME,),
    ),
    Fault(
        "a resume that left messages out is reported as complete",
        "hub/actor/backlog.py",
        "return Missing(channel_id, spans, after, until, is_complete=False)",
        "return Missing(channel_id, spans, after, head, is_complete=True)",
        (RESUME, "tests/hub/actor/test_backlog.py"),
    ),
    Fault(
        "a connection stays in a channel that its user lost while the log was read",
        "hub/services/resume.py",
        "        await self._expel(client, channels.keys() - {each.channel_id for each in sent})\n",
        "",
        (RESUME,),
    ),
    Fault(
        "a connection stays in a channel that its user lost while dropped messages were read",
        "hub/services/resume.py",
        "await self._expel(client, dropped.keys() - {each.channel_id for each in sent})",
        "pass",
        (MUCH_MISSED,),
    ),
    Fault(
        "a connection whose resume failed goes on with a gap",
        "hub/services/resume.py",
        "            client.close(TRY_AGAIN)\n            raise\n",
        "            client.backlog.release()\n            raise\n",
        (MUCH_MISSED,),
    ),
    Fault(
        "a resume stops after the first page",
        "hub/services/replay.py",
        "spans = _rest(spans, page[-1]) if len(page) == PAGE_MESSAGES else []",
        "spans = []",
        (MUCH_MISSED,),
    ),
    Fault(
        "live messages that the backlog had no room for are lost",
        "hub/services/resume.py",
        "                sent = await self._replay.all(client, channels, missing, render)\n",
        "                sent = missing\n",
        (MUCH_MISSED,),
    ),
    Fault(
        "a connection that gets many messages during a resume is closed",
        "hub/actor/backlog.py",
        "if self._held_bytes > MAX_HELD_BYTES // 2:",
        "if self._held_bytes >= 0:",
        ("tests/hub/actor/test_backlog.py", RESUME),
    ),
    Fault(
        "messages dropped from the backlog count as sent",
        "hub/actor/backlog.py",
        "        if self._dropped:\n            self._link.close(TOO_SLOW)\n",
        "",
        ("tests/hub/actor/test_backlog.py",),
    ),
    Fault(
        "a conversation without messages is listed for the user who did not open it",
        "persistence/postgres/routines/policy.sql",
        "AND (place.last_seq > 0 OR EXISTS (",
        "AND (place.last_seq >= 0 OR EXISTS (",
        ("tests/persistence/contents/test_notes.py",),
    ),
    Fault(
        "an existing conversation is not listed for the user who opens it",
        "persistence/postgres/channels.py",
        "            await self.database.fetch(_OPEN_DM, one, other)\n",
        "",
        ("tests/persistence/test_channels.py",),
    ),
    Fault(
        "a first private message is not delivered to connections outside its dm",
        "hub/services/posting/lane.py",
        "peer is not None and message.seq == 1:",
        "peer is not None and message.seq == 0:",
        ("tests/hub/socketio/test_application.py",),
    ),
    Fault(
        "a first private message is delivered twice to connections in its dm",
        "hub/services/posting/lane.py",
        "besides, outside=room)",
        "besides)",
        ("tests/hub/socketio/test_application.py",),
    ),
    Fault(
        "a first private message is not sent to a client that connects later",
        "persistence/postgres/lists/channels.py",
        "d.last_seq > coalesce(r.delivered_seq, 0)",
        "d.last_seq > r.delivered_seq",
        ("tests/persistence/test_messages.py",),
    ),
    Fault(
        "a recovered connection does not get the conversations that began meanwhile",
        "hub/socketio/application.py",
        "            messages = _begun(messages, slip)\n",
        "            return\n",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "a recovered connection gets a new conversation again that its offset names",
        "hub/socketio/recovery.py",
        "known = received.positions.keys() | entered.keys()",
        "known = entered.keys()",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "a recovered connection gets conversations again that it got when it connected",
        "hub/socketio/application.py",
        " and each.id > slip.offline",
        "",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "a message sent as unconfirmed is delivered live as well",
        "hub/socketio/application.py",
        "            member.client.backlog.skip([message.position for message, _ in sent])\n",
        "",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "a connection counts as recovered although its missed messages were not sent",
        "hub/socketio/application.py",
        "            if member.recovered is not None:\n                client.close(TRY_AGAIN)\n",
        "",
        ("tests/hub/socketio/test_recovery.py",),
    ),
)
