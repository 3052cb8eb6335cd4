"""Calls that schemathesis makes of a hub's OpenAPI document, with each kind of login.

Guarantees: no response is a 5xx, and each is as documented: its status, media type and schema; a
call that needs a login is refused without one. The accounts and their data are made over REST.
"""

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from subprocess import STDOUT
from typing import Final

import trio
from attrs import field, frozen

from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.http import Reply, request

CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "ignored_auth",
)
"""Without `negative_data_rejection`: a parameter that is malformed counts as missing."""
LEFT_OUT: Final = (
    "/auth/logout",  # would end the login of the calls after it
    "/ai-chat",  # 500 without an assistant, as its clients expect
)
PASSWORD: Final = "correct horse"
FIRST_IDS: Final = range(1, 7)
_KNOWN_IN: Final = 0.7  # the share of calls that use a value that exists


@frozen
class Login:
    """The login that calls are made with.

    Args:
        name: for the report.
        headers: the headers that sign a call in.
        tags: the REST dialects whose calls are made; empty: all.
        known: by parameter, values that exist.
    """

    name: str
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    tags: Sequence[str] = ()
    known: Mapping[str, Sequence[object]] = field(factory=dict)


@frozen
class Hub:
    """A running hub."""

    host: str
    port: int

    async def call(self, method: str, path: str, body: object = None, cookie: str = "") -> Reply:
        """One call, which must succeed."""
        async with await trio.open_tcp_stream(self.host, self.port) as stream:
            reply = await request(stream, method, path, body, {"Cookie": cookie} if cookie else {})
        assert reply.status < 400, f"{method} {path}: {reply.status} {reply.text}"
        return reply


async def sign_in(hub: Hub) -> list[Login]:
    """Make accounts with data to see; returns a login of each kind."""
    private = [await _private(hub, name) for name in ("ann", "ben")]
    (ann_id, ann), (ben_id, ben) = private
    await hub.call("POST", f"/private_messages/api/messages/{ben_id}", {"content": "hi"}, ann)
    await hub.call("POST", f"/private_messages/api/messages/{ann_id}", {"content": "oh"}, ben)
    pupil, teacher = [await _platform(hub, name) for name in ("student", "teacher")]
    platform = partial(hub.call, cookie=teacher[1])
    workspace = (await platform("POST", "/api/workspaces", {"name": "School"})).json["id"]
    member = {"userId": pupil[0]}
    await platform("POST", f"/api/workspaces/{workspace}/members", member)
    channels = f"/api/workspaces/{workspace}/channels"
    channel = (await platform("POST", channels, {"name": "general"})).json["id"]
    post = {"channelId": channel, "content": "homework", "isHomework": True}
    await platform("POST", "/learning_platform/api/messages", post)
    dm = f"conv_{min(pupil[0], teacher[0])}_{max(pupil[0], teacher[0])}"
    token = await hub.call("POST", "/learning_platform/api/auth/token", None, pupil[1])
    ids = dict.fromkeys(("user_id", "workspace_id", "channel_id", "message_id"), FIRST_IDS)
    known = {**ids, "conversation_id": [dm], "userId": [pupil[0], teacher[0]]}
    uuids = {
        "channel_id": [to_uuid(IdKind.CHANNEL, number) for number in FIRST_IDS],
        "message_id": [to_uuid(IdKind.MESSAGE, number) for number in FIRST_IDS],
    }
    bearer = {"Authorization": f"Bearer {token.json['token']}"}
    platform_calls = ["learning_platform", "messenger"]
    return [
        Login("nobody"),
        Login("session_token", {"Cookie": ann}, ["private_messages"], known),
        Login("connect.sid of a pupil", {"Cookie": pupil[1]}, platform_calls, known),
        Login("connect.sid of a teacher", {"Cookie": teacher[1]}, platform_calls, known),
        Login("bearer", bearer, ["channel_messages"], uuids),
    ]


async def _private(hub: Hub, name: str) -> tuple[int, str]:
    """The id and the cookie of a new user of `/ws`."""
    account = {
        "email": f"{name}@example.org",
        "password": PASSWORD,
        "first_name": name,
        "last_name": "Test",
        "date_of_birth": "2000-01-01",
    }
    made = await hub.call("POST", "/private_messages/api/auth/register", account)
    session = await hub.call("POST", "/private_messages/api/auth/login", account)
    return made.json["user_id"], _cookie(session)


async def _platform(hub: Hub, role: str) -> tuple[int, str]:
    """The id and the cookie of a new user of the learning platform."""
    account = {
        "username": role,
        "password": PASSWORD,
        "name": role,
        "email": f"{role}@example.org",
        "role": role,
    }
    made = await hub.call("POST", "/learning_platform/api/auth/register", account)
    return made.json["id"], _cookie(made)


def _cookie(reply: Reply) -> str:
    return reply.headers["set-cookie"].partition(";")[0]


async def run(hub: Hub, login: Login, *options: str) -> tuple[bool, str]:
    """Make the calls. Returns whether all responses were right, and the report."""
    url = f"http://{hub.host}:{hub.port}/openapi.json"
    arguments = [f"--checks={','.join(CHECKS)}", "--generation-database=none"]
    arguments += ["--generation-with-security-parameters=false", "--no-color", *options]
    arguments += ["--exclude-path-regex", f"({'|'.join(LEFT_OUT)})$"]
    for tag in login.tags:
        arguments += ["--include-tag", tag]
    for name, value in login.headers.items():
        arguments += ["--header", f"{name}:{value}"]
    program = [sys.executable, "-m", "schemathesis.cli"]
    with tempfile.TemporaryDirectory(prefix="parlour-test-") as folder:
        configuration = Path(folder) / "schemathesis.toml"
        configuration.write_text(_configuration(login.known))
        command = [*program, "--config-file", str(configuration), "run", url, *arguments]
        done = await trio.run_process(
            command, capture_stdout=True, stderr=STDOUT, check=False, cwd=folder
        )
    return done.returncode == 0, done.stdout.decode()


def _configuration(known: Mapping[str, Sequence[object]]) -> str:
    """The configuration of schemathesis, as TOML: its lists of numbers and texts look like JSON."""
    dictionaries = [
        f"[dictionaries.{name}]\nvalues = {json.dumps(list(values))}"
        for name, values in known.items()
    ]
    parameters = [
        f'{name} = {{ dictionary = "{name}", probability = {_KNOWN_IN} }}' for name in known
    ]
    return "\n".join((*dictionaries, "[parameters]", *parameters))
