"""Faults in notes, the marks that only their user sees."""

from typing import Final

from tests.planted.fault import Fault

SQL: Final = "persistence/postgres/routines/notes.sql"
STORE: Final = ("tests/persistence/contents/test_notes.py",)
SERVICE: Final = ("tests/hub/services/test_notes.py",)
CALLS: Final = ("tests/hub/rest/routes/private_messages/test_messages.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a user can hide a message that they may not see",
        SQL,
        "IN (c.user_lo, c.user_hi)) AND may_join(who, c.id)\n       FOR KEY SHARE",
        "IN (c.user_lo, c.user_hi))\n       FOR KEY SHARE",
        STORE,
    ),
    Fault(
        "a message stays hidden after the user shows it again",
        SQL,
        "AND h.user_id = who\n                      AND h.is_hidden)",
        "AND h.user_id = who)",
        STORE,
    ),
    Fault(
        "reading part of a conversation removes its unread mark",
        SQL,
        "CASE WHEN upto < r.read_seq THEN upto END",
        "NULL",
        STORE,
    ),
    Fault(
        "a note that changes nothing gets a new number",
        SQL,
        "       IS NOT DISTINCT FROM until THEN",
        "       IS NOT DISTINCT FROM until AND false THEN",
        STORE,
    ),
    Fault(
        "muted conversations are included in the unread count",
        "persistence/postgres/lists/conversations.py",
        "AND NOT f.is_blocked AND NOT f.is_muted",
        "AND NOT f.is_blocked",
        STORE,
    ),
    Fault(
        "the latest notes omit messages that are not hidden any more",
        "persistence/postgres/contents/notes.py",
        "(h.is_hidden OR $2 <> 0)",
        "(h.is_hidden OR $2 > 0)",
        STORE,
    ),
    Fault(
        "a search finds hidden messages",
        "persistence/postgres/routines/search.sql",
        "AND NOT is_hidden_from(who, c.channel_id, m.id)",
        "",
        STORE,
    ),
    Fault(
        "a resume sends hidden messages",
        "persistence/postgres/messages.py",
        "l.deleted_at IS NULL AND ($6 OR {_UNHIDDEN})\n            ORDER BY l.seq LIMIT $5",
        "l.deleted_at IS NULL AND ($6 OR true)\n            ORDER BY l.seq LIMIT $5",
        STORE,
    ),
    Fault(
        "notes of channels that were closed to the user are sent",
        "persistence/postgres/contents/notes.py",
        "     WHERE may_join($1, c.id)\n     ORDER BY n.number LIMIT $3",
        "     ORDER BY n.number LIMIT $3",
        STORE,
    ),
    Fault(
        "a user's other connections do not get new notes",
        "hub/services/notes.py",
        "        if stored.is_new:\n",
        "        if not stored.is_new:\n",
        SERVICE,
    ),
    Fault(
        "a note whose result was lost is never sent",
        "hub/services/notes.py",
        "            self._in_doubt.set()\n            raise\n",
        "            raise\n",
        SERVICE,
    ),
    Fault(
        "after a note whose result was lost, only the last note is sent",
        "hub/services/notes.py",
        "        count = min(CONCURRENT_NOTES + doubts, PAGE_NOTES)\n",
        "        count = 1\n",
        SERVICE,
    ),
    Fault(
        "a resume omits the deletion of a hidden reply",
        "persistence/postgres/contents/revisions.py",
        'shown="AND (l.deleted_at IS NOT NULL OR NOT is_hidden_from($1, c.id, l.id))"',
        'shown="AND NOT is_hidden_from($1, c.id, l.id)"',
        STORE,
    ),
    Fault(
        "the removal of an unread mark is not sent when it is repeated",
        "hub/services/receipts.py",
        "await self._notes.known(reader, statement)",
        "await statement",
        SERVICE,
    ),
    Fault(
        "the removal of an unread mark is never sent",
        "hub/services/receipts.py",
        "            if reading.note is not None:\n",
        "            if reading.note is None and False:\n",
        SERVICE,
    ),
    Fault(
        "a client that requests no notes gets notes",
        "hub/services/resume.py",
        "        if known is None:\n            return None, True\n        return await",
        "        known = known or 0\n        return await",
        SERVICE,
    ),
    Fault(
        "a mute with an end in the past is accepted",
        "hub/services/notes.py",
        "        if mute is not None and not mute.holds(datetime.now(UTC)):\n",
        "        if mute is not None and mute.until is None and False:\n",
        SERVICE,
    ),
    Fault(
        "jumping to a message marks it read",
        "hub/rest/routes/private_messages/messages.py",
        "return call.request.query_params.keys() <= {PAGE.name, LIMIT.name}",
        "return True",
        CALLS,
    ),
    Fault(
        "an export omits the messages that its user has hidden",
        "hub/services/people/export.py",
        "even_hidden=True",
        "even_hidden=False",
        ("tests/hub/services/people/test_export.py",),
    ),
    Fault(
        "a recovered connection does not get the notes made meanwhile",
        "hub/services/resume.py",
        "            _, is_noted = await self._noted(client, notes, is_reset=resumed.is_above)\n",
        "            is_noted = True\n",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "a recovered connection gets notes again that it knows",
        "hub/socketio/recovery.py",
        "entered, known, received.notes, received.offline",
        "entered, known, 0, received.offline",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "a recovered connection gets only the first page of missed notes",
        "hub/services/resume.py",
        "is_complete = is_sent and resumed.is_all and is_noted\n",
        "is_complete = is_sent and resumed.is_all\n",
        ("tests/hub/socketio/test_long_recovery.py",),
    ),
    Fault(
        "a recovered connection loses the number of the last note that it knows",
        "hub/socketio/application.py",
        "link.offset.notes, link.offset.offline = slip.notes, slip.offline",
        "link.offset.offline = slip.offline",
        ("tests/hub/socketio/test_recovery.py",),
    ),
)
