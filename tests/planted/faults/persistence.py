"""Faults in the stores, in Postgres and in memory."""

from typing import Final

from tests.planted.fault import Fault

MESSAGES: Final = "tests/persistence/test_messages.py"
UPLOADS_SQL: Final = "persistence/postgres/routines/uploads.sql"
UPLOADS_ON_BOTH: Final = "tests/persistence/test_uploads.py"
UPLOADS_IN_POSTGRES: Final = "tests/persistence/postgres/test_uploads.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "the place of a deleted message is not marked",
        "persistence/postgres/messages.py",
        "WHERE m.id = $2 AND may_join($1, c.id)",
        "WHERE m.id = $2 AND m.deleted_at IS NULL AND may_join($1, c.id)",
        ("tests/persistence/test_messages.py",),
    ),
    Fault(
        "what the blocked wrote counts as unread",
        "persistence/postgres/messages.py",
        "WHERE b.blocker_id = $1 AND b.blocked_id = u.author_id)",
        "WHERE b.blocker_id = $1 AND b.blocked_id = 0)",
        ("tests/persistence/test_messages.py",),
    ),
    Fault(
        "hidden conversations count as unread where they are not shown",
        "hub/rest/routes/messenger.py",
        "with_archived=False",
        "with_archived=True",
        ("tests/hub/rest/routes/test_messenger.py",),
    ),
    Fault(
        "an author is told of a hundred messages that were read",
        "persistence/interface.py",
        "MAX_NAMED: Final = 1_000",
        "MAX_NAMED: Final = 100",
        ("tests/hub/services/test_receipts.py",),
    ),
    Fault(
        "a workspace may have two channels of one name",
        "persistence/memory/channels.py",
        'return name.strip(" ").lower()',
        "return name",
        ("tests/persistence/test_channels.py",),
    ),
    Fault(
        "a read watermark goes back",
        "persistence/postgres/messages.py",
        """           SET read_seq = greatest(r.read_seq, EXCLUDED.read_seq),
               delivered_seq = greatest(r.delivered_seq, EXCLUDED.delivered_seq)
         WHERE r.{mark} < EXCLUDED.{mark}
""",
        """           SET read_seq = EXCLUDED.read_seq,
               delivered_seq = greatest(r.delivered_seq, EXCLUDED.delivered_seq)
         WHERE r.{mark} <> EXCLUDED.{mark}
""",
        (MESSAGES,),
    ),
    Fault(
        "whoever knows a message's id may mark it read",
        "persistence/postgres/messages.py",
        "WHERE m.id = $2 AND may_join($1, c.id)",
        "WHERE m.id = $2",
        (MESSAGES,),
    ),
    Fault(
        "one's own messages count as unread",
        "persistence/postgres/messages.py",
        "WHERE u.channel_id = c.id AND u.author_id <> $1 AND u.author_id IN",
        "WHERE u.channel_id = c.id AND u.author_id IN",
        (MESSAGES,),
    ),
    Fault(
        "a deleted message is in a channel's history",
        "persistence/postgres/messages.py",
        """            WHERE l.channel_id = c.id AND l.deleted_at IS NULL
              AND l.seq < coalesce(""",
        """            WHERE l.channel_id = c.id
              AND l.seq < coalesce(""",
        (MESSAGES, "tests/persistence/test_channels.py"),
    ),
    Fault(
        "what was missed is read of channels that may not be seen",
        "persistence/postgres/messages.py",
        "JOIN channels c ON c.id = s.channel_id AND may_join($1, c.id)",
        "JOIN channels c ON c.id = s.channel_id",
        (MESSAGES,),
    ),
    Fault(
        "a page in the middle of a conversation is skipped",
        "persistence/postgres/messages.py",
        'page="AND l.seq > $3 ORDER BY l.seq LIMIT $4"',
        'page="AND l.seq > $3 ORDER BY l.seq DESC LIMIT $4"',
        (MESSAGES,),
    ),
    Fault(
        "a hidden conversation stays hidden when there is something new",
        "persistence/postgres/messages.py",
        "AND r.archived_seq >= {newest})",
        "AND r.archived_seq > 0)",
        (MESSAGES,),
    ),
    Fault(
        "one draft that cannot be stored fails the whole batch",
        "persistence/postgres/posting.py",
        "return [Refusal.UNSTORABLE] if len(drafts) == 1 else await self._halves(drafts)",
        "return [Refusal.UNSTORABLE] * len(drafts)",
        ("tests/persistence/test_posting.py", "tests/persistence/postgres/test_posting.py"),
    ),
    Fault(
        "an expired session is found",
        "persistence/postgres/sessions.py",
        "     WHERE expires_at > now()\n",
        "",
        ("tests/persistence/test_sessions.py",),
    ),
    Fault(
        "a new password leaves old sessions alive",
        "persistence/postgres/accounts.py",
        "    WITH ended AS (DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $3)\n",
        "    WITH ended AS (DELETE FROM sessions WHERE user_id = $1 AND id = $3)\n",
        ("tests/persistence/test_accounts.py", "tests/persistence/test_sessions.py"),
    ),
    Fault(
        "a private profile is followed without being asked",
        "persistence/postgres/relations.py",
        "SELECT $1, id, CASE WHEN is_public THEN 'accepted' ELSE 'pending' END",
        "SELECT $1, id, 'accepted'",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "a block leaves the follow",
        "persistence/postgres/relations.py",
        "DELETE FROM follows WHERE (follower_id, followee_id) IN (($1, $2), ($2, $1)))",
        "DELETE FROM follows WHERE (follower_id, followee_id) IN (($1, $2)))",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "anybody may download any upload",
        "persistence/postgres/routines/policy.sql",
        "AND may_join(who, m.channel_id))))",
        "AND m.author_id = u.owner_id)))",
        ("tests/hub/rest/routes/test_uploads.py", "tests/persistence/test_uploads.py"),
    ),
    Fault(
        "whoever takes somebody's upload for an avatar may download it",
        "persistence/postgres/routines/policy.sql",
        "WHERE a.id = u.owner_id AND a.avatar = u.url)",
        "WHERE a.avatar = u.url)",
        ("tests/persistence/test_uploads.py",),
    ),
    Fault(
        "anybody may make those they have written with their followers",
        "persistence/postgres/relations.py",
        "AND NOT EXISTS (SELECT FROM messages m WHERE m.channel_id = c.id AND m.author_id = $1)",
        "",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "people are suggested who may not be messaged",
        "persistence/postgres/relations.py",
        "     WHERE id < $2 AND role <> 'assistant' AND may_message($1, id)\n",
        "     WHERE id < $2 AND role <> 'assistant' AND id <> $1\n",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "a search finds channels of other workspaces",
        "persistence/postgres/channels.py",
        "     WHERE m.user_id = $1\n       AND (c.class_name = $2",
        "     WHERE m.user_id <> -$1\n       AND (c.class_name = $2",
        ("tests/persistence/test_channels.py",),
    ),
    Fault(
        "a connection is recovered long after it broke",
        "persistence/postgres/recoveries.py",
        "     WHERE key = $1 AND touched_at >= now() - make_interval(secs => $2)\n",
        "     WHERE key = $1 AND $2::float8 IS NOT NULL\n",
        ("tests/persistence/test_recoveries.py",),
    ),
    Fault(
        "a session of the application is used after its end",
        "persistence/postgres/express.py",
        "            until = min(until, datetime.fromisoformat(cookie))\n",
        "            until = max(until, datetime.fromisoformat(cookie))\n",
        ("tests/hub/identity/test_authentication.py",),
    ),
    Fault(
        "a database that may lose messages is used",
        "persistence/postgres/database/bridge.py",
        'if row["commit"] == "off" or row["fsync"] == "off":',
        'if row["commit"] == "off" and row["fsync"] == "off":',
        ("tests/persistence/postgres/database/test_bridge.py",),
    ),
    Fault(
        "a file is deleted whose message is being stored",
        UPLOADS_SQL,
        "    PERFORM FROM uploads WHERE url = ANY (addresses) ORDER BY url FOR UPDATE;\n",
        "",
        (UPLOADS_IN_POSTGRES,),
    ),
    Fault(
        "a message names a file that is being deleted",
        "persistence/postgres/routines/posting.sql",
        "        PERFORM FROM uploads WHERE url = ANY (file_urls) ORDER BY url FOR KEY SHARE;\n",
        "",
        (UPLOADS_IN_POSTGRES,),
    ),
    Fault(
        "a file is deleted that becomes a picture meanwhile",
        UPLOADS_SQL,
        "    PERFORM FROM uploads WHERE url = NEW.avatar FOR KEY SHARE;\n",
        "",
        (UPLOADS_IN_POSTGRES,),
    ),
    Fault(
        "a file is deleted with the first of its messages",
        UPLOADS_SQL,
        "AND NOT EXISTS (SELECT FROM messages m WHERE m.file_url = u.url AND m.deleted_at IS NULL)",
        "",
        (UPLOADS_ON_BOTH,),
    ),
    Fault(
        "a file is deleted that is somebody's picture",
        UPLOADS_SQL,
        "       AND NOT EXISTS (SELECT FROM users a WHERE a.avatar = u.url);\n",
        ";",
        (UPLOADS_ON_BOTH,),
    ),
    Fault(
        "a file outlives the account that uploaded it",
        UPLOADS_SQL,
        "CREATE OR REPLACE TRIGGER uploads_loosen AFTER DELETE ON uploads\n",
        "CREATE OR REPLACE TRIGGER uploads_loosen AFTER UPDATE ON uploads\n",
        (UPLOADS_IN_POSTGRES,),
    ),
    Fault(
        "a file outlives the channel in which it was sent",
        UPLOADS_SQL,
        "CREATE OR REPLACE TRIGGER messages_loosen AFTER DELETE ON messages\n",
        "CREATE OR REPLACE TRIGGER messages_loosen AFTER UPDATE ON messages\n",
        (UPLOADS_IN_POSTGRES,),
    ),
    Fault(
        "a new file is deleted before it can be sent",
        UPLOADS_SQL,
        "clock_timestamp() + make_interval(secs => grace)",
        "clock_timestamp()",
        (UPLOADS_ON_BOTH,),
    ),
    Fault(
        "two uploads at a time are both taken for the last that fits",
        UPLOADS_SQL,
        "    PERFORM FROM users WHERE id = owner FOR NO KEY UPDATE;\n",
        "",
        (UPLOADS_IN_POSTGRES,),
    ),
    Fault(
        "a user may have one file more than the quota",
        UPLOADS_SQL,
        "IF quota > 0 AND bytes + (SELECT",
        "IF quota > 0 AND (SELECT",
        (UPLOADS_ON_BOTH,),
    ),
    Fault(
        "a deleted message still gives its file",
        "persistence/postgres/routines/policy.sql",
        "WHERE m.file_url = u.url AND m.deleted_at IS NULL",
        "WHERE m.file_url = u.url",
        (UPLOADS_IN_POSTGRES,),
    ),
    Fault(
        "a dm without a message is a conversation",
        "persistence/postgres/relations.py",
        "FROM channels WHERE user_lo = $1 AND last_seq > 0",
        "FROM channels WHERE user_lo = $1",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "whether one user is known is asked of all relations of the other",
        "persistence/postgres/relations.py",
        "EXISTS (SELECT FROM presence_audience(p.peer) AS a (id) WHERE a.id = p.who)",
        "p.who = ANY (ARRAY(SELECT presence_audience(p.peer)))",
        ("tests/persistence/postgres/test_policy.py",),
    ),
)
