"""Planted in how the database is reached: what its errors mean, and which connections are used."""

from typing import Final

from tests.planted.fault import Fault

ERRORS = "persistence/postgres/database/errors.py"
BRIDGE = "persistence/postgres/database/bridge.py"
SESSION = "persistence/postgres/database/session.py"
TESTS = "tests/persistence/postgres/database"

FAULTS: Final = (
    Fault(
        "a refusal by a trigger of the deployment is taken for a deleted row",
        "persistence/postgres/database/bridge.py",
        "ForeignKeyViolationError(constraint_name=str(constraint)):",
        "ForeignKeyViolationError(constraint_name=constraint):",
        ("tests/persistence/postgres/database/test_errors.py",),
    ),
    Fault(
        "a refusal by a trigger with one of Postgres's codes makes the database unavailable",
        ERRORS,
        "in _ORDERED_BY_DEPLOYMENT",
        "in ()",
        (f"{TESTS}/test_errors.py",),
    ),
    Fault(
        "an error code unknown to Postgres makes the database unavailable",
        ERRORS,
        "MEANINGS.get(code[:2], Meaning.REFUSED)",
        "MEANINGS.get(code[:2], Meaning.AWAY)",
        (f"{TESTS}/test_errors.py",),
    ),
    Fault(
        "a missing table is reported as an error of the message",
        ERRORS,
        '"42": Meaning.AWAY',
        '"42": Meaning.REFUSED',
        (f"{TESTS}/test_errors.py",),
    ),
    Fault(
        "a database error that no caller expects ends the hub",
        BRIDGE,
        "raise StoreUnavailable(str(refused)) from refused",
        "raise refused.error",
        (f"{TESTS}/test_errors.py",),
    ),
    Fault(
        "an error that asyncio reports ends the hub",
        BRIDGE,
        "        loop.set_exception_handler(_log_unawaited)\n",
        "",
        (f"{TESTS}/test_bridge.py",),
    ),
    Fault(
        "a statement that conflicts with another transaction is not repeated",
        BRIDGE,
        "CONFLICT_ATTEMPTS: Final = 3",
        "CONFLICT_ATTEMPTS: Final = 1",
        (f"{TESTS}/test_bridge.py",),
    ),
    Fault(
        "a statement whose caller has gone is not cancelled",
        BRIDGE,
        "    trio_asyncio.current_loop.get().create_task(close())\n",
        "    connection.terminate()\n",
        (f"{TESTS}/test_bridge.py",),
    ),
    Fault(
        "a connection that takes longer to open than a statement may take is never opened",
        SESSION,
        "connection = await asyncio.shield(task)",
        "connection = await task",
        (f"{TESTS}/test_bridge.py",),
    ),
    Fault(
        "a connection that is being opened outlives the need for it",
        BRIDGE,
        "        self._opening.drop()\n",
        "",
        (f"{TESTS}/test_bridge.py",),
    ),
    Fault(
        "only the first connection checks that commits are durable",
        SESSION,
        '        _require_safety(row["commit"], row["fsync"], row["pages"], row["version"])\n',
        "",
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "a change of the server's setting turns off durable commits of a session",
        SESSION,
        "set_config('synchronous_commit', current_setting('synchronous_commit'), false)",
        "current_setting('synchronous_commit')",
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "each execution of a statement is planned again",
        SESSION,
        '"plan_cache_mode": "force_generic_plan"',
        '"plan_cache_mode": "auto"',
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "a session uses settings of its role instead of the hub's",
        SESSION,
        "count(set_config(s.name, s.value, false))",
        "count(s.name)",
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "the hub writes to a database that the operator made read-only",
        SESSION,
        "current_setting('transaction_read_only')::bool AS is_read_only",
        "set_config('default_transaction_read_only', 'off', false)::bool AS is_read_only",
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "a pooler that shares connections between transactions is accepted",
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
        "statements in progress count as settled",
        "persistence/postgres/posting.py",
        "ORDER BY id FOR UPDATE) AS held",
        "ORDER BY id FOR KEY SHARE) AS held",
        ("tests/persistence/postgres/test_posting.py",),
    ),
    Fault(
        "the log is read before statements in progress are settled",
        "hub/services/posting/sequencer.py",
        "            await self._store.messages.settle(unsettled)\n",
        "",
        ("tests/hub/services/posting/test_sequencer.py",),
    ),
    Fault(
        "an error code for refused values ends the hub while it settles a send",
        "persistence/postgres/posting.py",
        "await self.connections.ask(_SETTLE, list(author_ids))",
        "await self.connections.fetch(_SETTLE, list(author_ids))",
        (f"{TESTS}/test_errors.py",),
    ),
    Fault(
        "a starting hub waits for ever for a server that does not respond",
        SESSION,
        '"command_timeout": CONNECT_SECONDS',
        '"command_timeout": None',
        (f"{TESTS}/test_session.py",),
    ),
    Fault(
        "a connection that falls silent before it listens is waited for without a deadline",
        "persistence/postgres/servers/listening.py",
        "asyncio.wait_for(listening, STATEMENT_SECONDS)",
        "listening",
        ("tests/persistence/postgres/servers/test_listening.py",),
    ),
    Fault(
        "a connection that falls silent while it listens is waited for without a deadline",
        "persistence/postgres/servers/listening.py",
        "self._channel, _TEST, timeout=STATEMENT_SECONDS)",
        "self._channel, _TEST)",
        ("tests/persistence/postgres/servers/test_listening.py",),
    ),
    Fault(
        "the test whether a connection listens is not measured",
        "persistence/postgres/servers/listening.py",
        "            with self._database.watch.span(LISTENING):\n"
        "                await in_asyncio(self._test)\n",
        "            await in_asyncio(self._test)\n",
        ("tests/test_quiet.py",),
    ),
    Fault(
        "a lane waits for a lock of another transaction without a deadline",
        SESSION,
        '    "lock_timeout": str(int(LANE_LOCK_SECONDS * 1000)),\n',
        "",
        ("tests/hub/services/posting/test_standstill.py",),
    ),
    Fault(
        "a locked conversation delays its whole batch",
        "persistence/postgres/posting.py",
        "await self._stuck(free) or {draft.where for draft in free}",
        "{draft.where for draft in free}",
        ("tests/persistence/postgres/test_posting.py",),
    ),
    Fault(
        "drafts of a locked conversation are stored with the next statement of their batch",
        "persistence/postgres/posting.py",
        "[draft for draft in drafts if draft.where not in stuck]",
        "list(drafts)",
        ("tests/persistence/postgres/test_posting.py",),
    ),
    Fault(
        "a message overtakes earlier ones that wait in its conversation",
        "hub/services/posting/standstill.py",
        "if self._where(item) in self._queues:",
        "if not self._queues:",
        ("tests/hub/services/posting/test_standstill.py",),
    ),
    Fault(
        "a conversation that stays locked is waited for without a deadline",
        "hub/services/posting/lane.py",
        "elif self._standstill.has_waited(submission, SEND_SECONDS - RETRY_SECONDS):",
        "elif self._standstill.has_waited(submission, 600.0):",
        ("tests/hub/services/posting/test_standstill.py",),
    ),
)
