"""Passwords and accounts: requests that cost a hash."""

from collections.abc import Sequence
from itertools import count
from typing import Final

from tests.abuse.field import BROKEN, Attack, Field, Who, ask, at_once, requests
from tests.abuse.wire import Statuses, call

_numbers = count()


async def _every_account(field: Field) -> None:
    """Wrong passwords, each for another name."""

    async def one() -> None:
        try:
            async with await field.connect() as stream:
                statuses = Statuses(field.answers)
                while True:
                    guess = {"email": f"nobody{next(_numbers)}", "password": "wrong password"}
                    await stream.send_all(call("POST", "/api/auth/login", "", guess))
                    data = bytes(await stream.receive_some(65_536))
                    statuses.take(data)
                    if not data:
                        return
        except BROKEN:
            field.answers["cut"] += 1

    await at_once(64, one)


async def _accounts(field: Field) -> None:
    """New accounts."""

    async def one() -> None:
        try:
            number = next(_numbers)
            account = {
                "email": f"new{number}.{field.address}@example.org",
                "password": "correct horse",
                "first_name": "New",
                "last_name": str(number),
                "date_of_birth": "2000-01-01",
            }
            async with await field.connect() as stream:
                await ask(field, stream, call("POST", "/api/auth/register", "", account), 1)
        except BROKEN:
            field.answers["cut"] += 1

    await at_once(16, one)


ATTACKS: Final[Sequence[Attack]] = (
    Attack(
        "wrong passwords for one account",
        Who.STRANGER,
        "login",
        requests(
            lambda field: call(
                "POST",
                "/api/auth/login",
                "",
                {"email": field.peer.username, "password": "wrong password"},
            ),
            32,
            1,
        ),
        has_login=True,
    ),
    Attack("wrong passwords for any name", Who.STRANGER, "login", _every_account, has_login=True),
    Attack("registrations", Who.STRANGER, "login", _accounts, has_login=True),
    Attack(
        "tokens for Socket.IO",
        Who.MANY,
        "login",
        requests(lambda field: call("POST", "/api/auth/token", field.me.cookie, {})),
    ),
    Attack(
        "sessions, one after another",
        Who.MANY,
        "login",
        requests(lambda field: call("POST", "/api/auth/session", field.me.cookie, {})),
    ),
    Attack(
        "passwords changed, with a wrong one",
        Who.MANY,
        "login",
        requests(
            lambda field: call(
                "PUT",
                "/api/users/change-password",
                field.me.cookie,
                {"current_password": "wrong password", "new_password": "another password"},
            )
        ),
        has_login=True,
    ),
)
