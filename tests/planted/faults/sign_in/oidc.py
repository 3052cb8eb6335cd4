"""Faults in signing in with a provider."""

from typing import Final

from tests.planted.fault import Fault

TOKENS: Final = "tests/hub/identity/oidc/test_id_token.py"
PROVIDER: Final = "tests/hub/identity/oidc/test_provider.py"
ATTEMPTS: Final = "tests/hub/identity/oidc/test_attempt.py"
FETCHING: Final = "tests/hub/identity/oidc/test_fetching.py"
NEWCOMERS: Final = "tests/hub/identity/oidc/test_newcomer.py"
REST: Final = "tests/hub/rest/routes/test_provider.py"
ACCOUNTS: Final = "tests/persistence/test_accounts.py"

_ID_TOKEN: Final = "hub/identity/oidc/id_token.py"
_PROVIDER: Final = "hub/identity/oidc/provider.py"
_ATTEMPT: Final = "hub/identity/oidc/attempt.py"
_FETCHING: Final = "hub/identity/oidc/fetching.py"
_ROUTE: Final = "hub/rest/routes/provider.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "an ID token signed with any algorithm is accepted",
        _ID_TOKEN,
        '    if header.get("alg") not in ALGORITHMS:\n',
        '    if header.get("alg") is None:\n',
        (TOKENS,),
    ),
    Fault(
        "the signature of an ID token is not checked",
        _ID_TOKEN,
        '            options={"require": list(_REQUIRED), "enforce_minimum_key_length": True},\n',
        '            options={"require": list(_REQUIRED), "verify_signature": False},\n',
        (TOKENS, REST),
    ),
    Fault(
        "an ID token signed with a short key is accepted",
        _ID_TOKEN,
        '"enforce_minimum_key_length": True',
        '"enforce_minimum_key_length": False',
        (TOKENS,),
    ),
    Fault(
        "an ID token of any issuer is accepted",
        _ID_TOKEN,
        "            issuer=expected.issuer,\n",
        "            issuer=None,\n",
        (TOKENS, REST),
    ),
    Fault(
        "an ID token for another client is accepted",
        _ID_TOKEN,
        "            audience=expected.client_id,\n",
        '            audience=[expected.client_id, "other", "another"],\n',
        (TOKENS, REST),
    ),
    Fault(
        "an ID token for several clients is accepted although it was issued to another",
        _ID_TOKEN,
        "    if authorized != expected.client_id:\n",
        "    if authorized is False:\n",
        (TOKENS, REST),
    ),
    Fault(
        "an ID token for several clients is accepted without an authorized party",
        _ID_TOKEN,
        "expected.client_id if len(audiences) == 1 else None)",
        "expected.client_id if audiences else None)",
        (TOKENS,),
    ),
    Fault(
        "an ID token of another sign-in is accepted",
        _ID_TOKEN,
        "    if not isinstance(nonce, str) or not _is_same(nonce, expected.nonce):\n",
        "    if not isinstance(nonce, str):\n",
        (TOKENS, REST),
    ),
    Fault(
        "an ID token without an expiry is accepted",
        _ID_TOKEN,
        '_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")',
        '_REQUIRED: Final = ("iss", "sub", "aud", "iat")',
        (TOKENS,),
    ),
    Fault(
        "an ID token without a time of issue is accepted",
        _ID_TOKEN,
        '_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")',
        '_REQUIRED: Final = ("iss", "sub", "aud", "exp")',
        (TOKENS,),
    ),
    Fault(
        "an ID token is accepted for an hour after its expiry",
        _ID_TOKEN,
        "LEEWAY_SECONDS: Final = 60.0",
        "LEEWAY_SECONDS: Final = 3_600.0",
        (TOKENS,),
    ),
    Fault(
        "an ID token is refused if the provider's clock differs slightly",
        _ID_TOKEN,
        "LEEWAY_SECONDS: Final = 60.0",
        "LEEWAY_SECONDS: Final = 0.0",
        (TOKENS,),
    ),
    Fault(
        "an ID token signed with a key for encryption is accepted",
        _ID_TOKEN,
        '        if not isinstance(each, dict) or each.get("use", "sig") != "sig":\n',
        "        if not isinstance(each, dict):\n",
        (TOKENS,),
    ),
    Fault(
        "an ID token is checked with keys other than the one that it names",
        _ID_TOKEN,
        ' or key_id not in (None, each.get("kid")):',
        ":",
        (TOKENS,),
    ),
    Fault(
        "an ID token with an empty subject is accepted",
        _ID_TOKEN,
        '    if not 0 < len(claims["sub"]) <= MAX_SUBJECT_CHARS or',
        '    if len(claims["sub"]) > MAX_SUBJECT_CHARS or',
        (TOKENS, REST),
    ),
    Fault(
        "a sign-in that began in another browser can be completed",
        _ATTEMPT,
        "        if not hmac.compare_digest(attempt.state.encode(), state.encode()):\n",
        "        if not state:\n",
        (ATTEMPTS, REST),
    ),
    Fault(
        "a forged cookie of a provider sign-in is accepted",
        _ATTEMPT,
        '(unsign(cookie, self.signing) or "").partition(".")',
        'cookie.replace("%3A", ":")[2:].rpartition(".")[0].partition(".")',
        (ATTEMPTS,),
    ),
    Fault(
        "a provider sign-in can be completed twice",
        _ATTEMPT,
        " or not self._ended.take(attempt.state, now.timestamp()):",
        ":",
        (ATTEMPTS, REST),
    ),
    Fault(
        "a provider sign-in never expires",
        _ATTEMPT,
        "        if abs(age) >= LIFETIME or",
        "        if age is None or",
        (ATTEMPTS, REST),
    ),
    Fault(
        "the provider gets the verifier itself instead of its hash",
        _ATTEMPT,
        "        return _text(hashlib.sha256(self.verifier.encode()).digest())\n",
        "        return self.verifier\n",
        (ATTEMPTS, PROVIDER),
    ),
    Fault(
        "redirects of the provider are followed",
        _FETCHING,
        "follow_redirects=False",
        "follow_redirects=True",
        (FETCHING,),
    ),
    Fault(
        "the certificate of the provider is not checked",
        _FETCHING,
        "verify=self.context",
        "verify=False",
        (FETCHING,),
    ),
    Fault(
        "a response of the provider may have any length",
        _FETCHING,
        "            if len(body) > MAX_BYTES:\n",
        "            if len(body) > MAX_BYTES**2:\n",
        (FETCHING, REST),
    ),
    Fault(
        "a discovery document of another issuer is accepted",
        _PROVIDER,
        '        if said.get("issuer") != self.issuer:\n',
        '        if said.get("issuer") is None:\n',
        (PROVIDER,),
    ),
    Fault(
        "a discovery document may lead to another scheme",
        _PROVIDER,
        "parts.scheme == urlsplit(self.issuer).scheme and",
        'parts.scheme in ("http", "https") and',
        (PROVIDER,),
    ),
    Fault(
        "a code of another provider is sent to this one",
        _PROVIDER,
        "            if issuer != self.issuer and (issuer is not None or document.names_itself):\n",
        "            if issuer is None and document.names_itself:\n",
        (PROVIDER,),
    ),
    Fault(
        "new keys of the provider are not found",
        _PROVIDER,
        "            if kept is None or is_time:\n",
        "            if kept is None:\n",
        (PROVIDER,),
    ),
    Fault(
        "every unknown key id causes a new request for the provider's keys",
        _PROVIDER,
        "            if kept is None or is_time:\n",
        "            if kept is None or is_time or kept.at:\n",
        (PROVIDER,),
    ),
    Fault(
        "a key that the provider withdrew is accepted for ever",
        _PROVIDER,
        "            if kept is None or trio.current_time() - kept.at >= KEPT_SECONDS:\n",
        "            if kept is None:\n",
        (PROVIDER,),
    ),
    Fault(
        "a sign-in waits too long for a slow provider",
        _PROVIDER,
        "            with trio.fail_after(DEADLINE):\n",
        "            with trio.fail_after(DEADLINE * 1_000):\n",
        (PROVIDER,),
    ),
    Fault(
        "any number of sign-ins waits for a provider that hangs",
        _PROVIDER,
        "        if self._places.statistics().tasks_waiting >= MAX_WAITING:\n",
        "        if self._places.statistics().tasks_waiting >= MAX_WAITING**2:\n",
        (PROVIDER,),
    ),
    Fault(
        "an email address that the provider has not verified is stored",
        "hub/identity/oidc/newcomer.py",
        'claims.get("email_verified") is True and',
        'claims.get("email_verified") and',
        (NEWCOMERS,),
    ),
    Fault(
        "a username from the provider is used without a check",
        "hub/identity/oidc/newcomer.py",
        "next(filter(is_username, _usernames(claims)), _NOBODYS)",
        "next(filter(None, _usernames(claims)), _NOBODYS)",
        (NEWCOMERS,),
    ),
    Fault(
        "an account is found by its subject at any provider",
        "persistence/postgres/accounts.py",
        '" WHERE i.issuer = $1 AND i.subject = $2"',
        '" WHERE i.issuer <> $1 OR i.subject = $2"',
        (ACCOUNTS,),
    ),
    Fault(
        "a request with several sign-in cookies is accepted",
        _ROUTE,
        "    if len(cookies) == 1 and state:\n",
        "    if cookies and state:\n",
        (REST,),
    ),
    Fault(
        "a provider sign-in creates an account although registration is closed",
        _ROUTE,
        "    if call.services.config.registration is Registration.CLOSED:\n",
        "    if call.services.config.registration is None:\n",
        (REST,),
    ),
    Fault(
        "failed sign-ins with a provider are not limited",
        _ROUTE,
        "    await limit_attempts(call)\n    attempt = _ended(call)\n",
        "    attempt = _ended(call)\n",
        (REST,),
    ),
    Fault(
        "a successful provider sign-in uses up an attempt of its network",
        _ROUTE,
        "        await call.services.guesses.leave(call.network)\n",
        "        await call.services.guesses.enter(call.network)\n",
        (REST,),
    ),
    Fault(
        "guesses from many networks lock the owner out of a network used before",
        "hub/limits/guesses.py",
        "        if is_known or (account, place) in self._homes:\n",
        "        if is_known:\n",
        ("tests/hub/limits/test_guesses.py", "tests/hub/rest/test_login.py"),
    ),
    Fault(
        "the time that a login takes reveals that an account has no password",
        "hub/identity/passwords.py",
        " or password_hash == NO_PASSWORD:",
        ":",
        ("tests/hub/identity/test_passwords.py",),
    ),
    Fault(
        "a provider sign-in can be completed only at the node where it began",
        "hub/assembly.py",
        "provider_sign_ins=Attempts(signing),",
        "provider_sign_ins=Attempts([secrets.token_hex(8)]),",
        (REST,),
    ),
    Fault(
        "another signed cookie is accepted as the cookie of a sign-in",
        _ATTEMPT,
        "        if prefix != _PREFIX:\n",
        "        if not prefix:\n",
        (ATTEMPTS,),
    ),
)
