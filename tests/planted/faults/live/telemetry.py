"""Faults in the telemetry: log lines, their followers, statements, traces."""

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
        "a polling session is logged under the id of its first request's connection",
        "hub/engineio/server.py",
        "        if connection.session.carrier is Carrier.POLLING:\n",
        "        if connection.session is None:\n",
        (LINES,),
    ),
    Fault(
        "a log line names the user of the previous request",
        "hub/settings/log_ids.py",
        "unbind_contextvars(REQUEST, USER)",
        "unbind_contextvars(REQUEST)",
        (IDS, LINES),
    ),
    Fault(
        "a broken database connection is logged with the id of a client's connection",
        "persistence/postgres/database/bridge.py",
        'Context().run(log.warning, "database_connection_broken", reason=reason)',
        'log.warning("database_connection_broken", reason=reason)',
        ("tests/persistence/postgres/database/test_bridge.py",),
    ),
    Fault(
        "a response lacks its request id",
        "hub/http/server.py",
        "headers = (*rules.headers, (REQUEST_ID, visitor.request_id.encode()))",
        "headers = rules.headers",
        (LINES,),
    ),
    Fault(
        "any peer may set the request id, not only a trusted proxy",
        "hub/http/visitors.py",
        "network, request_id, trace = _network(peer) or peer, None, None",
        "network, request_id, trace = _network(peer) or peer, _given_id(head), None",
        (LINES,),
    ),
    Fault(
        "a request id may contain any text",
        "hub/http/visitors.py",
        "len(given) != 1 or _REQUEST_ID.fullmatch(given[0]) is None",
        "len(given) != 1",
        (LINES,),
    ),
    Fault(
        "the log contains the text that a user searched for",
        "hub/http/asgi.py",
        'scope.get(ROUTE) or getattr(scope.get("route"), "path", None)',
        'scope["path"]',
        (LINES,),
    ),
    Fault(
        "the log line about a close has the wrong code",
        "hub/sockets/websocket_link.py",
        "            self._note_code(reason.code)\n",
        "",
        (LINES,),
    ),
    Fault(
        "a follower gets the log lines of all users",
        "hub/settings/log_tap.py",
        "return self.get(user_id, ()) if isinstance(user_id, int) else ()",
        "return [each for theirs in self.values() for each in theirs]",
        (TAP, LINES),
    ),
    Fault(
        "a follower gets no lines below the level of the log",
        "hub/settings/logs.py",
        "if _SEVERITY[name] < self.level and not tap:",
        "if _SEVERITY[name] < self.level:",
        (TAP,),
    ),
    Fault(
        "following a user writes lines of every level to the log",
        "hub/settings/logs.py",
        "_show_followers, _threshold.late, *ending]",
        "_show_followers, *ending]",
        (TAP,),
    ),
    Fault(
        "a follower gets lines with secrets in them",
        "hub/settings/logs.py",
        "line = _redact(logger, name, shown)",
        "line = shown",
        (TAP,),
    ),
    Fault(
        "a log line written in another thread is passed to followers in that thread",
        "hub/settings/log_tap.py",
        "if trio.lowlevel.in_trio_run():",
        "if self._token is not None:",
        (TAP,),
    ),
    Fault(
        "the log line about a slow statement contains its rows",
        "persistence/postgres/database/bridge.py",
        "self._watch.done(began, len(rows))",
        "self._watch.done(began, [dict(row) for row in rows])",
        (STATEMENTS,),
    ),
    Fault(
        "a slow statement that was cancelled is not logged",
        "persistence/postgres/database/bridge.py",
        "        else:\n            self._watch.done(began, None)\n",
        "",
        (STATEMENTS,),
    ),
    Fault(
        "a statement is named after a private helper instead of the store's method",
        "persistence/postgres/database/statements.py",
        'if not frame.f_code.co_name.startswith(("_", "<")):',
        "if frame is not None:",
        (STATEMENTS,),
    ),
    Fault(
        "a reload does not change the threshold for slow statements",
        "hub/reloading.py",
        "        self.warn_from(config.slow_statement)\n",
        "",
        ("tests/hub/test_reloading.py",),
    ),
    Fault(
        "a tracing span contains what a user wrote",
        "hub/tracing/tracing.py",
        "with tracing.frame(dialect, type(command).__name__):",
        "with tracing.frame(dialect, repr(command)):",
        (OTLP,),
    ),
    Fault(
        "a tracing span contains the text of an error",
        "hub/tracing/otlp.py",
        "record_exception=False",
        "record_exception=True",
        (OTLP,),
    ),
    Fault(
        "any peer may set the trace of a request, not only a trusted proxy",
        "hub/http/visitors.py",
        "network, request_id, trace = _network(peer) or peer, None, None",
        "network, request_id = _network(peer) or peer, None\n"
        "        trace = str(head.header(b'traceparent') or b'', 'ascii')",
        (OTLP,),
    ),
    Fault(
        "the span of a stored message belongs to no trace",
        "hub/tracing/otlp.py",
        '            "post",\n            accepted.context,\n',
        '            "post",\n            Context(),\n',
        (OTLP,),
    ),
    Fault(
        "the span of a commit is linked to only one of its messages",
        "hub/tracing/otlp.py",
        "if origin.is_valid][:MAX_LINKS]",
        "if origin.is_valid][:1]",
        (OTLP,),
    ),
    Fault(
        "a delivery is counted as reaching no connection",
        "hub/actor/hub.py",
        "        return count\n",
        "        return 0\n",
        (OTLP,),
    ),
    Fault(
        "each failure to reach the trace collector is logged",
        "hub/tracing/otlp.py",
        "        if now < self._silent_until:\n",
        "        if now < 0:\n",
        (OTLP,),
    ),
    Fault(
        "a statement outside any trace begins a new trace",
        "hub/tracing/otlp.py",
        "if not trace.get_current_span().is_recording():",
        "if name is None:",
        (OTLP,),
    ),
)
