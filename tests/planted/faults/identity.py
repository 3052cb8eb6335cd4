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
        "a foreign session whose connection was slow to open is not checked again",
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
        "forms of other sites send the session cookie",
        "hub/identity/cookies.py",
        "; SameSite=Lax{ending}",
        "; SameSite=None{ending}",
        (COOKIES,),
    ),
    Fault(
        "the session cookie goes to everything else on the hub's host",
        "hub/identity/cookies.py",
        "; Path={scope.path};",
        "; Path=/;",
        ("tests/hub/identity/test_cookies.py", "tests/hub/rest/test_login_cookies.py"),
    ),
    Fault(
        "the session cookie goes over plain HTTP too",
        "hub/identity/cookies.py",
        'ending = "; Secure" if scope.secure else ""',
        'ending = ""',
        (COOKIES,),
    ),
    Fault(
        "over TLS any host of the domain may set the cookie",
        "hub/identity/cookies.py",
        'return f"{HOST_PREFIX}{cookie}" if self.secure and self.path == "/" else cookie',
        "return cookie",
        (COOKIES, LOGIN_COOKIES),
    ),
    Fault(
        "a cookie for a part of a host has a name that browsers do not take",
        "hub/identity/cookies.py",
        'if self.secure and self.path == "/" else cookie',
        "if self.secure else cookie",
        (COOKIES,),
    ),
    Fault(
        "a cookie that any host can set counts before the one of this host",
        "protocol/websocket/handshake.py",
        "            found[name.removeprefix(HOST_PREFIX)] = found.pop(name)\n",
        "            found.setdefault(name.removeprefix(HOST_PREFIX), found.pop(name))\n",
        (LOGIN_COOKIES,),
    ),
    Fault(
        "of several cookies of one name the first one counts",
        "hub/identity/authentication.py",
        "        if len(values) > 1:  # somebody else may have set one of them\n",
        "        if len(values) > 10:\n",
        (LOGIN_COOKIES,),
    ),
    Fault(
        "the cookies of two dialects name two sessions",
        "hub/identity/authentication.py",
        "        return sign(token, self._signing[0])\n",
        '        return sign(f"{token}.", self._signing[0])\n',
        (LOGIN_COOKIES,),
    ),
    Fault(
        "a session that is used ends all the same",
        "hub/identity/renewal.py",
        "if session.id < 0 or not is_late or not",
        "if session.id < 0 or is_late or not",
        (RENEWAL,),
    ),
    Fault(
        "a session is extended at every use",
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
        "the browser forgets a session that was extended",
        "hub/rest/endpoint.py",
        "            self.set_cookie(name, value, time_left(longer.due))\n",
        "            del name, value\n",
        (RENEWAL,),
    ),
    Fault(
        "one ends the session of somebody else",
        "persistence/postgres/sessions.py",
        "WHERE user_id = $1 AND id = $2 RETURNING id",
        "WHERE $1 > 0 AND id = $2 RETURNING id",
        ("tests/hub/rest/routes/test_sessions.py",),
    ),
    Fault(
        "whoever signs out everywhere else is signed out here",
        "hub/rest/routes/sessions.py",
        "keep=call.session.id",
        "keep=None",
        ("tests/hub/rest/routes/test_sessions.py",),
    ),
    Fault(
        "a cookie's signature is not compared",
        "protocol/parsing/express_session.py",
        "return sid if any([hmac.compare_digest(given, each) for each in expected]) else None"
        "  # noqa: C419  every comparison is made, whichever fits",
        "return sid if given and expected else None",
        ("tests/protocol/parsing/test_express_session.py",),
    ),
    Fault(
        "a session is remembered for an hour",
        "hub/identity/session_cache.py",
        "MAX_AGE_SECONDS: Final = 10.0",
        "MAX_AGE_SECONDS: Final = 3_600.0",
        (SESSION_CACHE,),
    ),
    Fault(
        "a session that ended while it was looked up is remembered",
        "hub/identity/session_cache.py",
        """        if edition != self.edition:
            return
""",
        "",
        (SESSION_CACHE,),
    ),
    Fault(
        "an expired session that is remembered is accepted",
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
        "a token names the session of somebody else",
        "hub/identity/authentication.py",
        "if isinstance(session, Session) and session.user.id != number:",
        "if number is None:",
        (AUTHENTICATION,),
    ),
    Fault(
        "a session ended by another process goes on",
        "hub/identity/live_sessions.py",
        "                        await self.end({session_id})\n",
        "                        pass\n",
        (LIVE, "tests/hub/services/rights/test_revocation.py"),
    ),
    Fault(
        "sessions that ended while nobody listened go on",
        "hub/identity/live_sessions.py",
        "                        self._doubt({each for each in self.hub.sessions() if each > 0})\n",
        "",
        (LIVE,),
    ),
    Fault(
        "a session that was extended ends when it would have",
        "hub/identity/live_sessions.py",
        "            self._ends[session_id] = _End(expires_at, known.due + later)\n",
        "            self._ends[session_id] = _End(expires_at, known.due + min(later, 0.0))\n",
        (LIVE,),
    ),
    Fault(
        "an earlier end of a session is not heard by its connections",
        "hub/identity/live_sessions.py",
        "                        self._doubt({session_id} & self._ends.keys())\n",
        "",
        (LIVE,),
    ),
    Fault(
        "a session that cannot be looked up never ends",
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
        "a connection with a new token goes on as one of the old session",
        "hub/actor/hub.py",
        "        client.session_id = session_id\n",
        "",
        (AUTHENTICATION,),
    ),
    Fault(
        "a token without an end is accepted",
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
        "a token may be signed with the public key as a secret",
        "hub/identity/jwt_tokens.py",
        'if self._keys is not None and header.get("alg") not in _SECRET_ALGORITHMS:\n'
        '                key, algorithms = _choose(self._keys, header.get("kid")), _KEY_ALGORITHMS',
        "if self._keys is not None:\n"
        '                key = _choose(self._keys, header.get("kid"))\n'
        '                algorithms = (header["alg"],)',
        (JWT,),
    ),
    Fault(
        "whoever has left keeps a place in the queue",
        "hub/http/asgi.py",
        "leave = nursery.cancel_scope.cancel if is_safe else request.gone.set",
        "leave = nursery.cancel_scope.cancel if is_safe else bool",
        (LOGIN,),
    ),
    Fault(
        "an email takes the sign-in of a username",
        "persistence/postgres/accounts.py",
        'ORDER BY username_key = $1 DESC LIMIT 1"',
        'ORDER BY username_key = $1 LIMIT 1"',
        (ACCOUNT,),
    ),
    Fault(
        "a browser that one account knows is known to all",
        "hub/identity/browsers.py",
        'if prefix == _PREFIX and name.partition(".")[0] == str(user_id):',
        "if prefix == _PREFIX and user_id:",
        ("tests/hub/identity/test_browsers.py", LOGIN),
    ),
    Fault(
        "a deleted account takes the workspace of others with it",
        "persistence/postgres/routines/deletion.sql",
        "w.owner_id = who AND m.user_id <> who) THEN",
        "w.owner_id = who AND m.user_id <> who AND false) THEN",
        ("tests/persistence/people/test_deleted_accounts.py",),
    ),
    Fault(
        "a new password leaves the sessions of whoever knows the old one",
        "persistence/postgres/accounts.py",
        "DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $3)",
        "DELETE FROM sessions WHERE user_id = $1 AND id = $3 AND $1 < 0)",
        (ACCOUNT, "tests/persistence/test_sessions.py"),
    ),
    Fault(
        "every address of an IPv6 network may guess",
        "hub/http/visitors.py",
        "ip_network((address, 64), strict=False)",
        "address",
        ("tests/hub/rest/test_login.py",),
    ),
    Fault(
        "the clock of the hub's machine says when a session ends",
        "persistence/postgres/sessions.py",
        'due_in(row["time_left"])',
        'due_in(row["expires_at"] - __import__("datetime").datetime.now(row["expires_at"].tzinfo))',
        ("tests/hub/identity/test_live_sessions.py",),
    ),
)
