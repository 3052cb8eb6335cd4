"""`python -m tests.fuzz.logins --inputs 100000`: requests to every endpoint that signs a user in,
issues a token or changes an account, on a whole hub. No response may be a 5xx.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import trio
from attrs import frozen
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from hub.settings.choices import LogFormat, LogLevel
from hub.settings.logs import configure_logging
from tests.fuzz.targets import VALUES
from tests.support.stores.memory import new_memory_store
from tests.support.world import Person, World, open_world

EXAMPLES_PER_RUN = 2_000  # to one hub: the store in memory searches all of its accounts
HOUR = timedelta(hours=1)
CALLS = [
    *(
        (method, f"/{dialect}{path}")
        for dialect in ("private_messages", "learning_platform")
        for method, path in (
            ("POST", "/api/auth/register"),
            ("POST", "/api/auth/login"),
            ("POST", "/api/auth/token"),
            ("POST", "/api/auth/logout"),
            ("PUT", "/api/users/change-password"),
            ("PUT", "/api/users/me/email"),
            ("DELETE", "/api/users/me"),
            ("GET", "/api/users/me/sessions"),
            ("DELETE", "/api/users/me/sessions/{}"),
        )
    ),
    ("GET", "/private_messages/api/auth/session"),
    ("POST", "/learning_platform/api/auth/session"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/register"),
]
GOOD = {
    "email": "ann@example.org", "username": "ann", "password": "correct horse", "name": "Ann",
    "first_name": "Ann", "last_name": "Lee", "date_of_birth": "2000-12-31", "role": "student",
    "current_password": "correct horse", "new_password": "correct horse", "all_dialects": True,
    "currentPassword": "correct horse", "newPassword": "correct horse", "nickname": "annie",
}  # fmt: skip
TEXTS = st.text(max_size=40) | st.sampled_from(
    ["ann@example.org", "ANN", "\u0130vict\u0130m", "\x00", "a\u202eb", "\ud800", "x" * 2_000,
     "\uff41nn@example.org", "a@b@c", "@", "' OR 1=1--", "2000-02-30", "9" * 40, "\u200b"]
)  # fmt: skip
BODIES = st.dictionaries(st.sampled_from(sorted(GOOD)), TEXTS | VALUES, max_size=4).map(
    lambda odd: json.dumps(GOOD | odd).encode()
) | (
    st.binary(max_size=80)
    | (VALUES | st.dictionaries(st.text(), VALUES, max_size=4)).map(
        lambda value: json.dumps(value).encode()
    )
)
HEADER_TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
CREDENTIALS = st.sampled_from(["own", "platform", "token"]) | st.tuples(
    st.sampled_from(["Cookie", "Authorization", "Origin", "Content-Type", "X-Forwarded-For"]),
    HEADER_TEXT | HEADER_TEXT.map("session_token={}".format) | HEADER_TEXT.map("Bearer {}".format)
    | HEADER_TEXT.map("connect.sid=s%3A{}".format),
)  # fmt: skip


@frozen
class Request:
    """One request."""

    call: tuple[str, str]
    number: str
    body: bytes
    credentials: str | tuple[str, str]


REQUESTS = st.builds(
    Request, st.sampled_from(CALLS), st.sampled_from(["1", "0", "-1", "9" * 30, "x", "%00"]),
    BODIES, CREDENTIALS,
)  # fmt: skip


async def ask(world: World, ann: Person, request: Request) -> int:
    """The status of the response; a 5xx fails."""
    method, path = request.call
    headers = dict([request.credentials]) if isinstance(request.credentials, tuple) else {}
    reply = await world.call(
        method,
        path.format(request.number),
        request.body,
        {**credentials_of(ann, request.credentials), **headers},
    )
    assert reply.status < 500, f"{method} {path}: {reply.status} {reply.text}"
    return reply.status


def credentials_of(ann: Person, kind: object) -> Mapping[str, str]:
    match kind:
        case "own":
            return {"Cookie": ann.cookie}
        case "platform":
            return {"Cookie": ann.platform_cookie}
        case "token":
            tokens = ann.world.services.tokens
            return {"Authorization": f"Bearer {tokens.issue(str(ann.id), HOUR, ann.session_id)}"}
        case _:
            return {}


async def fuzz_logins(inputs: int, start: int = 0) -> Counter[int]:
    """Make at least so many requests; returns the number of responses by status.

    Raises what was wrong with a response, for the smallest request that gets it.
    """
    statuses: Counter[int] = Counter()
    while statuses.total() < inputs:
        await _run(min(inputs, EXAMPLES_PER_RUN), start, statuses)
        start += 1
    return statuses


async def _run(examples: int, start: int, statuses: Counter[int]) -> None:
    """Make this many requests to a new hub."""
    many: dict[str, Any] = {
        "login_attempts": 1_000,
        "login_attempts_per_address": 1_000_000,
        "address_requests_per_second": 1_000_000,
    }
    async with open_world(new_memory_store(), **many) as world:
        person = [await world.person("eve")]

        async def step(request: Request) -> None:
            if await world.store.sessions.get(person[0].session_id) is None:
                person[0] = await world.person(f"eve{statuses.total()}")
            statuses[await ask(world, person[0], request)] += 1

        @seed(start)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        )
        @given(REQUESTS)
        def check(request: Request) -> None:
            trio.from_thread.run(step, request)

        await trio.to_thread.run_sync(check)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.logins")
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0, help="another start, other inputs")
    options = parser.parse_args()
    configure_logging(LogLevel.ERROR, LogFormat.CONSOLE)
    statuses = trio.run(fuzz_logins, options.inputs, options.start)
    print(f"{statuses.total()} requests: {json.dumps(dict(sorted(statuses.items())))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
