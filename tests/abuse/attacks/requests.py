"""Requests of strangers: public pages, refused calls, and malformed requests."""

from collections.abc import Sequence
from typing import Final

from tests.abuse.field import Attack, Who, requests
from tests.abuse.wire import call, handshake, request

HEADERS: Final = [f"X-{number}: {'x' * 90}" for number in range(150)]
JSON_OF_10_MB: Final = b'{"a":"' + b"x" * 10_000_000 + b'"}'
DEEP: Final = b"[" * 30_000 + b"]" * 30_000
STATIC: Final = ("/web/app/main.js", "/web/sdk/client.js")
IS_JSON: Final = "Content-Type: application/json"

ATTACKS: Final[Sequence[Attack]] = (
    Attack(
        "pages that are not there", Who.STRANGER, "REST", requests(lambda _: request("GET", "/no"))
    ),
    Attack("the web client's page", Who.STRANGER, "REST", requests(lambda _: request("GET", "/"))),
    Attack(
        "static files",
        Who.STRANGER,
        "REST",
        requests(lambda _: b"".join(request("GET", path) for path in STATIC)),
    ),
    Attack(
        "openapi.json",
        Who.STRANGER,
        "REST",
        requests(lambda _: request("GET", "/openapi.json")),
    ),
    Attack(
        "heads of 15 KB",
        Who.STRANGER,
        "head",
        requests(lambda _: request("GET", "/no", "", b"", *HEADERS)),
    ),
    Attack("malformed heads", Who.STRANGER, "head", requests(lambda _: b"\x00\r\n\r\n")),
    Attack(
        "10 MB of JSON to uploads",
        Who.STRANGER,
        "body",
        requests(lambda _: request("POST", "/api/upload", "", JSON_OF_10_MB, IS_JSON), 4, 1),
    ),
    Attack(
        "60 KB of nested JSON to the login",
        Who.STRANGER,
        "body",
        requests(lambda _: request("POST", "/api/auth/login", "", DEEP, IS_JSON), 8, 1),
    ),
    Attack(
        "forged sessions on /ws",
        Who.STRANGER,
        "handshake",
        requests(lambda _: handshake("/ws", "Cookie: session_token=forged"), 16, 1),
    ),
    Attack(
        "forged sessions over REST",
        Who.STRANGER,
        "REST",
        requests(lambda _: call("GET", "/api/users/profile", "Cookie: session_token=forged")),
    ),
)
