"""Faults in threads."""

from typing import Final

from tests.planted.fault import Fault

ROUTINES: Final = "persistence/postgres/routines/threads.sql"
STORE: Final = "persistence/postgres/contents/threads.py"
TESTS: Final = ("tests/persistence/contents/test_threads.py",)

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "replies of blocked users are counted in threads",
        STORE,
        "\n               AND u.author_id NOT IN (SELECT hidden_from($1))",
        "",
        TESTS,
    ),
    Fault(
        "in memory, replies of blocked users are counted in threads",
        "persistence/memory/contents/threads.py",
        " and each.author_id not in hidden",
        "",
        TESTS,
    ),
    Fault(
        "a deleted reply still counts in its thread",
        ROUTINES,
        "    UPDATE threads SET replies = replies - 1\n",
        "    UPDATE threads SET replies = replies\n",
        TESTS,
    ),
    Fault(
        "the last reply shown for a thread is a deleted one",
        ROUTINES,
        "AND m.root_id = t.root_id AND m.deleted_at IS NULL\n",
        "AND m.root_id = t.root_id\n",
        TESTS,
    ),
    Fault(
        "a user who may no longer see the channel gets events for replies",
        ROUTINES,
        "                    AND may_join(f.user_id, channel)\n",
        "",
        TESTS,
    ),
    Fault(
        "a user who no longer follows a thread gets events for its replies",
        ROUTINES,
        "AND f.is_following AND f.user_id <> author\n",
        "AND f.user_id <> author\n",
        TESTS,
    ),
    Fault(
        "a reply to a reply begins a new thread",
        "persistence/postgres/routines/posting.sql",
        "coalesce(p.root_id, d.parent)",
        "d.parent",
        TESTS,
    ),
    Fault(
        "a reply to a reply gets the first message as its parent",
        "persistence/postgres/routines/posting.sql",
        "parents[f.ord], roots[f.ord],",
        "roots[f.ord], roots[f.ord],",
        TESTS,
    ),
    Fault(
        "a reply keeps a parent that was removed",
        ROUTINES,
        "    UPDATE messages SET parent_id = NULL\n"
        "     WHERE (channel_id, parent_id) IN (SELECT g.channel_id, g.id FROM gone g);\n",
        "",
        TESTS,
    ),
    Fault(
        "a reply keeps a thread whose first message was removed",
        ROUTINES,
        "    UPDATE messages SET root_id = NULL\n"
        "     WHERE (channel_id, root_id) IN (SELECT g.channel_id, g.id FROM gone g);\n",
        "",
        TESTS,
    ),
    Fault(
        "a reply repeated with another parent in the thread is confirmed",
        "persistence/postgres/routines/posting.sql",
        "CASE WHEN stored.parent_id IS NOT NULL OR of_parent IS NULL",
        "CASE WHEN of_parent IS NULL",
        TESTS,
    ),
    Fault(
        "a reply whose parent was removed counts as new when it is repeated",
        "persistence/postgres/routines/posting.sql",
        "(coalesce(p.root_id, p.id) = stored.root_id) IS NOT TRUE",
        "p.id IS DISTINCT FROM stored.root_id",
        ("tests/persistence/postgres/database/test_migrate.py",),
    ),
    Fault(
        "retention locks old messages one channel after the other",
        "persistence/postgres/routines/retention.sql",
        "        IF cardinality(ids) >= at_most THEN",
        "        PERFORM hold_messages(ids);\n        IF cardinality(ids) >= at_most THEN",
        ("tests/persistence/postgres/test_deletion.py",),
    ),
    Fault(
        "a deletion locks threads in another order than other statements",
        "persistence/postgres/routines/deletion.sql",
        "      ORDER BY t.root_id FOR UPDATE;\n",
        "      ORDER BY t.root_id DESC FOR UPDATE;\n",
        ("tests/persistence/postgres/test_deletion.py",),
    ),
    Fault(
        "a batch of replies locks one thread after the other",
        "persistence/postgres/routines/posting.sql",
        "          ORDER BY t.root_id FOR NO KEY UPDATE;",
        "          LIMIT 0;",
        ("tests/persistence/postgres/test_deletion.py",),
    ),
    Fault(
        "the followers of a thread get no events for replies",
        "hub/services/posting/lane.py",
        "Delivery(event, ToUsers(posted.followers))",
        "Delivery(event, ToUsers([]))",
        ("tests/hub/services/posting/test_messaging.py",),
    ),
    Fault(
        "replies are shown to users who may not see their channel",
        STORE,
        "      JOIN channels c ON c.id = p.channel_id AND may_join($1, c.id)\n",
        "      JOIN channels c ON c.id = p.channel_id\n",
        ("tests/hub/rest/routes/test_threads.py", *TESTS),
    ),
    Fault(
        "a user's own replies count as unread in a thread",
        STORE,
        "AND u.deleted_at IS NULL AND u.author_id <> $1\n",
        "AND u.deleted_at IS NULL\n",
        TESTS,
    ),
    Fault(
        "a thread is listed although the user has hidden its first message",
        STORE,
        "AND m.deleted_at IS NULL AND NOT is_hidden_from($1, s.channel_id, m.id)\n",
        "AND m.deleted_at IS NULL\n",
        TESTS,
    ),
    Fault(
        "a hidden reply is shown among the replies",
        STORE,
        "              AND NOT is_hidden_from($1, c.id, l.id)\n",
        "",
        ("tests/persistence/contents/test_notes.py",),
    ),
)
