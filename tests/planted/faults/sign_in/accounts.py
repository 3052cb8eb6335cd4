"""Faults in passwords, in signing in with them, and in changes of one's own account."""

from typing import Final

from tests.planted.fault import Fault

ACCOUNT: Final = "tests/hub/rest/routes/test_own_account.py"
LOGIN: Final = "tests/hub/rest/test_login.py"
LOGIN_COOKIES: Final = "tests/hub/rest/test_login_cookies.py"
COOKIES: Final = "tests/hub/identity/test_cookies.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a sign-out leaves the session of the other cookie open",
        "hub/rest/login.py",
        "    for cookie in COOKIES:\n        if cookie in call.cookies:\n",
        "    for cookie in COOKIES:\n        if cookie == call.surface.cookie:\n",
        (LOGIN_COOKIES,),
    ),
    Fault(
        "every sign-in sets the cookies of all dialects",
        "hub/rest/login.py",
        "    if in_all and cookie == TOKEN_COOKIE:\n",
        "    if cookie == TOKEN_COOKIE:\n",
        (LOGIN_COOKIES,),
    ),
    Fault(
        "one owner may have any number of attempts waiting for a password hash",
        "hub/identity/passwords.py",
        "each=MAX_WAITING_OF_ONE, ",
        "",
        ("tests/hub/identity/test_passwords.py", LOGIN),
    ),
    Fault(
        "password hashes are computed at the priority of the hub",
        "hub/identity/passwords.py",
        ", current + NICENESS)",
        ", current)",
        ("tests/hub/identity/test_passwords.py",),
    ),
    Fault(
        "several password hashes are computed at the same time",
        "hub/identity/passwords.py",
        "_CONCURRENT: Final = 1",
        "_CONCURRENT: Final = 4",
        ("tests/hub/identity/test_passwords.py",),
    ),
    Fault(
        "an attempt waits for a password hash without a deadline",
        "hub/identity/passwords.py",
        "trio.move_on_after(WAIT_SECONDS) as",
        "trio.CancelScope() as",
        ("tests/hub/identity/test_passwords.py",),
    ),
    Fault(
        "an attempt counts although its password was not checked",
        "hub/rest/login.py",
        "        await call.services.guesses.give_back(guess)\n",
        "        pass\n",
        (LOGIN,),
    ),
    Fault(
        "a demo sign-in link works more than once",
        "hub/identity/tickets.py",
        "        del self._issued[holder]\n        return",
        "        return",
        ("tests/hub/identity/test_tickets.py", "tests/hub/cli/test_demo.py"),
    ),
    Fault(
        "a demo sign-in link never expires",
        "hub/identity/tickets.py",
        "return issued.good_for if now < issued.until else None",
        "return issued.good_for if now else None",
        ("tests/hub/identity/test_tickets.py",),
    ),
    Fault(
        "a ticket issued to one user is accepted from another",
        "hub/identity/tickets.py",
        "        issued = self._issued.get(holder)\n",
        "        issued = next(iter(self._issued.values()), None) if holder else None\n",
        ("tests/hub/identity/test_tickets.py",),
    ),
    Fault(
        "an email address is stored before it is verified",
        "hub/rest/routes/own_account.py",
        "    if services.address_hook is None:\n        await _set_email(call, body.email)\n",
        "    await _set_email(call, body.email)\n    if services.address_hook is None:\n",
        (ACCOUNT,),
    ),
    Fault(
        "the response to a change of address contains its verification ticket",
        "hub/rest/routes/own_account.py",
        '    return JSON({"status": "pending"}, 202)\n',
        '    return JSON({"status": "pending", "ticket": ticket}, 202)\n',
        (ACCOUNT,),
    ),
    Fault(
        "the address hook gets all of the hub's environment",
        "hub/identity/address_hook.py",
        "for name in _ENVIRONMENT if name in os.environ}",
        "for name in os.environ}",
        ("tests/hub/identity/test_address_hook.py",),
    ),
    Fault(
        "the address hook runs without a deadline",
        "hub/identity/address_hook.py",
        "            with trio.move_on_after(HOOK_SECONDS):\n",
        '            with trio.move_on_after(float("inf")):\n',
        ("tests/hub/identity/test_address_hook.py",),
    ),
    Fault(
        "any number of requests waits for the address hook",
        "hub/identity/address_hook.py",
        "tasks_waiting >= MAX_WAITING:",
        "tasks_waiting >= 10 * MAX_WAITING:",
        ("tests/hub/identity/test_address_hook.py",),
    ),
    Fault(
        "a user can have links sent to any number of addresses",
        "hub/rest/routes/own_account.py",
        "        costs=(Kind.ADDRESSES,),\n",
        "",
        ("tests/hub/limits/test_quotas.py",),
    ),
    Fault(
        "guesses from many networks lock the owner out of a network not used before",
        "hub/limits/guesses.py",
        "        return Guess(account, place, first, delay=SLOW_SECONDS)\n",
        "        return Guess(account, place, wait=SLOW_SECONDS, refused_by=Kind.ACCOUNT)\n",
        ("tests/hub/limits/test_guesses.py", LOGIN),
    ),
    Fault(
        "guesses from many networks are not slowed down",
        "hub/rest/login.py",
        "        await trio.sleep(guess.delay)\n",
        "        await trio.lowlevel.checkpoint()\n",
        (LOGIN,),
    ),
    Fault(
        "a delayed attempt keeps its network's place for ever",
        "hub/rest/login.py",
        "        services.guesses.waited(guess)\n",
        "        pass\n",
        (LOGIN,),
    ),
    Fault(
        "any number of attempts of one network is delayed at the same time",
        "hub/limits/guesses.py",
        "        if place in self._slowed or len",
        "        if len",
        ("tests/hub/limits/test_guesses.py",),
    ),
    Fault(
        "any number of attempts is delayed at the same time",
        "hub/limits/guesses.py",
        "or len(self._slowed) >= self._max_slowed:",
        "or not place:",
        ("tests/hub/limits/test_guesses.py",),
    ),
    Fault(
        "guesses from the owner's network lock out the owner's known browser",
        "hub/rest/login.py",
        "account, browser or call.network, is_known",
        "account, call.network, is_known",
        (LOGIN,),
    ),
    Fault(
        "the limit on attempts of a network applies to a known browser",
        "hub/rest/login.py",
        "    guess = await services.guesses.take(",
        "    await limit_attempts(call)\n    guess = await services.guesses.take(",
        (LOGIN,),
    ),
    Fault(
        "an account is deleted without its password",
        "hub/rest/routes/own_account.py",
        "    await _confirm(call, body.current_password)\n    try:\n        await delete_account",
        "    try:\n        await delete_account",
        (ACCOUNT,),
    ),
    Fault(
        "any password is accepted",
        "hub/identity/passwords.py",
        "            return self._hasher.verify(password_hash, password)\n",
        "            return bool(self._hasher and password_hash)\n",
        ("tests/hub/identity/test_passwords.py",),
    ),
    Fault(
        "the time that a login takes reveals that an account does not exist",
        "hub/identity/passwords.py",
        "            await self.verify(self._nobodys, password, owner)\n",
        "",
        ("tests/hub/identity/test_passwords.py",),
    ),
    Fault(
        "a successful login does not forget the attempts before it",
        "hub/limits/guesses.py",
        "if each != pair], forget=[pair])",
        "])",
        ("tests/hub/limits/test_guesses.py", "tests/hub/rest/test_login.py"),
    ),
    Fault(
        "guesses from anywhere lock the owner of an account out",
        "hub/limits/guesses.py",
        'return Window(Kind.PLACE, f"{account!r} {place}"',
        'return Window(Kind.PLACE, f"{account!r}"',
        ("tests/hub/limits/test_guesses.py", "tests/hub/rest/test_login.py"),
    ),
    Fault(
        "attempts are counted by the name that was entered instead of by account",
        "hub/rest/login.py",
        "account_of(None if found is None else found.user.id, login)",
        "account_of(None, login)",
        ("tests/hub/rest/test_login.py",),
    ),
    Fault(
        "a successful login uses up an attempt of its network",
        "hub/limits/guesses.py",
        "for each in guess.counted if each != pair]",
        "for each in guess.counted if each.kind is Kind.ACCOUNT]",
        ("tests/hub/rest/test_login.py",),
    ),
    Fault(
        "each node counts failed logins for itself",
        "hub/assembly.py",
        "LocalAttempts(trio.current_time) if bus is None else store.attempts",
        "LocalAttempts(trio.current_time)",
        (LOGIN,),
    ),
    Fault(
        "two nodes count concurrent failed logins as one",
        "persistence/postgres/routines/attempts.sql",
        "INSERT INTO attempts AS a (key, times, ends)\n"
        "        VALUES (its_keys[i], '{}', clock_timestamp() + length)\n"
        "        ON CONFLICT (key) DO UPDATE SET ends = a.ends\n"
        "        RETURNING times INTO counted;",
        "SELECT a.times INTO counted FROM attempts a WHERE a.key = its_keys[i];\n"
        "        INSERT INTO attempts AS a (key, times, ends)\n"
        "        VALUES (its_keys[i], '{}', clock_timestamp() + length)\n"
        "        ON CONFLICT (key) DO NOTHING;",
        ("tests/persistence/attempts/test_postgres.py",),
    ),
    Fault(
        "old failed logins are not deleted from the database",
        "persistence/postgres/routines/attempts.sql",
        "WHERE o.ends < clock_timestamp()",
        "WHERE false",
        ("tests/persistence/attempts/test_postgres.py",),
    ),
    Fault(
        "failed logins in the database count for ever",
        "persistence/postgres/routines/attempts.sql",
        "WHERE t > moment - length ORDER BY t",
        "ORDER BY t",
        ("tests/persistence/attempts/test_postgres.py",),
    ),
    Fault(
        "an email address can be verified with any link of its owner",
        "persistence/postgres/accounts.py",
        "DELETE FROM proposed_emails WHERE user_id = $1 AND digest = $2\n",
        "DELETE FROM proposed_emails WHERE user_id = $1 AND $2::bytea IS NOT NULL\n",
        ("tests/persistence/test_accounts.py",),
    ),
    Fault(
        "a link that verifies an email address never expires",
        "persistence/postgres/accounts.py",
        "RETURNING email, ends_at > now() AS is_good",
        "RETURNING email, ends_at IS NOT NULL AS is_good",
        ("tests/persistence/test_accounts.py",),
    ),
)
