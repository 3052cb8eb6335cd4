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
        "a change that nobody listened to is not written down",
        "persistence/postgres/routines/notices.sql",
        "    INSERT INTO changes (payload) VALUES (payload);\n",
        "",
        ("tests/persistence/postgres/test_changes.py",),
    ),
    Fault(
        "a decided request that nobody listened to is not written down",
        "persistence/postgres/routines/notices.sql",
        "PERFORM note_change(format(",
        "PERFORM pg_notify('parlour_changes', format(",
        ("tests/persistence/postgres/test_changes.py",),
    ),
    Fault(
        "who makes a change needs a right to write it down",
        "persistence/postgres/routines/notices.sql",
        """announce_change() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$""",
        """announce_change() RETURNS trigger LANGUAGE plpgsql
AS $$""",
        ("tests/persistence/postgres/test_changes.py",),
    ),
    Fault(
        "changes that were missed are not looked for",
        "persistence/postgres/changes.py",
        "last, is_more = 0, True",
        "last, is_more = 0, False",
        ("tests/hub/services/rights/test_revocation.py",),
    ),
    Fault(
        "too many changes are forgotten",
        "hub/services/rights/changes.py",
        "            self._put(_Job(None, deque((Step(self._send_everybody_back, ()),))))\n",
        "",
        ("tests/hub/services/rights/test_changes.py",),
    ),
    Fault(
        "a blocked user may write to who blocked them",
        POLICY,
        "(VALUES (sender, recipient), (recipient, sender)) AS p",
        "(VALUES (sender, recipient)) AS p",
        ("tests/persistence/test_posting.py", "tests/persistence/postgres/test_policy.py"),
    ),
    Fault(
        "a request to follow counts before it is accepted",
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
        "a blocked user sees when the other is online",
        POLICY,
        "AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = who AND blocked_id = related.id)",
        "",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "another text under the same key counts as a repeat",
        POSTING,
        "is_repeat(stored, of_content, of_kind, of_file,",
        "is_repeat(stored, stored.content, of_kind, of_file,",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a key is taken when anybody has used it",
        POSTING,
        "AND m.author_id = authors[places[d.ord]] AND m.client_key = keys[d.ord]",
        "AND m.client_key = keys[d.ord]",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a repeat finds a message of another channel",
        POSTING,
        "ON m.channel_id = targets[places[d.ord]]\n                              AND m.author_id",
        "ON m.author_id",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a key of a message is unique without its channel",
        KEYS,
        "UNIQUE INDEX messages_key ON messages (channel_id, author_id, client_key)",
        "UNIQUE INDEX messages_key ON messages (author_id, client_key)",
        (PARTITIONS,),
    ),
    Fault(
        "a reaction is unique without its channel",
        KEYS,
        "ADD PRIMARY KEY (channel_id, message_id, emoji, user_id)",
        "ADD PRIMARY KEY (message_id, emoji, user_id)",
        (PARTITIONS,),
    ),
    Fault(
        "a new message gets the id of one that was there before the upgrade",
        KEYS,
        "        IF last IS NOT NULL THEN\n",
        "        IF false THEN\n",
        (PARTITIONS,),
    ),
    Fault(
        "what hangs on a message stays when it is removed",
        "persistence/postgres/routines/deletion.sql",
        "    DELETE FROM hidden_messages h USING gone g"
        " WHERE h.channel_id = g.channel_id AND h.message_id = g.id;\n",
        "",
        (PARTITIONS,),
    ),
    Fault(
        "a message is removed where what was added to it is not seen",
        "persistence/postgres/routines/deletion.sql",
        "    PERFORM require_read_committed(TG_TABLE_NAME);\n    DELETE FROM reactions",
        "    DELETE FROM reactions",
        (DELETION,),
    ),
    Fault(
        "a message is hidden while it is removed",
        "persistence/postgres/routines/notes.sql",
        "\n       FOR KEY SHARE OF m;",
        ";",
        (DELETION,),
    ),
    Fault(
        "a thread is followed while its first message is removed",
        "persistence/postgres/contents/threads.py",
        " FOR KEY SHARE OF p",
        "",
        (DELETION,),
    ),
    Fault(
        "whether one may write to somebody is looked up in the blocks of everybody",
        "persistence/postgres/routines/policy.sql",
        "SELECT FROM (VALUES (sender, recipient), (recipient, sender)) AS p (one, other)\n"
        "             JOIN blocks b ON b.blocker_id = p.one AND b.blocked_id = p.other)",
        "SELECT FROM blocks\n"
        "           WHERE (blocker_id, blocked_id) IN ((sender, recipient), (recipient, sender)))",
        ("tests/persistence/postgres/test_policy.py",),
    ),
    Fault(
        "a key in another conversation of a batch keeps its message from its place",
        "persistence/postgres/posting.py",
        "holders.setdefault((draft.where, draft.author_id, draft.key), index)",
        "holders.setdefault((draft.author_id, draft.key), index)",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a key in memory is taken in every conversation",
        "persistence/memory/messages.py",
        "return self.tables.keys.get((channel_id, draft.author_id, draft.key))",
        "return next((m for k, m in self.tables.keys.items()"
        " if k[1:] == (draft.author_id, draft.key)), None)",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a key of a revision is taken in every conversation",
        "persistence/postgres/routines/revisions.sql",
        "WHERE k.channel_id = place AND k.user_id = who AND k.client_key = used_key",
        "WHERE k.user_id = who AND k.client_key = used_key",
        ("tests/persistence/contents/test_revisions.py",),
    ),
    Fault(
        "a page before a message of another channel ends at the place of that one",
        "persistence/postgres/messages.py",
        "WHERE b.id = $2 AND b.channel_id = $1), $4)",
        "WHERE b.id = $2), $4)",
        ("tests/persistence/test_messages.py",),
    ),
    Fault(
        "what is hidden is looked up by the message alone",
        "persistence/postgres/routines/notes.sql",
        "    ON CONFLICT (channel_id, message_id, user_id) DO UPDATE\n",
        "    ON CONFLICT (message_id, user_id) DO UPDATE\n",
        ("tests/persistence/contents/test_notes.py",),
    ),
    Fault(
        "a message replies to one of another channel",
        POSTING,
        "(r.channel_id = targets[d.place]\n",
        "(r.channel_id IS NOT NULL\n",
        ("tests/persistence/posting/test_replies.py",),
    ),
    Fault(
        "whoever names a file in a message may see it",
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
        "a first message that forwards what its author may not see opens a conversation",
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
        "a repeat of a deleted message is another message",
        POSTING,
        "THEN stored.remains = remains_of(of_content, of_file)",
        "THEN false",
        (POSTS,),
    ),
    Fault(
        "whatever comes under the key of a deleted message is a repeat of it",
        POSTING,
        "THEN stored.remains = remains_of(of_content, of_file)",
        "THEN true",
        (POSTS,),
    ),
    Fault(
        "a text that another dialect trims is another message",
        POSTING,
        "AND trimmed(stored.content) = trimmed(of_content)",
        "AND stored.content = of_content",
        (POSTS,),
    ),
    Fault(
        "a removed member is told that what they had stored was not",
        "hub/services/sending.py",
        "return await self.messages.repeated(draft) or found",
        "return found",
        ("tests/hub/services/test_sending.py",),
    ),
    Fault(
        "a removed member is told who has read what they repeat",
        "persistence/postgres/messages.py",
        '_columns("NULL::bigint")',
        '_columns("m.author_id")',
        (POSTS,),
    ),
    Fault(
        "a key is compared with the text alone",
        POSTING,
        "is_repeat(stored, of_content, of_kind, of_file, of_parent,",
        "is_repeat(stored, of_content, stored.kind, stored.file_url, stored.parent_id,",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a channel's messages are numbered with a hole",
        POSTING,
        "heads[d.place] + row_number() OVER (PARTITION BY d.channel_id ORDER BY d.ord) AS seq",
        "heads[d.place] + row_number() OVER (ORDER BY d.ord) AS seq",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "batches number a channel's messages without its lock",
        POSTING,
        "WHERE channels.id = t.target FOR NO KEY UPDATE) AS c ON true",
        "WHERE channels.id = t.target) AS c ON true",
        ("tests/persistence/test_posting.py", "tests/persistence/postgres/test_posting.py"),
    ),
    Fault(
        "the assistant's answer is unread by who asked",
        POSTING,
        "VALUES (place, asker, at_seq, at_seq)",
        "VALUES (place, asker, at_seq, 0)",
        ("tests/persistence/test_posting.py", "tests/persistence/test_messages.py"),
    ),
    Fault(
        "a membership deleted in SQL is noticed by nobody",
        NOTICES,
        "AFTER DELETE OR UPDATE ON workspace_members",
        "AFTER UPDATE ON workspace_members",
        ("tests/hub/services/rights/test_revocation.py", "tests/persistence/test_relations.py"),
    ),
    Fault(
        "a session deleted in SQL is noticed by nobody",
        NOTICES,
        """CREATE OR REPLACE TRIGGER sessions_announce_end AFTER DELETE ON sessions
""",
        """CREATE OR REPLACE TRIGGER sessions_announce_end AFTER UPDATE ON sessions
""",
        ("tests/hub/identity/test_live_sessions.py",),
    ),
    Fault(
        "a deletion leaves the messages that were stored meanwhile",
        "persistence/postgres/routines/deletion.sql",
        "IF current_setting('transaction_isolation') <> 'read committed' THEN",
        "IF current_setting('transaction_isolation') = 'none' THEN",
        ("tests/persistence/postgres/test_deletion.py",),
    ),
    Fault(
        "hubs that start together migrate at the same time",
        "persistence/postgres/database/migrate.py",
        '            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)\n',
        "",
        (MIGRATE,),
    ),
    Fault(
        "a released file of the schema may change",
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
        "a database of a newer version is used",
        "persistence/postgres/database/migrate.py",
        "    if unknown:\n",
        "    if unknown and not known:\n",
        (MIGRATE,),
    ),
    Fault(
        "a repeat tells the blocked what was read",
        "persistence/postgres/routines/posting.sql",
        "WHERE is_shown AND r.channel_id = place",
        "WHERE r.channel_id = place",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "a repeat in a channel tells who has read across a block",
        "persistence/postgres/routines/posting.sql",
        "       AND r.user_id NOT IN (SELECT hidden_from(stored.author_id))\n",
        "",
        ("tests/persistence/test_posting.py",),
    ),
    Fault(
        "who blocks is hidden, but not from who is blocked",
        "persistence/postgres/routines/policy.sql",
        "UNION SELECT blocker_id FROM blocks WHERE blocked_id = who\n",
        "UNION SELECT blocker_id FROM blocks WHERE blocked_id = who AND false\n",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "a request shows the presence of who does not answer it",
        "persistence/postgres/routines/posting.sql",
        "n.one <> n.other OR n.one <> c.opened_by, false))",
        "n.one <> n.other OR n.one = n.other, false))",
        ("tests/persistence/test_relations.py",),
    ),
    Fault(
        "an accepted follow is noticed by nobody",
        "persistence/postgres/routines/notices.sql",
        """    FOR EACH ROW WHEN (NEW.status = 'accepted')
""",
        """    FOR EACH ROW WHEN (NEW.status = 'acceptedd')
""",
        ("tests/hub/services/rights/test_introduction.py",),
    ),
    Fault(
        "a message that one may not see can be forwarded",
        POSTING,
        "AND may_join(authors[d.place], o.channel_id);",
        "AND true;",
        ("tests/persistence/posting/test_forwards.py",),
    ),
    Fault(
        "a forward is a repeat of another forward",
        POSTING,
        "THEN stored.forwarded_id IS NOT DISTINCT FROM of_original",
        "THEN true",
        ("tests/persistence/posting/test_forwards.py",),
    ),
    Fault(
        "the original of a copy is shown to who may not see it",
        "persistence/postgres/messages.py",
        "AND may_join($1, f.channel_id) AND may_join($1, m.channel_id)",
        "AND may_join($1, f.channel_id)",
        ("tests/persistence/posting/test_forwards.py",),
    ),
    Fault(
        "a copy can be edited",
        "persistence/postgres/routines/revisions.sql",
        "OR message.forwarded_id IS NOT NULL) THEN",
        "OR false) THEN",
        ("tests/persistence/posting/test_forwards.py",),
    ),
    Fault(
        "a message may name a file while its owner's account is deleted",
        "persistence/postgres/routines/deletion.sql",
        "    PERFORM FROM uploads u WHERE u.owner_id = who ORDER BY u.url FOR UPDATE;\n",
        "",
        ("tests/persistence/postgres/test_deletion.py",),
    ),
)
