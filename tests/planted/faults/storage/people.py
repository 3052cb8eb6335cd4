"""Faults in what is done with people's data: export, deletion, retention, quotas."""

from typing import Final

from tests.planted.fault import Fault

DELETION: Final = "persistence/postgres/routines/deletion.sql"
RETENTION: Final = "persistence/postgres/routines/retention.sql"
POLICY: Final = "persistence/postgres/routines/policy.sql"
ACCOUNTS: Final = "tests/persistence/people/test_deleted_accounts.py"
LOG: Final = "tests/persistence/people/test_whole_log.py"
ENDING: Final = "tests/persistence/postgres/test_deletion.py"
PEOPLE: Final = "tests/hub/services/people"
EXPORT: Final = f"{PEOPLE}/test_export.py"
ARCHIVE: Final = f"{PEOPLE}/test_archive.py"
COMMANDS: Final = "tests/hub/cli/operators/test_people.py"
UPLOADS: Final = "tests/persistence/test_uploads.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a deleted user keeps the username",
        DELETION,
        "SET username = n.free, username_key = n.free, name = 'Deleted user'",
        "SET name = 'Deleted user'",
        (ACCOUNTS,),
    ),
    Fault(
        "messages that stay keep their keys",
        DELETION,
        "    UPDATE messages SET client_key = NULL, remains = NULL\n     WHERE author_id = who",
        "    UPDATE messages SET remains = NULL\n     WHERE author_id = who",
        (ACCOUNTS,),
    ),
    Fault(
        "what refers to a deleted user stays",
        DELETION,
        "EXECUTE format('DELETE FROM %s WHERE %I = $1', place.name, place.reference) USING who;",
        "CONTINUE;",
        (ACCOUNTS,),
    ),
    Fault(
        "rows are made for a deleted user",
        DELETION,
        "        IF since IS NOT NULL THEN\n",
        "        IF false THEN\n",
        (ACCOUNTS, ENDING),
    ),
    Fault(
        "what is written during a deletion outlives it",
        DELETION,
        "deleted_at IS NULL AND role <> 'assistant' FOR UPDATE;",
        "deleted_at IS NULL AND role <> 'assistant';",
        (ENDING,),
    ),
    Fault(
        "what is left of a deleted user can be changed",
        DELETION,
        "WHEN (OLD.deleted_at IS NOT NULL) EXECUTE",
        "WHEN (false) EXECUTE",
        (ACCOUNTS,),
    ),
    Fault(
        "one reference to accounts has no guard",
        DELETION,
        "refuse_deleted('user_id', 'inviter_id')",
        "refuse_deleted('user_id')",
        (ENDING,),
    ),
    Fault(
        "messages outlive the file that they carry",
        DELETION,
        "         WHERE u.owner_id = who AND m.file_url = u.url\n",
        "         WHERE u.owner_id = who AND m.file_url = u.url AND stays IS NULL\n",
        (ACCOUNTS,),
    ),
    Fault(
        "a sweep removes what others wrote",
        DELETION,
        "       AND (m.author_id = who OR m.channel_id IN (",
        "       AND (m.author_id > 0 OR m.channel_id IN (",
        (LOG,),
    ),
    Fault(
        "a deleted user still writes",
        POLICY,
        "WHERE id = sender AND deleted_at IS NULL)",
        "WHERE id = sender)",
        (ACCOUNTS,),
    ),
    Fault(
        "a private profile loses what a deleted user left",
        POLICY,
        "OR EXISTS (SELECT FROM users WHERE id = peer AND deleted_at IS NOT NULL))",
        ")",
        (ACCOUNTS,),
    ),
    Fault(
        "lists of a private profile lose what a deleted user left",
        POLICY,
        "me.is_public OR them.is_public OR them.deleted_at IS NOT NULL",
        "me.is_public OR them.is_public",
        (ACCOUNTS,),
    ),
    Fault(
        "the connections of a deleted user stay open",
        "persistence/postgres/routines/notices.sql",
        "WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)",
        "WHEN (false)",
        (f"{PEOPLE}/test_deletion.py",),
    ),
    Fault(
        "a token makes somebody a deleted user",
        "hub/identity/authentication.py",
        "if user is None or user.deleted_at or user.deactivated_at:",
        "if user is None or user.deactivated_at:",
        (f"{PEOPLE}/test_deletion.py",),
    ),
    Fault(
        "an account is swept that is not deleted then",
        "hub/services/people/deletion.py",
        "    await _require_no_others(store, user_id)\n    above",
        "    above",
        (f"{PEOPLE}/test_deletion.py",),
    ),
    Fault(
        "the second of two deletions says that it is done",
        "persistence/postgres/accounts.py",
        """if row is None or row["verdict"] == "unknown":""",
        "if row is None:",
        (f"{PEOPLE}/test_deletion.py", ACCOUNTS),
    ),
    Fault(
        "the wish that messages stay is not heard over REST",
        "hub/rest/routes/own_account.py",
        "call.me, fate)",
        "call.me, type(fate).REMOVE)",
        ("tests/hub/rest/routes/test_own_account.py",),
    ),
    Fault(
        "a workspace's time does not count",
        RETENTION,
        "coalesce(nullif(w.retention_days, 0), expire_messages.days)",
        "expire_messages.days",
        (LOG,),
    ),
    Fault(
        "no time at all is no days",
        RETENTION,
        "                WHERE k.days > 0) AS l",
        "                ) AS l",
        (LOG,),
    ),
    Fault(
        "new messages go with old ones",
        RETENTION,
        "             WHERE o.created_at < place.until);",
        "             WHERE o.created_at < 'infinity');",
        (LOG,),
    ),
    Fault(
        "a part of what is too old is taken for all of it",
        RETENTION,
        "            next_above := place.id - 1;\n",
        "",
        (LOG,),
    ),
    Fault(
        "removing what is old leaves others no time",
        "hub/services/people/retention.py",
        "            await trio.sleep(max(PAUSES * (trio.current_time() - began), LEAST_PAUSE))\n",
        "",
        (f"{PEOPLE}/test_retention.py",),
    ),
    Fault(
        "an outage ends the removal of old messages for ever",
        "hub/services/people/retention.py",
        'log.warning("messages_not_expired", reason=str(error))',
        "raise RuntimeError from error",
        (f"{PEOPLE}/test_retention.py",),
    ),
    Fault(
        "the hub removes no old messages",
        "hub/assembly.py",
        "        nursery.start_soon(Retention(store.log, config.retention_days).run)\n",
        "",
        (f"{PEOPLE}/test_retention.py",),
    ),
    Fault(
        "an export has the first page of a conversation",
        "hub/services/people/export.py",
        "spans = _rest(spans, page[-1]) if len(page) == PAGE else []",
        "spans = []",
        (EXPORT,),
    ),
    Fault(
        "an export has a page's last message twice",
        "hub/services/people/export.py",
        "evolve(spans[at], after=last.seq)",
        "evolve(spans[at], after=last.seq - 1)",
        (EXPORT,),
    ),
    Fault(
        "an export has nothing from where one may not read any more",
        "hub/services/people/export.py",
        "        above = MessageId(0)\n        while True:\n",
        "        above = MessageId(0)\n        while seen:\n",
        (EXPORT,),
    ),
    Fault(
        "an export keeps all of it in memory",
        "hub/services/people/export.py",
        "            lines = [_json(each, orjson.OPT_APPEND_NEWLINE) for each in page]\n",
        "            lines = [_json(each, orjson.OPT_APPEND_NEWLINE) for each in page]\n"
        "            self.__class__.held = [*getattr(self, 'held', []), *lines]  # type: ignore\n",
        (EXPORT,),
    ),
    Fault(
        "half an export is left behind",
        "hub/services/people/archive.py",
        "                close()\n        self._part.unlink(missing_ok=True)",
        "                close()\n        self._part.replace(self._path)",
        (ARCHIVE, EXPORT),
    ),
    Fault(
        "others can read an export",
        "hub/services/people/archive.py",
        "os.O_EXCL, 0o600)",
        "os.O_EXCL, 0o644)",
        (ARCHIVE,),
    ),
    Fault(
        "an export is written over what came meanwhile",
        "hub/services/people/archive.py",
        "        _require_free(self._path)  # it took a while\n",
        "",
        (ARCHIVE,),
    ),
    Fault(
        "any number of days is a time",
        "hub/cli/operators/people.py",
        "if not 0 <= days <= MAX_RETENTION_DAYS:",
        "if days > MAX_RETENTION_DAYS:",
        (COMMANDS,),
    ),
    Fault(
        "one of several workspaces of a name is taken",
        "hub/cli/operators/people.py",
        "    if len(found) > 1:\n",
        "    if len(found) > 9:\n",
        (COMMANDS,),
    ),
    Fault(
        "files of a deleted user stay on the disk",
        "hub/cli/operators/people.py",
        "    while await collector.collect():\n        await trio.lowlevel.checkpoint()\n",
        "    await trio.lowlevel.checkpoint()\n    del collector\n",
        (COMMANDS,),
    ),
    Fault(
        "uploads of others do not count among all",
        "persistence/postgres/routines/uploads.sql",
        "IF bytes + (SELECT coalesce(sum(u.size), 0) FROM uploads u) > total THEN",
        "IF bytes > total THEN",
        (UPLOADS,),
    ),
    Fault(
        "no upload is too much for all",
        "hub/rest/routes/uploads.py",
        "quota=quota, total=total,",
        "quota=quota,",
        ("tests/hub/rest/routes/test_room_for_uploads.py",),
    ),
    Fault(
        "an export is called by the name of whose it is",
        "hub/cli/operators/people.py",
        'f"user-{user.id}-{',
        'f"user-{user.username}-{',
        ("tests/hub/cli/operators/test_people.py",),
    ),
    Fault(
        "an export is in no audit",
        "hub/cli/operators/people.py",
        '    await store.audit.note(operator.does("user export"), user)\n',
        "",
        ("tests/hub/cli/operators/test_people.py",),
    ),
    Fault(
        "a deletion is in no audit",
        "hub/cli/operators/people.py",
        '    await store.audit.note(operator.does("user delete", messages=fate.value), user)\n',
        "",
        ("tests/hub/cli/operators/test_people.py",),
    ),
    Fault(
        "workspaces are handed over to who is deleted",
        "hub/cli/operators/people.py",
        "        if new_owner.id == user.id:\n",
        "        if False:\n",
        ("tests/hub/cli/operators/test_people.py",),
    ),
)
