"""Faults in what operators do, and in accounts that they deactivate."""

from typing import Final

from tests.planted.fault import Fault

GATE: Final = "tests/hub/rest/routes/admin/test_gate.py"
HUB: Final = "tests/hub/rest/routes/admin/test_hub.py"
ACCOUNTS: Final = "tests/hub/rest/routes/admin/test_accounts.py"
SOCKET: Final = "tests/hub/admin/test_socket.py"
STORED: Final = "tests/persistence/test_accounts.py"
AT_ONCE: Final = "tests/persistence/postgres/test_deactivation.py"
ACTOR: Final = "tests/hub/actor/test_hub.py"
PAGE: Final = "tests/hub/socketio/admin_ui/test_application.py"
TRACE: Final = "tests/hub/rest/routes/admin/test_trace.py"
COMMANDS: Final = "tests/hub/cli/operators/test_admin.py"
BESIDE: Final = "tests/e2e/http/test_administration.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "any token is accepted as the operators' token",
        "hub/admin/token.py",
        "    if not hmac.compare_digest(given.encode(), token.reveal().encode()):\n",
        "    if not given:\n",
        (GATE, PAGE),
    ),
    Fault(
        "a prefix of the operators' token is accepted",
        "hub/admin/token.py",
        "    if not hmac.compare_digest(given.encode(), token.reveal().encode()):\n",
        "    if not token.reveal().startswith(given):\n",
        (GATE, PAGE),
    ),
    Fault(
        "attempts to guess the operators' token are not limited",
        "hub/admin/token.py",
        "    if not attempts.take(network, now):\n",
        "    if not attempts.take(str(now), now):\n",
        (GATE, PAGE),
    ),
    Fault(
        "the operators' REST calls are served although their setting is off",
        "hub/rest/routes/admin/gate.py",
        '        raise HttpError(404, "not_found", "Not Found")\n',
        "        return Operator(Way.HTTP, call.network)\n",
        (GATE,),
    ),
    Fault(
        "operators' calls are served at a second path that a proxy does not block",
        "hub/rest/app.py",
        '    if endpoint.path.startswith(f"{mounted}/"):\n',
        "    if not endpoint.path:\n",
        (GATE, "tests/hub/rest/test_openapi.py", "tests/permissions/test_matrix.py"),
    ),
    Fault(
        "the group of the hub's account may open the admin socket",
        "hub/admin/socket.py",
        "MODE: Final = 0o600\n",
        "MODE: Final = 0o660\n",
        (SOCKET,),
    ),
    Fault(
        "a path that is too long for the admin socket ends the hub",
        "hub/admin/socket.py",
        '        except OSError as error:\n            log.warning("no_admin_socket"',
        '        except PermissionError as error:\n            log.warning("no_admin_socket"',
        (SOCKET,),
    ),
    Fault(
        "a silent connection keeps its place at the admin socket",
        "hub/admin/socket.py",
        "        places.release()\n\n\ndef _uid_of",
        "        pass\n\n\ndef _uid_of",
        (SOCKET,),
    ),
    Fault(
        "the audit records a wrong uid for an operator on the admin socket",
        "hub/admin/socket.py",
        "    _, uid, _ = _CREDENTIALS.unpack(given)\n",
        "    uid, _, _ = _CREDENTIALS.unpack(given)\n",
        (SOCKET,),
    ),
    Fault(
        "a kick closes the connections of all users",
        "hub/admin/kicks.py",
        "send_back([user.id], KICKED)",
        "send_back(None, KICKED)",
        (HUB,),
    ),
    Fault(
        "a kick ends the user's sessions",
        "hub/admin/kicks.py",
        "        await services.hub.send_back([user.id], KICKED)\n",
        "        await services.hub.end_users([user.id])\n",
        (HUB,),
    ),
    Fault(
        "a kick is not in the audit",
        "hub/admin/kicks.py",
        "        await services.store.audit.note(operator.does(ACTION, connections=count), user)\n",
        "",
        (HUB,),
    ),
    Fault(
        "an announcement is delivered before it is in the audit",
        "hub/rest/routes/admin/hub.py",
        '    await _note(call, operator_of(call).does("announce", text=text))\n'
        "    count = await _connected(call.services)\n"
        "    event = Announced(text, datetime.now(UTC))\n"
        "    await call.services.announcer.announce([Delivery(event, ToEveryone(frozenset()))])\n",
        "    count = await _connected(call.services)\n"
        "    event = Announced(text, datetime.now(UTC))\n"
        "    await call.services.announcer.announce([Delivery(event, ToEveryone(frozenset()))])\n"
        '    await _note(call, operator_of(call).does("announce", text=text))\n',
        (HUB,),
    ),
    Fault(
        "a drained hub reports that it is ready",
        "hub/rest/routes/health.py",
        "status.is_leaving or status.is_draining or",
        "status.is_leaving or",
        (HUB,),
    ),
    Fault(
        "the password of a deactivated account opens a session",
        "hub/rest/login.py",
        "    await services.guesses.was_right(guess)\n    require_active(found.user)\n",
        "    await services.guesses.was_right(guess)\n",
        (ACCOUNTS,),
    ),
    Fault(
        "a failed login reveals that an account is deactivated",
        "hub/rest/login.py",
        "    account = account_of(None if found is None else found.user.id, login)\n",
        "    account = account_of(None if found is None else found.user.id, login)\n"
        "    if found is not None:\n"
        "        require_active(found.user)\n",
        (ACCOUNTS,),
    ),
    Fault(
        "a demo sign-in link signs in a deactivated user",
        "hub/rest/login.py",
        "        return require_active(found.user)\n",
        "        return found.user\n",
        (ACCOUNTS,),
    ),
    Fault(
        "a provider signs in a deactivated user",
        "hub/rest/routes/provider.py",
        "        require_active(user)\n",
        "",
        (ACCOUNTS,),
    ),
    Fault(
        "a token of another issuer admits a deactivated user",
        "hub/identity/authentication.py",
        "        if user is None or user.deleted_at or user.deactivated_at:\n",
        "        if user is None or user.deleted_at:\n",
        (ACCOUNTS,),
    ),
    Fault(
        "an Express session admits a deactivated user",
        "hub/identity/foreign_logins.py",
        "        if user is None or user.deleted_at or user.deactivated_at:\n",
        "        if user is None or user.deleted_at:\n",
        (ACCOUNTS,),
    ),
    Fault(
        "sessions of a deactivated account stay open",
        "persistence/postgres/routines/accounts.sql",
        "        DELETE FROM sessions WHERE user_id = NEW.id;\n",
        "",
        (STORED,),
    ),
    Fault(
        "a session is opened while its account is being deactivated",
        "persistence/postgres/sessions.py",
        "AND deactivated_at IS NULL FOR SHARE),",
        "AND deactivated_at IS NULL),",
        (AT_ONCE,),
    ),
    Fault(
        "a session is opened for a deactivated account",
        "persistence/postgres/sessions.py",
        "AND deactivated_at IS NULL FOR SHARE),",
        "FOR SHARE),",
        (STORED,),
    ),
    Fault(
        "Express sessions' connections stay open when SQL deactivates their user",
        "persistence/postgres/routines/accounts.sql",
        "        PERFORM pg_notify('parlour_sessions', 'deactivated ' || NEW.id);\n",
        "",
        (ACCOUNTS,),
    ),
    Fault(
        "Express connections of a user deactivated while notifications were missed stay open",
        "hub/identity/live_sessions.py",
        "                        self._doubt_foreign()\n                    case _:",
        "                    case _:",
        (ACCOUNTS,),
    ),
    Fault(
        "a connection that is being opened outlives the deactivation of its account",
        "hub/actor/hub.py",
        "self._ended.get(client.session_id) or self._ended_users.get(client.user.id)",
        "self._ended.get(client.session_id)",
        (ACTOR,),
    ),
    Fault(
        "a reactivated user is still refused",
        "hub/actor/hub.py",
        "                    self._ended_users.pop(each, None)\n",
        "                    self._ended_users.get(each)\n",
        (ACTOR, ACCOUNTS),
    ),
    Fault(
        "a new account is not in the audit",
        "persistence/postgres/accounts.py",
        '    {noted("made", 20)}\n',
        '    {noted("made WHERE false", 20).replace("false WHERE", "false AND")}\n',
        (STORED,),
    ),
    Fault(
        "a deactivation is not in the audit",
        "hub/admin/actions.py",
        "self.store.accounts.deactivate(user.id, audit=entry)",
        "self.store.accounts.deactivate(user.id)",
        (ACCOUNTS,),
    ),
    Fault(
        "the hub may change rows of the audit",
        "persistence/postgres/servers/role.py",
        "    REVOKE UPDATE, DELETE ON audit FROM {ROLE};\n",
        "",
        ("tests/persistence/postgres/servers/test_role.py",),
    ),
    Fault(
        "the assistant can be given a password",
        "hub/admin/actions.py",
        "        if user is None or user.deleted_at or user.role is Role.ASSISTANT:\n",
        "        if user is None or user.deleted_at:\n",
        (ACCOUNTS,),
    ),
    Fault(
        "requests over the admin socket are logged without their route",
        "hub/admin/socket.py",
        "        await app(scope, receive, send)\n",
        "        await app({**scope}, receive, send)\n",
        (SOCKET,),
    ),
    Fault(
        "a deactivated account is deactivated a second time",
        "hub/admin/actions.py",
        "        if user.deactivated_at is not None:\n",
        "        if user.deactivated_at == body:\n",
        (ACCOUNTS, COMMANDS),
    ),
    Fault(
        "draining a drained hub writes a second row in the audit",
        "hub/rest/routes/admin/hub.py",
        "any(each != body.draining for each in (status.is_draining, *others))",
        "any((body.draining, status.is_draining, *others))",
        (HUB,),
    ),
    Fault(
        "a worker already in the requested drain state leaves the others as they are",
        "hub/rest/routes/admin/hub.py",
        "any(each != body.draining for each in (status.is_draining, *others))",
        "body.draining != status.is_draining",
        (HUB,),
    ),
    Fault(
        "other workers drain before the drain is in the audit",
        "hub/rest/routes/admin/hub.py",
        '        await _note(call, operator_of(call).does("drain", draining=body.draining))\n'
        '        await siblings.ask("POST", "/admin/drain", {"draining": body.draining})\n',
        '        await siblings.ask("POST", "/admin/drain", {"draining": body.draining})\n'
        '        await _note(call, operator_of(call).does("drain", draining=body.draining))\n',
        (HUB,),
    ),
    Fault(
        "the log does not name the user that an operator deactivates",
        "hub/rest/routes/admin/accounts.py",
        '        operator_of(call).has_done("deactivate", user["id"])\n',
        '        operator_of(call).has_done("deactivate")\n',
        (HUB,),
    ),
    Fault(
        "wrong operators' tokens are not logged",
        "hub/admin/token.py",
        "        attempts.was_wrong(network, now)\n",
        "",
        (GATE,),
    ),
    Fault(
        "attempts to guess the operators' token fill the log",
        "hub/limits/tokens.py",
        "        if self._lines.take(now):\n",
        "        if self._lines.take(now) or network:\n",
        ("tests/hub/limits/test_tokens.py",),
    ),
    Fault(
        "a slow reader of a trace gets no count of the lines that were dropped",
        "hub/settings/log_tap.py",
        "            self._dropped += 1\n            return\n",
        "            return\n",
        ("tests/hub/settings/test_log_tap.py", TRACE),
    ),
    Fault(
        "a trace goes on after its reader has left",
        "hub/settings/log_tap.py",
        "        try:\n            yield follower\n        finally:\n",
        "        yield follower\n        if follower:\n",
        (TRACE,),
    ),
    Fault(
        "a trace is cut off without its end when the hub stops",
        "hub/app.py",
        "    tap.end()  # before the admin socket is closed\n",
        "",
        (BESIDE,),
    ),
    Fault(
        "any number of users can be traced at the same time",
        "hub/rest/routes/admin/trace.py",
        "    if sum(map(len, tap.values())) >= MAX_TRACES:\n",
        "    if len(tap) > MAX_TRACES:\n",
        (TRACE,),
    ),
    Fault(
        "a trace is not in the audit",
        "hub/rest/routes/admin/trace.py",
        '    await call.services.store.audit.note(operator_of(call).does("trace"), user)\n',
        "",
        (TRACE,),
    ),
    Fault(
        "a trace sends no heartbeat while its user is idle",
        "hub/rest/routes/admin/trace.py",
        "            with trio.move_on_after(BEAT_SECONDS):\n",
        "            with trio.CancelScope():\n",
        (TRACE,),
    ),
    Fault(
        "the page does not show an operator's announcement",
        "hub/web/app/shell/announcement.js",
        "    bar.hidden = false;\n",
        "",
        ("tests/e2e/browser/test_people.py",),
    ),
    Fault(
        "a command opens the embedded database although a hub holds it",
        "hub/cli/operators/desk.py",
        "    if config.database_url is None and _flaw_of_socket(config) is None:\n",
        "    if config.database_url == _flaw_of_socket(config) == '':\n",
        (BESIDE,),
    ),
)
