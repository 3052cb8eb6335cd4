"""Faults in what users note for themselves alone."""

from typing import Final

from tests.planted.fault import Fault

SQL: Final = "persistence/postgres/routines/notes.sql"
STORE: Final = ("tests/persistence/contents/test_notes.py",)
SERVICE: Final = ("tests/hub/services/test_notes.py",)
CALLS: Final = ("tests/hub/rest/routes/private_messages/test_messages.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "anybody hides any message",
        SQL,
        "IN (c.user_lo, c.user_hi)) AND may_join(who, c.id)\n       FOR KEY SHARE",
        "IN (c.user_lo, c.user_hi))\n       FOR KEY SHARE",
        STORE,
    ),
    Fault(
        "a message that is not hidden any more stays so",
        SQL,
        "AND h.user_id = who\n                      AND h.is_hidden)",
        "AND h.user_id = who)",
        STORE,
    ),
    Fault(
        "reading a part ends all that was marked unread",
        SQL,
        "CASE WHEN upto < r.read_seq THEN upto END",
        "NULL",
        STORE,
    ),
    Fault(
        "what changes nothing takes a number",
        SQL,
        "       IS NOT DISTINCT FROM until THEN",
        "       IS NOT DISTINCT FROM until AND false THEN",
        STORE,
    ),
    Fault(
        "muted conversations are counted with the others",
        "persistence/postgres/lists/conversations.py",
        "AND NOT f.is_blocked AND NOT f.is_muted",
        "AND NOT f.is_blocked",
        STORE,
    ),
    Fault(
        "the last notes leave out what is hidden no more",
        "persistence/postgres/contents/notes.py",
        "(h.is_hidden OR $2 <> 0)",
        "(h.is_hidden OR $2 > 0)",
        STORE,
    ),
    Fault(
        "hidden messages are found by searches",
        "persistence/postgres/routines/search.sql",
        "AND NOT is_hidden_from(who, c.channel_id, m.id)",
        "",
        STORE,
    ),
    Fault(
        "hidden messages are resumed",
        "persistence/postgres/messages.py",
        "l.deleted_at IS NULL AND ($6 OR {_UNHIDDEN})\n            ORDER BY l.seq LIMIT $5",
        "l.deleted_at IS NULL AND ($6 OR true)\n            ORDER BY l.seq LIMIT $5",
        STORE,
    ),
    Fault(
        "notes of channels that were closed are told",
        "persistence/postgres/contents/notes.py",
        "     WHERE may_join($1, c.id)\n     ORDER BY n.number LIMIT $3",
        "     ORDER BY n.number LIMIT $3",
        STORE,
    ),
    Fault(
        "the other devices of a user are not told what was noted",
        "hub/services/notes.py",
        "        if stored.is_new:\n",
        "        if not stored.is_new:\n",
        SERVICE,
    ),
    Fault(
        "a note whose answer was lost is never told",
        "hub/services/notes.py",
        "            self._in_doubt.set()\n            raise\n",
        "            raise\n",
        SERVICE,
    ),
    Fault(
        "only the last note is told after one whose answer was lost",
        "hub/services/notes.py",
        "        count = min(CONCURRENT_NOTES + doubts, PAGE_NOTES)\n",
        "        count = 1\n",
        SERVICE,
    ),
    Fault(
        "a resume says nothing of the deletion of a hidden reply",
        "persistence/postgres/contents/revisions.py",
        'shown="AND (l.deleted_at IS NOT NULL OR NOT is_hidden_from($1, c.id, l.id))"',
        'shown="AND NOT is_hidden_from($1, c.id, l.id)"',
        STORE,
    ),
    Fault(
        "the end of what was marked unread is not told when it is repeated",
        "hub/services/receipts.py",
        "await self._notes.known(reader, statement)",
        "await statement",
        SERVICE,
    ),
    Fault(
        "the end of what was marked unread is told to nobody",
        "hub/services/receipts.py",
        "            if reading.note is not None:\n",
        "            if reading.note is None and False:\n",
        SERVICE,
    ),
    Fault(
        "a client that asks for no notes is told of them",
        "hub/services/resume.py",
        "        if known is None:\n            return None, True\n        return await",
        "        known = known or 0\n        return await",
        SERVICE,
    ),
    Fault(
        "something is muted until it was",
        "hub/services/notes.py",
        "        if mute is not None and not mute.holds(datetime.now(UTC)):\n",
        "        if mute is not None and mute.until is None and False:\n",
        SERVICE,
    ),
    Fault(
        "whoever jumps to a message marks it read",
        "hub/rest/routes/private_messages/messages.py",
        "return call.request.query_params.keys() <= {PAGE.name, LIMIT.name}",
        "return True",
        CALLS,
    ),
    Fault(
        "what a person has hidden is missing in their export",
        "hub/services/people/export.py",
        "even_hidden=True",
        "even_hidden=False",
        ("tests/hub/services/people/test_export.py",),
    ),
    Fault(
        "a recovered connection is told nothing of what was noted meanwhile",
        "hub/services/resume.py",
        "            _, is_noted = await self._noted(client, notes, is_reset=resumed.is_above)\n",
        "            is_noted = True\n",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "a recovered connection is told again of the notes that it knows",
        "hub/socketio/recovery.py",
        "entered, known, received.notes, received.offline",
        "entered, known, 0, received.offline",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "who missed more notes than are told at once is recovered without the rest",
        "hub/services/resume.py",
        "is_all = resumed.is_all and is_noted\n",
        "is_all = resumed.is_all\n",
        ("tests/hub/socketio/test_recovery.py",),
    ),
    Fault(
        "a recovered connection forgets how far it knew the notes",
        "hub/socketio/application.py",
        "link.offset.notes, link.offset.offline = slip.notes, slip.offline",
        "link.offset.offline = slip.offline",
        ("tests/hub/socketio/test_recovery.py",),
    ),
)
