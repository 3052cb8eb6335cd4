"""Faults in the functions and triggers of Postgres, and in how they are applied."""

from typing import Final

from tests.planted.fault import Fault

POLICY: Final = "persistence/postgres/routines/policy.sql"
POSTING: Final = "persistence/postgres/routines/posting.sql"
PARTITIONS: Final = "tests/persistence/postgres/test_partitions.py"
KEYS: Final = "persistence/postgres/schema/0024_channel_keys.sql"
NOTICES: Final = "persistence/postgres/routines/notices.sql"
DELETION: Final = "tests/persistence/postgres/test_deletion.py"
POSTS: Final = "tests/persistence/test_posting.py"
POSTS_OF_POSTGRES: Final = "tests/persistence/postgres/test_posting.py"
MIGRATE: Final = "tests/persistence/postgres/database/test_migrate.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a change is not recorded for hubs that missed its notification",
        "persistence/postgres/routines/notices.sql",
        "    INSERT INTO changes (payload) VALUES (payload);\n",
        "",
        ("tests/persistence/postgres/test_changes.py",),
    ),
    Fault(
        "a decided message request is not recorded for hubs that missed its notification",
        "persistence/postgres/routines/notices.sql",
        "PERFORM note_change(format(",
        "PERFORM pg_notify('parlour_changes', format(",
        ("tests/persistence/postgres/test_changes.py",),
    ),
    Fault(
        "a role that changes data needs a right to record the change",
        "persistence/postgres/routines/notices.sql",
        """announce_change() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$""",
        """announce_change() RETURNS trigger LANGUAGE plpgsql
AS $$""",
        ("tests/persistence/postgres/test_changes.py",),
    ),
    Fault(
        "missed changes are not read",
        "persistence/postgres/changes.py",
        "last, is_more = 0, True",
        "last, is_more = 0, False",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "connections stay open when too many changes of rights had to be dropped",
        "hub/services/rights/changes.py",
        "            self._put(_Job(None, deque((Step(self._send_everybody_back, ()),))))\n",
        "",
        ("tests/hub/services/rights/test_changes.py",),
    ),
    Fault(
        "a blocked user may write to the user who blocks them",
        POLICY,
        "(VALUES (sender, recipient), (recipient, sender)) AS p",
        "(VALUES (sender, recipient)) AS p",
        ("tests/persistence/test_posting.py", "tests/persistence/postgres/test_policy.py"),
    ),
    Fault(
        "a follow request counts as a follow before it is accepted",
        POLICY,
        "AND f.followee_id = p.other\n            WHERE f.status = 'accepted')",
        "AND f.followee_id = p.other)",
        ("tests/persistence/test_posting.py", "tests/persistence/test_relations.py"),
    ),
    Fault(
        "a closed dm may still be joined",
        POLICY,
        """
             AND (c.user_lo IS NULL OR may_see_conversation(
                  who, CASE who WHEN c.user_lo THEN c.user_hi ELSE c.user_lo END)))""",
        ")",
        (
            "tests/persistence/postgres/test_policy.py",
            "tests/hub/services/rights/test_revocation.py",
        ),
    ),
    Fault(
        "a blocked user sees the presence of the user who blocks them",
        POLICY,
        "AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = who AND blocked_id = related.id)",
        "",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "another text under the same key counts as a repeated send",
        POSTING,
        "is_repeat(stored, of_content, of_kind, of_file,",
        "is_repeat(stored, stored.content, of_kind, of_file,",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "an idempotency key used by one author is taken for all authors",
        POSTING,
        "AND m.author_id = authors[places[d.ord]] AND m.client_key = keys[d.ord]",
        "AND m.client_key = keys[d.ord]",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a repeated send finds a message of another channel",
        POSTING,
        "ON m.channel_id = targets[places[d.ord]]\n                              AND m.author_id",
        "ON m.author_id",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "message keys are unique over all channels instead of within one",
        KEYS,
        "UNIQUE INDEX messages_key ON messages (channel_id, author_id, client_key)",
        "UNIQUE INDEX messages_key ON messages (author_id, client_key)",
        (PARTITIONS,),
    ),
    Fault(
        "the primary key of reactions lacks the channel",
        KEYS,
        "ADD PRIMARY KEY (channel_id, message_id, emoji, user_id)",
        "ADD PRIMARY KEY (message_id, emoji, user_id)",
        (PARTITIONS,),
    ),
    Fault(
        "after an upgrade, a new message gets the id of an existing one",
        KEYS,
        "        IF last IS NOT NULL THEN\n",
        "        IF false THEN\n",
        (PARTITIONS,),
    ),
    Fault(
        "rows that refer to a message stay when it is removed",
        "persistence/postgres/routines/deletion.sql",
        "    DELETE FROM hidden_messages h USING gone g"
        " WHERE h.channel_id = g.channel_id AND h.message_id = g.id;\n",
        "",
        (PARTITIONS,),
    ),
    Fault(
        "a message is removed in a transaction that cannot see new rows about it",
        "persistence/postgres/routines/deletion.sql",
        "    PERFORM require_read_committed(TG_TABLE_NAME);\n    DELETE FROM reactions",
        "    DELETE FROM reactions",
        (DELETION,),
    ),
    Fault(
        "a message can be hidden while it is being removed",
        "persistence/postgres/routines/notes.sql",
        "\n       FOR KEY SHARE OF m;",
        ";",
        (DELETION,),
    ),
    Fault(
        "a thread can be followed while its first message is being removed",
        "persistence/postgres/contents/threads.py",
        " FOR KEY SHARE OF p",
        "",
        (DELETION,),
    ),
    Fault(
        "the check whether a user may write to another reads all blocks",
        "persistence/postgres/routines/policy.sql",
        "SELECT FROM (VALUES (sender, recipient), (recipient, sender)) AS p (one, other)\n"
        "             JOIN blocks b ON b.blocker_id = p.one AND b.blocked_id = p.other)",
        "SELECT FROM blocks\n"
        "           WHERE (blocker_id, blocked_id) IN ((sender, recipient), (recipient, sender)))",
        ("tests/persistence/postgres/test_policy.py",),
    ),
    Fault(
        "a key used in another conversation of the batch delays a message",
        "persistence/postgres/posting.py",
        "holders.setdefault((draft.where, draft.author_id, draft.key), index)",
        "holders.setdefault((draft.author_id, draft.key), index)",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "in memory, a key used in one conversation is taken in all of them",
        "persistence/memory/messages.py",
        "return self.tables.keys.get((channel_id, draft.author_id, draft.key))",
        "return next((m for k, m in self.tables.keys.items()"
        " if k[1:] == (draft.author_id, draft.key)), None)",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a revision's key used in one conversation is taken in all of them",
        "persistence/postgres/routines/revisions.sql",
        "WHERE k.channel_id = place AND k.user_id = who AND k.client_key = used_key",
        "WHERE k.user_id = who AND k.client_key = used_key",
        ("tests/persistence/contents/test_revisions.py",),
    ),
    Fault(
        "a page before a message of another channel ends at that message's place",
        "persistence/postgres/messages.py",
        "WHERE b.id = $2 AND b.channel_id = $1), $4)",
        "WHERE b.id = $2), $4)",
        ("tests/persistence/test_messages.py",),
    ),
    Fault(
        "a hidden message is identified by its message id alone",
        "persistence/postgres/routines/notes.sql",
        "    ON CONFLICT (channel_id, message_id, user_id) DO UPDATE\n",
        "    ON CONFLICT (message_id, user_id) DO UPDATE\n",
        ("tests/persistence/contents/test_notes.py",),
    ),
    Fault(
        "a message can reply to a message of another channel",
        POSTING,
        "(r.channel_id = targets[d.place]\n",
        "(r.channel_id IS NOT NULL\n",
        ("tests/persistence/posting/test_replies.py",),
    ),
    Fault(
        "a user can see a file by naming it in a message",
        POSTING,
        "AND NOT may_see_upload(authors[d.place], d.url) ORDER BY d.ord)",
        "AND false ORDER BY d.ord)",
        ("tests/persistence/test_uploads.py",),
    ),
    Fault(
        "a first message that is refused for its file opens a conversation",
        POSTING,
        "WHERE f.parent IS NULL AND f.is_stranger IS NOT TRUE\n",
        "WHERE f.parent IS NULL\n",
        (POSTS_OF_POSTGRES,),
    ),
    Fault(
        "a first message that is refused for its original opens a conversation",
        POSTING,
        "AND may_join(d.author, o.channel_id))))) AS p",
        ")))) AS p",
        (POSTS_OF_POSTGRES,),
    ),
    Fault(
        "a reply that is refused opens a conversation",
        POSTING,
        "WHERE f.parent IS NULL AND f.is_stranger IS NOT TRUE\n",
        "WHERE f.is_stranger IS NOT TRUE\n",
        (POSTS_OF_POSTGRES,),
    ),
    Fault(
        "a repeated send of a deleted message stores another message",
        POSTING,
        "THEN stored.remains = remains_of(of_content, of_file)",
        "THEN false",
        (POSTS,),
    ),
    Fault(
        "any send under the key of a deleted message counts as its repeat",
        POSTING,
        "THEN stored.remains = remains_of(of_content, of_file)",
        "THEN true",
        (POSTS,),
    ),
    Fault(
        "a text that another dialect trims counts as another message",
        POSTING,
        "AND trimmed(stored.content) = trimmed(of_content)",
        "AND stored.content = of_content",
        (POSTS,),
    ),
    Fault(
        "a removed member gets a refusal for a repeat of a stored message",
        "hub/services/sending.py",
        "return await self.messages.repeated(draft) or found",
        "return found",
        ("tests/hub/services/test_sending.py",),
    ),
    Fault(
        "a removed member sees who has read the message that they repeat",
        "persistence/postgres/messages.py",
        '_columns("NULL::bigint")',
        '_columns("m.author_id")',
        (POSTS,),
    ),
    Fault(
        "a repeat under a key is recognized by its text alone",
        POSTING,
        "is_repeat(stored, of_content, of_kind, of_file, of_parent,",
        "is_repeat(stored, of_content, stored.kind, stored.file_url, stored.parent_id,",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "the messages of a channel are numbered with gaps",
        POSTING,
        "heads[d.place] + row_number() OVER (PARTITION BY d.channel_id ORDER BY d.ord) AS seq",
        "heads[d.place] + row_number() OVER (ORDER BY d.ord) AS seq",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "batches number the messages of a channel without its lock",
        POSTING,
        "WHERE channels.id = t.target FOR NO KEY UPDATE) AS c ON true",
        "WHERE channels.id = t.target) AS c ON true",
        ("tests/persistence/test_posting.py", "tests/persistence/postgres/test_posting.py"),
    ),
    Fault(
        "the assistant's reply counts as unread for the user who asked",
        POSTING,
        "VALUES (place, asker, at_seq, at_seq)",
        "VALUES (place, asker, at_seq, 0)",
        ("tests/persistence/test_posting.py", "tests/persistence/test_messages.py"),
    ),
    Fault(
        "a membership deleted with SQL is not announced",
        NOTICES,
        "AFTER DELETE OR UPDATE ON workspace_members",
        "AFTER UPDATE ON workspace_members",
        ("tests/hub/services/rights/test_revocation.py", "tests/persistence/test_relations.py"),
    ),
    Fault(
        "a session deleted with SQL is not announced",
        NOTICES,
        """CREATE OR REPLACE TRIGGER sessions_announce_end AFTER DELETE ON sessions
""",
        """CREATE OR REPLACE TRIGGER sessions_announce_end AFTER UPDATE ON sessions
""",
        ("tests/hub/identity/test_live_sessions.py",),
    ),
    Fault(
        "a deletion leaves messages that were stored meanwhile",
        "persistence/postgres/routines/deletion.sql",
        "IF current_setting('transaction_isolation') <> 'read committed' THEN",
        "IF current_setting('transaction_isolation') = 'none' THEN",
        ("tests/persistence/postgres/test_deletion.py",),
    ),
    Fault(
        "hubs that start together migrate the database at the same time",
        "persistence/postgres/database/migrate.py",
        '            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)\n',
        "",
        (MIGRATE,),
    ),
    Fault(
        "a released file of the schema may be changed",
        "persistence/postgres/database/migrate.py",
        "        if recorded[name] != known[name]:\n",
        "        if name not in known:\n",
        (MIGRATE,),
    ),
    Fault(
        "a routine that has changed is not applied again",
        "persistence/postgres/database/migrate.py",
        "*(file for file in schema.routines if recorded.get(file.name) != file.sha256),",
        "*(file for file in schema.routines if file.name not in recorded),",
        (MIGRATE,),
    ),
    Fault(
        "a database of a newer version is accepted",
        "persistence/postgres/database/migrate.py",
        "    if unknown:\n",
        "    if unknown and not known:\n",
        (MIGRATE,),
    ),
    Fault(
        "a repeated send shows a blocked author that it was read",
        "persistence/postgres/routines/posting.sql",
        "WHERE is_shown AND r.channel_id = place",
        "WHERE r.channel_id = place",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a repeated send in a channel shows its readers across a block",
        "persistence/postgres/routines/posting.sql",
        "       AND r.user_id NOT IN (SELECT hidden_from(stored.author_id))\n",
        "",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a user who blocks another one is not hidden from them",
        "persistence/postgres/routines/policy.sql",
        "UNION SELECT blocker_id FROM blocks WHERE blocked_id = who\n",
        "UNION SELECT blocker_id FROM blocks WHERE blocked_id = who AND false\n",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "a message request counts as answered when its author writes again",
        "persistence/postgres/routines/posting.sql",
        "n.one <> n.other OR n.one <> c.opened_by, false))",
        "n.one <> n.other OR n.one = n.other, false))",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "an accepted follow is not announced",
        "persistence/postgres/routines/notices.sql",
        """    FOR EACH ROW WHEN (NEW.status = 'accepted')
""",
        """    FOR EACH ROW WHEN (NEW.status = 'acceptedd')
""",
        ("tests/hub/services/rights/test_introduction.py",),
    ),
    Fault(
        "a user can forward a message that they may not see",
        POSTING,
        "AND may_join(authors[d.place], o.channel_id);",
        "AND true;",
        ("tests/persistence/posting/test_forwards.py",),
    ),
    Fault(
        "a forward counts as a repeat of another forward",
        POSTING,
        "THEN stored.forwarded_id IS NOT DISTINCT FROM of_original",
        "THEN true",
        ("tests/persistence/posting/test_forwards.py",),
    ),
    Fault(
        "the original of a copy is shown to users who may not see it",
        "persistence/postgres/messages.py",
        "AND may_join($1, f.channel_id) AND may_join($1, m.channel_id)",
        "AND may_join($1, f.channel_id)",
        ("tests/persistence/posting/test_forwards.py",),
    ),
    Fault(
        "a forwarded copy can be edited",
        "persistence/postgres/routines/revisions.sql",
        "OR message.forwarded_id IS NOT NULL) THEN",
        "OR false) THEN",
        ("tests/persistence/posting/test_forwards.py",),
    ),
    Fault(
        "a message can name a file while its owner's account is being deleted",
        "persistence/postgres/routines/deletion.sql",
        "    PERFORM FROM uploads u WHERE u.owner_id = who ORDER BY u.url FOR UPDATE;\n",
        "",
        ("tests/persistence/postgres/test_deletion.py",),
    ),
)
