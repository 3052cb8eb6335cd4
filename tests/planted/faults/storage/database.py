"""Planted in how the database is reached: what its errors mean, and which connections are used."""

from typing import Final

from tests.planted.fault import Fault

ERRORS = "persistence/postgres/database/errors.py"
BRIDGE = "persistence/postgres/database/bridge.py"
SESSION = "persistence/postgres/database/session.py"
TESTS = "tests/persistence/postgres/database"

FAULTS: Final = (
    Fault(
        "what a trigger of the deployment refuses is taken for a row that is gone",
        "persistence/postgres/database/bridge.py",
        "ForeignKeyViolationError(constraint_name=str(constraint)):",
        "ForeignKeyViolationError(constraint_name=constraint):",
        ("tests/persistence/postgres/database/test_errors.py",),
    ),
    Fault(
        "what a trigger refuses under a code of Postgres' makes the database unavailable",
        ERRORS,
        "in _ORDERED_BY_DEPLOYMENT",
        "in ()",
        (f"{TESTS}/test_errors.py",),
    ),
    Fault(
        "a code that Postgres does not have makes the database unavailable",
        ERRORS,
        "MEANINGS.get(code[:2], Meaning.REFUSED)",
        "MEANINGS.get(code[:2], Meaning.AWAY)",
        (f"{TESTS}/test_errors.py",),
    ),
    Fault(
        "a missing table is a fault of the message",
        ERRORS,
        '"42": Meaning.AWAY',
        '"42": Meaning.REFUSED',
        (f"{TESTS}/test_errors.py",),
    ),
    Fault(
        "an error that no caller expects ends the hub",
        BRIDGE,
        "raise StoreUnavailable(str(refused)) from refused",
        "raise refused.error",
        (f"{TESTS}/test_errors.py",),
    ),
    Fault(
        "what asyncio reports ends the hub",
        BRIDGE,
        "        loop.set_exception_handler(_log_unawaited)\n",
        "",
        (f"{TESTS}/test_bridge.py",),
    ),
    Fault(
        "a statement that another transaction got in the way of is not repeated",
        BRIDGE,
        "CONFLICT_ATTEMPTS: Final = 3",
        "CONFLICT_ATTEMPTS: Final = 1",
        (f"{TESTS}/test_bridge.py",),
    ),
    Fault(
        "a statement that nobody waits for goes on",
        BRIDGE,
        "await connection.close(timeout=CANCEL_SECONDS)",
        "connection.terminate()",
        (f"{TESTS}/test_bridge.py",),
    ),
    Fault(
        "a connection that takes longer to open than a statement may is never opened",
        SESSION,
        "connection = await asyncio.shield(task)",
        "connection = await task",
        (f"{TESTS}/test_bridge.py",),
    ),
    Fault(
        "a connection that is being opened outlives what it was for",
        BRIDGE,
        "        self._opening.drop()\n",
        "",
        (f"{TESTS}/test_bridge.py",),
    ),
    Fault(
        "only the first connection must be safe",
        SESSION,
        '        _require_safety(row["commit"], row["fsync"], row["pages"], row["version"])\n',
        "",
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "a session keeps what it commits only until the server's setting changes",
        SESSION,
        "set_config('synchronous_commit', current_setting('synchronous_commit'), false)",
        "current_setting('synchronous_commit')",
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "each call of a statement is planned",
        SESSION,
        '"plan_cache_mode": "force_generic_plan"',
        '"plan_cache_mode": "auto"',
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "a session has the settings of its role",
        SESSION,
        "count(set_config(s.name, s.value, false))",
        "count(s.name)",
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "the hub writes where the operator allows to read",
        SESSION,
        '    "default_transaction_isolation": "read committed",\n',
        '    "default_transaction_isolation": "read committed",\n'
        '    "default_transaction_read_only": "off",\n',
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "a pooler of transactions is taken for a server",
        SESSION,
        "if is_shared or not is_kept:",
        "if False:",
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "a lane's statement goes on after its sender was refused",
        SESSION,
        "str(int(LANE_STATEMENT_SECONDS * 1000))",
        "str(int(STATEMENT_SECONDS * 1000))",
        ("tests/persistence/postgres/test_posting.py",),
    ),
    Fault(
        "what is in work counts as settled",
        "persistence/postgres/posting.py",
        "ORDER BY id FOR UPDATE) AS held",
        "ORDER BY id FOR KEY SHARE) AS held",
        ("tests/persistence/postgres/test_posting.py",),
    ),
    Fault(
        "the log is read before what is in work is settled",
        "hub/services/posting/sequencer.py",
        "            await self._store.messages.settle(unsettled)\n",
        "",
        ("tests/hub/services/posting/test_sequencer.py",),
    ),
    Fault(
        "a code of refused values ends the hub while it settles a send",
        "persistence/postgres/posting.py",
        "await self.connections.ask(_SETTLE, list(author_ids))",
        "await self.connections.fetch(_SETTLE, list(author_ids))",
        (f"{TESTS}/test_errors.py",),
    ),
    Fault(
        "a hub that starts waits for ever for a server that says nothing",
        SESSION,
        '"command_timeout": CONNECT_SECONDS',
        '"command_timeout": None',
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "a connection that falls silent before it listens is waited for for ever",
        "persistence/postgres/servers/listening.py",
        "asyncio.wait_for(listening, STATEMENT_SECONDS)",
        "listening",
        ("tests/persistence/postgres/servers/test_listening.py",),
    ),
    Fault(
        "a connection that falls silent while it listens is waited for for ever",
        "persistence/postgres/servers/listening.py",
        "self._channel, _TEST, timeout=STATEMENT_SECONDS)",
        "self._channel, _TEST)",
        ("tests/persistence/postgres/servers/test_listening.py",),
    ),
    Fault(
        "whether a connection listens is found out unwatched",
        "persistence/postgres/servers/listening.py",
        "            with self._database.watch.span(LISTENING):\n"
        "                await in_asyncio(self._test)\n",
        "            await in_asyncio(self._test)\n",
        ("tests/test_quiet.py",),
    ),
    Fault(
        "a lane waits for what another transaction holds",
        SESSION,
        '    "lock_timeout": str(int(LANE_LOCK_SECONDS * 1000)),\n',
        "",
        ("tests/hub/services/posting/test_standstill.py",),
    ),
    Fault(
        "a conversation that is held takes its batch with it",
        "persistence/postgres/posting.py",
        "await self._stuck(free) or {draft.where for draft in free}",
        "{draft.where for draft in free}",
        ("tests/persistence/postgres/test_posting.py",),
    ),
    Fault(
        "what was found to be held is stored with the next statement of its batch",
        "persistence/postgres/posting.py",
        "[draft for draft in drafts if draft.where not in stuck]",
        "list(drafts)",
        ("tests/persistence/postgres/test_posting.py",),
    ),
    Fault(
        "a message overtakes those that wait in its conversation",
        "hub/services/posting/standstill.py",
        "if self._where(item) in self._queues:",
        "if not self._queues:",
        ("tests/hub/services/posting/test_standstill.py",),
    ),
    Fault(
        "a conversation that is held for ever is waited for for ever",
        "hub/services/posting/lane.py",
        "elif self._standstill.has_waited(submission, SEND_SECONDS - RETRY_SECONDS):",
        "elif self._standstill.has_waited(submission, 600.0):",
        ("tests/hub/services/posting/test_standstill.py",),
    ),
)
