"""Faults in sessions, cookies, tokens and names."""

from typing import Final

from tests.planted.fault import Fault

AUTHENTICATION: Final = "tests/hub/identity/test_authentication.py"
ACCOUNT: Final = "tests/hub/rest/routes/test_own_account.py"
LIVE: Final = "tests/hub/identity/test_live_sessions.py"
LOGIN: Final = "tests/hub/rest/test_login.py"
LOGIN_COOKIES: Final = "tests/hub/rest/test_login_cookies.py"
RENEWAL: Final = "tests/hub/identity/test_renewal.py"
COOKIES: Final = "tests/hub/identity/test_cookies.py"
JWT: Final = "tests/hub/identity/test_jwt_tokens.py"
SESSION_CACHE: Final = "tests/hub/identity/test_session_cache.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "an Express session is not checked again if its connection was slow to open",
        "hub/identity/foreign_logins.py",
        "if key in live or found.at > recent",
        "if key in live",
        (LIVE,),
    ),
    Fault(
        "scripts may read the session cookie",
        "hub/identity/cookies.py",
        "; {age}; HttpOnly; SameSite",
        "; {age}; SameSite",
        (COOKIES,),
    ),
    Fault(
        "forms on other sites send the session cookie",
        "hub/identity/cookies.py",
        "; SameSite=Lax{ending}",
        "; SameSite=None{ending}",
        (COOKIES,),
    ),
    Fault(
        "the session cookie is sent to every path of the hub's host",
        "hub/identity/cookies.py",
        "; Path={scope.path};",
        "; Path=/;",
        ("tests/hub/identity/test_cookies.py", "tests/hub/rest/test_login_cookies.py"),
    ),
    Fault(
        "the session cookie is sent over plain HTTP too",
        "hub/identity/cookies.py",
        'ending = "; Secure" if scope.secure else ""',
        'ending = ""',
        (COOKIES,),
    ),
    Fault(
        "over TLS, any host of the domain may set the session cookie",
        "hub/identity/cookies.py",
        'return f"{HOST_PREFIX}{cookie}" if self.secure and self.path == "/" else cookie',
        "return cookie",
        (COOKIES, LOGIN_COOKIES),
    ),
    Fault(
        "a cookie restricted to a path gets a name prefix that browsers reject",
        "hub/identity/cookies.py",
        'if self.secure and self.path == "/" else cookie',
        "if self.secure else cookie",
        (COOKIES,),
    ),
    Fault(
        "a cookie that any host can set takes precedence over one of this host",
        "protocol/websocket/handshake.py",
        "            found[name.removeprefix(HOST_PREFIX)] = found.pop(name)\n",
        "            found.setdefault(name.removeprefix(HOST_PREFIX), found.pop(name))\n",
        (LOGIN_COOKIES,),
    ),
    Fault(
        "the first of several cookies of the same name is accepted",
        "hub/identity/authentication.py",
        "        if len(values) > 1:  # another host of the domain may have set one of them\n",
        "        if len(values) > 10:\n",
        (LOGIN_COOKIES,),
    ),
    Fault(
        "the cookies of two dialects stand for two sessions",
        "hub/identity/authentication.py",
        "        return sign(token, self._signing[0])\n",
        '        return sign(f"{token}.", self._signing[0])\n',
        (LOGIN_COOKIES,),
    ),
    Fault(
        "a session ends although it is in use",
        "hub/identity/renewal.py",
        "if session.id < 0 or not is_late or not",
        "if session.id < 0 or is_late or not",
        (RENEWAL,),
    ),
    Fault(
        "a session is extended on every request",
        "hub/identity/renewal.py",
        "time_left(session.due) < lifetime / 2",
        "time_left(session.due) < lifetime",
        (RENEWAL,),
    ),
    Fault(
        "a session is extended without end",
        "persistence/postgres/sessions.py",
        "greatest(expires_at, least(now() + $2, created_at + $3))",
        "greatest(expires_at, now() + $2, created_at + $3 - $3)",
        (RENEWAL,),
    ),
    Fault(
        "the browser's cookie expires although its session was extended",
        "hub/rest/endpoint.py",
        "            self.set_cookie(name, value, time_left(longer.due))\n",
        "            del name, value\n",
        (RENEWAL,),
    ),
    Fault(
        "a user may end the session of another user",
        "persistence/postgres/sessions.py",
        "WHERE user_id = $1 AND id = $2 RETURNING id",
        "WHERE $1 > 0 AND id = $2 RETURNING id",
        ("tests/hub/rest/routes/test_sessions.py",),
    ),
    Fault(
        "signing out everywhere else also ends the current session",
        "hub/rest/routes/sessions.py",
        "keep=call.session.id",
        "keep=None",
        ("tests/hub/rest/routes/test_sessions.py",),
    ),
    Fault(
        "the signature of an Express session cookie is not checked",
        "protocol/parsing/express_session.py",
        "return sid if any([hmac.compare_digest(given, each) for each in expected]) else None"
        "  # noqa: C419  every comparison is made, whichever fits",
        "return sid if given and expected else None",
        ("tests/protocol/parsing/test_express_session.py",),
    ),
    Fault(
        "an ended session is accepted from the cache for up to an hour",
        "hub/identity/session_cache.py",
        "MAX_AGE_SECONDS: Final = 10.0",
        "MAX_AGE_SECONDS: Final = 3_600.0",
        (SESSION_CACHE,),
    ),
    Fault(
        "a session that ended during its lookup is cached",
        "hub/identity/session_cache.py",
        """        if edition != self.edition:
            return
""",
        "",
        (SESSION_CACHE,),
    ),
    Fault(
        "an expired session is accepted from the cache",
        "hub/identity/session_cache.py",
        "if trio.current_time() < min(kept.until, kept.session.due):",
        "if trio.current_time() < kept.until:",
        (SESSION_CACHE,),
    ),
    Fault(
        "a token outlives the session that it was issued to",
        "hub/identity/authentication.py",
        "        if claims.session_id > 0:",
        "        if claims.session_id > 0 and False:",
        (AUTHENTICATION,),
    ),
    Fault(
        "a token with another user's session is accepted",
        "hub/identity/authentication.py",
        "if isinstance(session, Session) and session.user.id != number:",
        "if number is None:",
        (AUTHENTICATION,),
    ),
    Fault(
        "connections of a session ended by another process stay open",
        "hub/identity/live_sessions.py",
        "                        await self.end({session_id})\n",
        "                        pass\n",
        (LIVE, "tests/hub/services/rights/test_revocation.py"),
    ),
    Fault(
        "connections of sessions that ended while notifications were missed stay open",
        "hub/identity/live_sessions.py",
        "                        self._doubt({each for each in self.hub.sessions() if each > 0})\n",
        "",
        (LIVE,),
    ),
    Fault(
        "connections of an extended session end at its original end",
        "hub/identity/live_sessions.py",
        "            self._ends[session_id] = _End(expires_at, known.due + later)\n",
        "            self._ends[session_id] = _End(expires_at, known.due + min(later, 0.0))\n",
        (LIVE,),
    ),
    Fault(
        "connections do not end when their session's end is moved forward",
        "hub/identity/live_sessions.py",
        "                        self._doubt({session_id} & self._ends.keys())\n",
        "",
        (LIVE,),
    ),
    Fault(
        "a session whose end cannot be checked never ends",
        "hub/identity/live_sessions.py",
        "if self._due(key) + GRACE_SECONDS <= now}",
        "if self._due(key) + GRACE_SECONDS < 0.0}",
        (LIVE,),
    ),
    Fault(
        "an outage ends every session that might have been extended",
        "hub/identity/live_sessions.py",
        "GRACE_SECONDS: Final = 30.0",
        "GRACE_SECONDS: Final = 0.0",
        (LIVE,),
    ),
    Fault(
        "a token outlives the Express session that it was issued to",
        "hub/identity/authentication.py",
        "        return await self._foreign.find_again(claims.session_id)\n",
        "        return None\n",
        (AUTHENTICATION,),
    ),
    Fault(
        "a connection with a new token still depends on its old session",
        "hub/actor/hub.py",
        "        client.session_id = session_id\n",
        "",
        (AUTHENTICATION,),
    ),
    Fault(
        "a token without an expiry is accepted",
        "hub/identity/jwt_tokens.py",
        'options={"require": ["sub", "exp"], "verify_aud"',
        'options={"require": ["sub"], "verify_aud"',
        (JWT,),
    ),
    Fault(
        "a token for another audience is accepted",
        "hub/identity/jwt_tokens.py",
        '"verify_aud": self._audience is not None}',
        '"verify_aud": False}',
        (JWT,),
    ),
    Fault(
        "a token signed with the public key as an HMAC secret is accepted",
        "hub/identity/jwt_tokens.py",
        'if self._keys is not None and header.get("alg") not in _SECRET_ALGORITHMS:\n'
        '                key, algorithms = _choose(self._keys, header.get("kid")), _KEY_ALGORITHMS',
        "if self._keys is not None:\n"
        '                key = _choose(self._keys, header.get("kid"))\n'
        '                algorithms = (header["alg"],)',
        (JWT,),
    ),
    Fault(
        "a request whose client has left keeps its place in a queue",
        "hub/http/asgi.py",
        "leave = nursery.cancel_scope.cancel if is_safe else request.gone.set",
        "leave = nursery.cancel_scope.cancel if is_safe else bool",
        (LOGIN,),
    ),
    Fault(
        "an email address takes precedence over an equal username at sign-in",
        "persistence/postgres/accounts.py",
        'ORDER BY username_key = $1 DESC LIMIT 1"',
        'ORDER BY username_key = $1 LIMIT 1"',
        (ACCOUNT,),
    ),
    Fault(
        "a browser known to one account counts as known to every account",
        "hub/identity/browsers.py",
        'if prefix == _PREFIX and name.partition(".")[0] == str(user_id):',
        "if prefix == _PREFIX and user_id:",
        ("tests/hub/identity/test_browsers.py", LOGIN),
    ),
    Fault(
        "deleting an account deletes a workspace with other members",
        "persistence/postgres/routines/deletion.sql",
        "w.owner_id = who AND m.user_id <> who) THEN",
        "w.owner_id = who AND m.user_id <> who AND false) THEN",
        ("tests/persistence/people/test_deleted_accounts.py",),
    ),
    Fault(
        "setting a new password leaves other sessions of the account open",
        "persistence/postgres/accounts.py",
        "DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $3)",
        "DELETE FROM sessions WHERE user_id = $1 AND id = $3 AND $1 < 0)",
        (ACCOUNT, "tests/persistence/test_sessions.py"),
    ),
    Fault(
        "each address of one IPv6 network gets its own login attempts",
        "hub/http/visitors.py",
        "ip_network((address, 64), strict=False)",
        "address",
        ("tests/hub/rest/test_login.py",),
    ),
    Fault(
        "the end of a session is computed with the clock of the hub's machine",
        "persistence/postgres/sessions.py",
        'due_in(row["time_left"])',
        'due_in(row["expires_at"] - __import__("datetime").datetime.now(row["expires_at"].tzinfo))',
        ("tests/hub/identity/test_live_sessions.py",),
    ),
)
