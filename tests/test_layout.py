"""The tests of a module are found by its name: of hub/limits/quotas.py in
tests/hub/limits/test_quotas.py. Modules that are tested elsewhere are in a table, with the file; so
are files about more than one module.
"""

import ast
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
PACKAGES: Final = ("hub", "protocol", "persistence")

ELSEWHERE: Final = {
    "protocol/events/notes.py": "tests/protocol/test_notes.py",
    "hub/rest/routes/notes.py": "tests/hub/services/test_notes.py",
    "persistence/memory/contents/notes.py": "tests/persistence/contents/test_notes.py",
    "persistence/postgres/contents/notes.py": "tests/persistence/contents/test_notes.py",
    "hub/__main__.py": "tests/hub/cli/test_main.py",
    "hub/actor/client.py": "tests/hub/actor/test_hub.py",
    "hub/actor/listeners.py": "tests/hub/services/typing/test_indicators.py",
    "hub/actor/wire.py": "tests/hub/actor/test_hub.py",
    "hub/admin/actions.py": "tests/hub/rest/routes/admin/test_accounts.py",
    "hub/admin/kicks.py": "tests/hub/rest/routes/admin/test_hub.py",
    "hub/admin/operator.py": "tests/hub/rest/routes/admin/test_gate.py",
    "hub/admin/relayed.py": "tests/e2e/service/test_workers.py",
    "hub/admin/token.py": "tests/hub/rest/routes/admin/test_gate.py",
    "hub/assembly.py": "tests/support/world.py",
    "hub/cli/workers.py": "tests/e2e/service/test_workers.py",
    "hub/settings/reasons.py": "tests/hub/settings/test_sources.py",
    "hub/cli/upkeep/upgrade.py": "tests/e2e/upkeep/test_upgrading.py",
    "hub/cli/upkeep/commands.py": "tests/e2e/upkeep/test_upgrading.py",
    "hub/cli/operators/desk.py": "tests/e2e/http/test_administration.py",
    "hub/cli/operators/lines.py": "tests/e2e/http/test_administration.py",
    "hub/cli/operators/operate.py": "tests/e2e/http/test_administration.py",
    "hub/cli/questions.py": "tests/hub/cli/test_main.py",
    "hub/cli/running.py": "tests/hub/cli/test_main.py",
    "hub/engineio/connection.py": "tests/hub/engineio/test_server.py",
    "hub/files/picture_worker.py": "tests/hub/files/test_pictures.py",
    "hub/http/asgi.py": "tests/hub/http/test_server.py",
    "hub/http/responses.py": "tests/hub/http/test_server.py",
    "hub/identity/foreign_logins.py": "tests/hub/identity/test_live_sessions.py",
    "hub/rest/endpoint.py": "tests/hub/rest/test_app.py",
    "protocol/dialects/learning_chat/revisions.py": (
        "tests/protocol/dialects/learning_chat/test_encoders.py"
    ),
    "hub/services/missed_revisions.py": "tests/hub/services/posting/test_revising.py",
    "hub/rest/finding/mentions.py": "tests/hub/services/posting/test_mentioning.py",
    "protocol/shapes/mentions.py": "tests/protocol/dialects/learning_chat/test_encoders.py",
    "hub/services/posting/announcing.py": "tests/hub/services/posting/test_lane.py",
    "hub/services/posting/positions.py": "tests/hub/services/posting/test_order.py",
    "hub/services/replay.py": "tests/hub/services/test_resume.py",
    "persistence/memory/contents/revisions.py": "tests/persistence/contents/test_revisions.py",
    "persistence/memory/contents/mentions.py": "tests/persistence/contents/test_mentions.py",
    "hub/rest/routes/channel_messages/threads.py": "tests/hub/rest/routes/test_threads.py",
    "hub/rest/routes/messenger/access.py": "tests/hub/rest/routes/messenger/test_messages.py",
    "hub/rest/routes/messenger/conversations.py": "tests/hub/rest/test_pages.py",
    "hub/rest/routes/messenger/threads.py": "tests/hub/rest/routes/test_threads.py",
    "hub/rest/routes/learning_chat/threads.py": "tests/hub/rest/routes/test_threads.py",
    "hub/rest/routes/private_messages/threads.py": "tests/hub/rest/routes/test_threads.py",
    "persistence/memory/contents/threads.py": "tests/persistence/contents/test_threads.py",
    "persistence/postgres/contents/message_rows.py": "tests/persistence/test_posting.py",
    "persistence/postgres/contents/threads.py": "tests/persistence/contents/test_threads.py",
    "protocol/shapes/revisions.py": "tests/protocol/dialects/learning_chat/test_encoders.py",
    "hub/services/asker.py": "tests/hub/services/test_sending.py",
    "hub/services/rights/pairs.py": "tests/hub/services/rights/test_changes.py",
    "hub/services/typing/indicator.py": "tests/hub/services/typing/test_indicators.py",
    "hub/services/typing/running.py": "tests/hub/services/typing/test_indicators.py",
    "hub/settings/manual.py": "tests/hub/settings/test_config.py",
    "hub/settings/setting.py": "tests/hub/settings/test_config.py",
    "hub/socketio/link.py": "tests/hub/socketio/test_recovery.py",
    "hub/socketio/member.py": "tests/hub/socketio/test_recovery.py",
    "hub/socketio/mount.py": "tests/hub/socketio/test_application.py",
    "hub/socketio/replies.py": "tests/hub/socketio/test_application.py",
    "hub/socketio/socket.py": "tests/hub/socketio/test_server.py",
    "hub/sockets/replies.py": "tests/hub/services/test_commands.py",
    "persistence/__init__.py": "tests/hub/test_app.py",
    "persistence/embedded/account.py": "tests/persistence/embedded/test_embedded.py",
    "persistence/embedded/server.py": "tests/persistence/embedded/test_embedded.py",
    "hub/cluster/elsewhere.py": "tests/hub/cluster/test_publishing.py",
    "hub/services/posting/inbox.py": "tests/hub/cluster/test_node.py",
    "persistence/memory/__init__.py": "tests/conftest.py",
    "persistence/memory/lists.py": "tests/persistence/listing/test_lists.py",
    "persistence/memory/log.py": "tests/persistence/test_health.py",
    "persistence/memory/contents/channel_row.py": "tests/persistence/test_messages.py",
    "persistence/memory/tables.py": "tests/persistence/test_channels.py",
    "persistence/attempts/memory.py": "tests/persistence/attempts/test_attempts.py",
    "hub/limits/attempts.py": "tests/hub/limits/test_guesses.py",
    "persistence/nodes/memory.py": "tests/persistence/nodes/test_nodes.py",
    "persistence/nodes/postgres.py": "tests/persistence/nodes/test_nodes.py",
    "persistence/postgres/__init__.py": "tests/persistence/postgres/database/test_bridge.py",
    "persistence/memory/search/__init__.py": "tests/persistence/listing/test_search.py",
    "persistence/postgres/express.py": "tests/hub/identity/test_authentication.py",
    "persistence/postgres/database/audit.py": "tests/persistence/test_accounts.py",
    "persistence/postgres/database/verdicts.py": "tests/persistence/test_workspaces.py",
    "protocol/events/connection.py": "tests/protocol/test_events.py",
    "protocol/events/messages.py": "tests/protocol/test_events.py",
    "persistence/records.py": "tests/persistence/test_accounts.py",
    "hub/services/finding/messages.py": "tests/hub/rest/finding/test_searching.py",
    "protocol/admin.py": "tests/hub/rest/routes/admin/test_accounts.py",
    "protocol/shapes/resumed.py": "tests/protocol/dialects/gateway/test_encoders.py",
}
"""Module: the file that tests it instead, because it has an effect only as a part of what is tested
there.
"""

BOTH_STORES: Final = ("persistence/memory", "persistence/postgres")
"""Their modules have one contract: tests/persistence/test_<module>.py runs on both."""

ABOUT_SEVERAL: Final = {
    "tests/hub/http/test_turns.py": "hub/limits/turns.py, where HTTP takes them",
    "tests/hub/rest/test_login_cookies.py": "hub/identity/cookies.py, over HTTP",
    "tests/hub/services/company/test_node_ends.py": "the users of nodes that end",
    "tests/hub/services/posting/test_nodes.py": "lanes of one node of several",
    "tests/hub/services/test_changing_messages.py": "messages that are changed over every socket",
    "tests/hub/services/test_much_missed.py": "resumes that bring much, or cannot",
    "tests/hub/socketio/test_long_recovery.py": "recoveries of more than one resume sends",
    "tests/hub/services/test_reset.py": "resumes with positions of another log",
    "tests/hub/monitoring/test_documents.py": "docs/operations, and the table of metrics",
    "tests/hub/rest/routes/test_places_for_uploads.py": "shared folders and buckets, over HTTP",
    "tests/hub/rest/routes/test_room_for_uploads.py": "limits of uploads, over HTTP",
    "tests/hub/test_absent_authors.py": "accounts that are deleted between two statements",
    "tests/hub/test_compressed_messages.py": "compression on whole connections",
    "tests/hub/test_log_lines.py": "ids in the log, and who follows them, on whole connections",
    "tests/hub/test_failover.py": "a primary that is lost, and its standby",
    "tests/hub/test_every_socket.py": "what every WebSocket dialect does with hostile bytes",
    "tests/hub/services/rights/test_deleted_accounts.py": "what others hear of it",
    "tests/hub/web/test_colours.py": "app/style/tokens.css, and what docs/web-client.md says of it",
    "tests/hub/web/test_sdk_units.py": "the modules of the SDK, in Node",
    "tests/persistence/listing/test_lists.py": "a user's lists, on both stores",
    "tests/persistence/listing/test_search.py": "searching messages, on both stores",
    "tests/persistence/postgres/test_deactivation.py": "routines/accounts.sql",
    "tests/persistence/people/test_deleted_accounts.py": "what is left of them, on both stores",
    "tests/persistence/people/test_whole_log.py": "log.py, on both stores",
    "tests/persistence/postgres/test_deletion.py": "routines/deletion.sql",
    "tests/persistence/postgres/test_partitions.py": "schema/0024_channel_keys.sql",
    "tests/persistence/postgres/test_policy.py": "routines/policy.sql",
    "tests/persistence/test_health.py": "whether a store is well, and which log it has",
    "tests/persistence/posting/test_forwards.py": "messages that are copies, on both stores",
    "tests/persistence/posting/test_replies.py": "what a message may reply to",
    "tests/protocol/dialects/test_every_dialect.py": "what all of them promise",
}
"""Test file: its subject, if that is not one module."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def has_behaviour(path: Path) -> bool:
    """Whether a module does anything, and is not only declarations and tables."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return any(not is_stub(function) for function in functions)


def is_stub(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function only declares what an implementation does."""
    return all(
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        for statement in function.body
    )


ALL: Final = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
TEST_FILES: Final = [
    path for package in PACKAGES for path in sorted((ROOT / "tests" / package).rglob("test_*.py"))
]


@cache
def modules() -> list[Path]:
    """The modules with behaviour."""
    return [path for path in ALL if has_behaviour(path)]


def places(module: Path) -> list[str]:
    """The files that may contain its tests."""
    folder = module.parent.relative_to(ROOT).as_posix()
    name = module.parent.name if module.stem == "__init__" else module.stem
    folders = [folder, *(["persistence"] if folder in BOTH_STORES else [])]
    if module.stem == "__init__":
        folders.append(module.parent.parent.relative_to(ROOT).as_posix())
    return [f"tests/{each}/test_{name}.py" for each in folders]


def test_a_module_that_does_something_has_tests() -> None:
    """It has exactly one of a file of its own and a row of the table."""
    own = {name_of(module): any(map(exists, places(module))) for module in modules()}
    assert len(own) > 100
    assert [name for name, is_found in own.items() if is_found == (name in ELSEWHERE)] == []
    assert [place for place in ELSEWHERE.values() if not exists(place)] == []


def exists(place: str) -> bool:
    return (ROOT / place).exists()


def test_the_table_names_modules_that_exist() -> None:
    assert set(ELSEWHERE) <= {name_of(module) for module in modules()}


def test_a_file_of_tests_is_about_one_module() -> None:
    possible = {place for module in ALL for place in places(module)}
    names = [name_of(file) for file in TEST_FILES]
    assert len(names) > 100
    assert [name for name in names if (name in possible) == (name in ABOUT_SEVERAL)] == []
