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
        "an ID token may be signed in any way",
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
        "a short key signs ID tokens",
        _ID_TOKEN,
        '"enforce_minimum_key_length": True',
        '"enforce_minimum_key_length": False',
        (TOKENS,),
    ),
    Fault(
        "an ID token of any issuer counts",
        _ID_TOKEN,
        "            issuer=expected.issuer,\n",
        "            issuer=None,\n",
        (TOKENS, REST),
    ),
    Fault(
        "an ID token for another client counts",
        _ID_TOKEN,
        "            audience=expected.client_id,\n",
        '            audience=[expected.client_id, "other", "another"],\n',
        (TOKENS, REST),
    ),
    Fault(
        "an ID token for several clients counts, whoever it was issued to",
        _ID_TOKEN,
        "    if authorized != expected.client_id:\n",
        "    if authorized is False:\n",
        (TOKENS, REST),
    ),
    Fault(
        "an ID token for several clients need not say which",
        _ID_TOKEN,
        "expected.client_id if len(audiences) == 1 else None)",
        "expected.client_id if audiences else None)",
        (TOKENS,),
    ),
    Fault(
        "an ID token of another sign-in counts",
        _ID_TOKEN,
        "    if not isinstance(nonce, str) or not _is_same(nonce, expected.nonce):\n",
        "    if not isinstance(nonce, str):\n",
        (TOKENS, REST),
    ),
    Fault(
        "an ID token without an end counts",
        _ID_TOKEN,
        '_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")',
        '_REQUIRED: Final = ("iss", "sub", "aud", "iat")',
        (TOKENS,),
    ),
    Fault(
        "an ID token need not say when it was issued",
        _ID_TOKEN,
        '_REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat")',
        '_REQUIRED: Final = ("iss", "sub", "aud", "exp")',
        (TOKENS,),
    ),
    Fault(
        "an ID token that has ended counts for an hour",
        _ID_TOKEN,
        "LEEWAY_SECONDS: Final = 60.0",
        "LEEWAY_SECONDS: Final = 3_600.0",
        (TOKENS,),
    ),
    Fault(
        "the clock of a provider must not differ",
        _ID_TOKEN,
        "LEEWAY_SECONDS: Final = 60.0",
        "LEEWAY_SECONDS: Final = 0.0",
        (TOKENS,),
    ),
    Fault(
        "a key for encryption signs ID tokens",
        _ID_TOKEN,
        '        if not isinstance(each, dict) or each.get("use", "sig") != "sig":\n',
        "        if not isinstance(each, dict):\n",
        (TOKENS,),
    ),
    Fault(
        "any key of the provider's does, whatever the token calls it",
        _ID_TOKEN,
        ' or key_id not in (None, each.get("kid")):',
        ":",
        (TOKENS,),
    ),
    Fault(
        "an ID token names nobody",
        _ID_TOKEN,
        '    if not 0 < len(claims["sub"]) <= MAX_SUBJECT_CHARS or',
        '    if len(claims["sub"]) > MAX_SUBJECT_CHARS or',
        (TOKENS, REST),
    ),
    Fault(
        "a sign-in that began elsewhere ends here",
        _ATTEMPT,
        "        if not hmac.compare_digest(attempt.state.encode(), state.encode()):\n",
        "        if not state:\n",
        (ATTEMPTS, REST),
    ),
    Fault(
        "the cookie of a sign-in can be forged",
        _ATTEMPT,
        '(unsign(cookie, self.signing) or "").partition(".")',
        'cookie.replace("%3A", ":")[2:].rpartition(".")[0].partition(".")',
        (ATTEMPTS,),
    ),
    Fault(
        "a sign-in ends twice",
        _ATTEMPT,
        " or not self._ended.take(attempt.state, now.timestamp()):",
        ":",
        (ATTEMPTS, REST),
    ),
    Fault(
        "a sign-in may take for ever",
        _ATTEMPT,
        "        if abs(age) >= LIFETIME or",
        "        if age is None or",
        (ATTEMPTS, REST),
    ),
    Fault(
        "the provider is told the verifier itself",
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
        "what a provider answers may have any length",
        _FETCHING,
        "            if len(body) > MAX_BYTES:\n",
        "            if len(body) > MAX_BYTES**2:\n",
        (FETCHING, REST),
    ),
    Fault(
        "the document of another issuer counts",
        _PROVIDER,
        '        if said.get("issuer") != self.issuer:\n',
        '        if said.get("issuer") is None:\n',
        (PROVIDER,),
    ),
    Fault(
        "a document leads to another scheme",
        _PROVIDER,
        "parts.scheme == urlsplit(self.issuer).scheme and",
        'parts.scheme in ("http", "https") and',
        (PROVIDER,),
    ),
    Fault(
        "a code of another provider is shown to this one",
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
        "every unknown key has the keys read again",
        _PROVIDER,
        "            if kept is None or is_time:\n",
        "            if kept is None or is_time or kept.at:\n",
        (PROVIDER,),
    ),
    Fault(
        "a key that the provider withdrew counts for ever",
        _PROVIDER,
        "            if kept is None or trio.current_time() - kept.at >= KEPT_SECONDS:\n",
        "            if kept is None:\n",
        (PROVIDER,),
    ),
    Fault(
        "a slow provider is waited for",
        _PROVIDER,
        "            with trio.fail_after(DEADLINE):\n",
        "            with trio.fail_after(DEADLINE * 1_000):\n",
        (PROVIDER,),
    ),
    Fault(
        "everybody waits for a provider that hangs",
        _PROVIDER,
        "        if self._places.statistics().tasks_waiting >= MAX_WAITING:\n",
        "        if self._places.statistics().tasks_waiting >= MAX_WAITING**2:\n",
        (PROVIDER,),
    ),
    Fault(
        "an address that the provider has not verified is kept",
        "hub/identity/oidc/newcomer.py",
        'claims.get("email_verified") is True and',
        'claims.get("email_verified") and',
        (NEWCOMERS,),
    ),
    Fault(
        "a username of a provider's need not be one",
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
        "several cookies of a sign-in are one",
        _ROUTE,
        "    if len(cookies) == 1 and state:\n",
        "    if cookies and state:\n",
        (REST,),
    ),
    Fault(
        "the operator's word about new accounts is not for a provider's",
        _ROUTE,
        "    if call.services.config.registration is Registration.CLOSED:\n",
        "    if call.services.config.registration is None:\n",
        (REST,),
    ),
    Fault(
        "sign-ins with a provider may fail without end",
        _ROUTE,
        "    await limit_attempts(call)\n    attempt = _ended(call)\n",
        "    attempt = _ended(call)\n",
        (REST,),
    ),
    Fault(
        "who signs in with a provider uses up the network's attempts",
        _ROUTE,
        "        await call.services.guesses.leave(call.network)\n",
        "        await call.services.guesses.enter(call.network)\n",
        (REST,),
    ),
    Fault(
        "many networks lock the owner out where they have come in before",
        "hub/limits/guesses.py",
        "        if is_known or (account, place) in self._homes:\n",
        "        if is_known:\n",
        ("tests/hub/limits/test_guesses.py", "tests/hub/rest/test_login.py"),
    ),
    Fault(
        "that an account has no password shows in the time",
        "hub/identity/passwords.py",
        " or password_hash == NO_PASSWORD:",
        ":",
        ("tests/hub/identity/test_passwords.py",),
    ),
    Fault(
        "a sign-in ends only at the node where it began",
        "hub/assembly.py",
        "provider_sign_ins=Attempts(signing),",
        "provider_sign_ins=Attempts([secrets.token_hex(8)]),",
        (REST,),
    ),
    Fault(
        "another signed cookie ends a sign-in",
        _ATTEMPT,
        "        if prefix != _PREFIX:\n",
        "        if not prefix:\n",
        (ATTEMPTS,),
    ),
)
