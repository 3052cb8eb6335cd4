"""Faults in threads."""

from typing import Final

from tests.planted.fault import Fault

ROUTINES: Final = "persistence/postgres/routines/threads.sql"
STORE: Final = "persistence/postgres/contents/threads.py"
TESTS: Final = ("tests/persistence/contents/test_threads.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a deleted reply goes on counting",
        ROUTINES,
        "    UPDATE threads SET replies = replies - 1\n",
        "    UPDATE threads SET replies = replies\n",
        TESTS,
    ),
    Fault(
        "the last reply of a thread is one that was deleted",
        ROUTINES,
        "WHERE m.parent_id = t.parent_id AND m.deleted_at IS NULL\n",
        "WHERE m.parent_id = t.parent_id\n",
        TESTS,
    ),
    Fault(
        "who may not see the channel any more is told of replies",
        ROUTINES,
        "                    AND may_join(f.user_id, channel)\n",
        "",
        TESTS,
    ),
    Fault(
        "who has ceased to follow a thread is told of its replies",
        ROUTINES,
        "AND f.is_following AND f.user_id <> author\n",
        "AND f.user_id <> author\n",
        TESTS,
    ),
    Fault(
        "a reply to a reply begins another thread",
        "persistence/postgres/routines/posting.sql",
        "coalesce(p.parent_id, d.parent)",
        "d.parent",
        TESTS,
    ),
    Fault(
        "the replies to a message that may not be seen are shown",
        STORE,
        "      JOIN channels c ON c.id = p.channel_id AND may_join($1, c.id)\n",
        "      JOIN channels c ON c.id = p.channel_id\n",
        ("tests/hub/rest/routes/test_threads.py", *TESTS),
    ),
    Fault(
        "one's own replies count as unread in a thread",
        STORE,
        "               AND u.author_id <> $1 AND NOT",
        "               AND NOT",
        TESTS,
    ),
    Fault(
        "a thread whose first message one has hidden is listed",
        STORE,
        "                     AND NOT is_hidden_from($1, m.id)\n",
        "",
        TESTS,
    ),
    Fault(
        "a hidden reply is among the replies",
        STORE,
        "              AND NOT is_hidden_from($1, l.id)\n",
        "",
        ("tests/persistence/contents/test_notes.py",),
    ),
)
