"""Faults in what the hub says of itself: log lines, who follows them, statements, traces."""

from typing import Final

from tests.planted.fault import Fault

LINES: Final = "tests/hub/test_log_lines.py"
IDS: Final = "tests/hub/settings/test_log_ids.py"
TAP: Final = "tests/hub/settings/test_log_tap.py"
STATEMENTS: Final = "tests/persistence/postgres/database/test_statements.py"
OTLP: Final = "tests/hub/tracing/test_otlp.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "the log lines of a connection have no id",
        "hub/sockets/listener.py",
        "        begin_connection()\n",
        "",
        (LINES,),
    ),
    Fault(
        "a polling session has the id of the connection that its first request came over",
        "hub/engineio/server.py",
        "        if connection.session.carrier is Carrier.POLLING:\n",
        "        if connection.session is None:\n",
        (LINES,),
    ),
    Fault(
        "a line names the user of the request before",
        "hub/settings/log_ids.py",
        "unbind_contextvars(REQUEST, USER)",
        "unbind_contextvars(REQUEST)",
        (IDS, LINES),
    ),
    Fault(
        "what is lost of the database is told with the id of a connection",
        "persistence/postgres/database/bridge.py",
        'Context().run(log.warning, "database_connection_broken", reason=reason)',
        'log.warning("database_connection_broken", reason=reason)',
        ("tests/persistence/postgres/database/test_bridge.py",),
    ),
    Fault(
        "a response does not say what its request is called",
        "hub/http/server.py",
        "headers = (*rules.headers, (REQUEST_ID, visitor.request_id.encode()))",
        "headers = rules.headers",
        (LINES,),
    ),
    Fault(
        "anybody may say what a request is called",
        "hub/http/visitors.py",
        "network, request_id, trace = _network(peer) or peer, None, None",
        "network, request_id, trace = _network(peer) or peer, _given_id(head), None",
        (LINES,),
    ),
    Fault(
        "a request may be called anything",
        "hub/http/visitors.py",
        "len(given) != 1 or _REQUEST_ID.fullmatch(given[0]) is None",
        "len(given) != 1",
        (LINES,),
    ),
    Fault(
        "the log has what a user searched for",
        "hub/http/asgi.py",
        'scope.get(ROUTE) or getattr(scope.get("route"), "path", None)',
        'scope["path"]',
        (LINES,),
    ),
    Fault(
        "the line about a close says another code",
        "hub/sockets/websocket_link.py",
        "            self._note_code(reason.code)\n",
        "",
        (LINES,),
    ),
    Fault(
        "a follower sees everybody's lines",
        "hub/settings/log_tap.py",
        "return self.get(user_id, ()) if isinstance(user_id, int) else ()",
        "return [each for theirs in self.values() for each in theirs]",
        (TAP, LINES),
    ),
    Fault(
        "a follower sees what is logged anyhow, and no more",
        "hub/settings/logs.py",
        "if _SEVERITY[name] < self.level and not tap:",
        "if _SEVERITY[name] < self.level:",
        (TAP,),
    ),
    Fault(
        "who follows a user has all lines written",
        "hub/settings/logs.py",
        "_show_followers, _threshold.late, *ending]",
        "_show_followers, *ending]",
        (TAP,),
    ),
    Fault(
        "a follower sees secrets",
        "hub/settings/logs.py",
        "line = _redact(logger, name, shown)",
        "line = shown",
        (TAP,),
    ),
    Fault(
        "a line that a thread writes is handed over in that thread",
        "hub/settings/log_tap.py",
        "if trio.lowlevel.in_trio_run():",
        "if self._token is not None:",
        (TAP,),
    ),
    Fault(
        "the line about a slow statement has its rows",
        "persistence/postgres/database/bridge.py",
        "self._watch.done(began, len(rows))",
        "self._watch.done(began, [dict(row) for row in rows])",
        (STATEMENTS,),
    ),
    Fault(
        "a statement that nobody waits for any more is not slow",
        "persistence/postgres/database/bridge.py",
        "        else:\n            self._watch.done(began, None)\n",
        "",
        (STATEMENTS,),
    ),
    Fault(
        "a statement is called after a part of the method that asked for it",
        "persistence/postgres/database/statements.py",
        'if not frame.f_code.co_name.startswith(("_", "<")):',
        "if frame is not None:",
        (STATEMENTS,),
    ),
    Fault(
        "when a statement is slow stays what it was at the start",
        "hub/reloading.py",
        "        self.warn_from(config.slow_statement)\n",
        "",
        ("tests/hub/test_reloading.py",),
    ),
    Fault(
        "a span has what a user wrote",
        "hub/tracing/tracing.py",
        "with tracing.frame(dialect, type(command).__name__):",
        "with tracing.frame(dialect, repr(command)):",
        (OTLP,),
    ),
    Fault(
        "a span has the text of an error",
        "hub/tracing/otlp.py",
        "record_exception=False",
        "record_exception=True",
        (OTLP,),
    ),
    Fault(
        "anybody may say of which trace a request is",
        "hub/http/visitors.py",
        "network, request_id, trace = _network(peer) or peer, None, None",
        "network, request_id = _network(peer) or peer, None\n"
        "        trace = str(head.header(b'traceparent') or b'', 'ascii')",
        (OTLP,),
    ),
    Fault(
        "the span of a message is in no trace",
        "hub/tracing/otlp.py",
        '            "post",\n            accepted.context,\n',
        '            "post",\n            Context(),\n',
        (OTLP,),
    ),
    Fault(
        "a commit is linked with one of its messages",
        "hub/tracing/otlp.py",
        "if origin.is_valid][:MAX_LINKS]",
        "if origin.is_valid][:1]",
        (OTLP,),
    ),
    Fault(
        "a delivery is counted as if it reached nobody",
        "hub/actor/hub.py",
        "        return count\n",
        "        return 0\n",
        (OTLP,),
    ),
    Fault(
        "each complaint of a collector that is away is a line",
        "hub/tracing/otlp.py",
        "        if now < self._silent_until:\n",
        "        if now < 0:\n",
        (OTLP,),
    ),
    Fault(
        "statements that are asked for in no trace begin one",
        "hub/tracing/otlp.py",
        "if not trace.get_current_span().is_recording():",
        "if name is None:",
        (OTLP,),
    ),
)
