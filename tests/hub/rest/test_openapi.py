"""The description of the calls. Every test with a `World` also checks that each response is as
described: see tests/support/documents/openapi.py.
"""

import tomllib
from typing import Any

import pytest
import schemathesis
from starlette.responses import Response

import hub.rest.routes
from hub.http.responses import JSON
from hub.rest.app import discover
from hub.rest.endpoint import Endpoint
from hub.rest.openapi import describe
from protocol.rest import RestDialect
from tests.support.documents.openapi import flaw_of
from tests.support.documents.pages import ROOT
from tests.support.world import World

CLAIMS = discover(hub.rest.routes)
DOCUMENT: Any = describe(
    [(claim.dialect, claim.endpoint, claim.paths[0]) for claim in CLAIMS], "private_messages"
)
OPERATIONS = {
    f"{method} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
SCHEMAS = DOCUMENT["components"]["schemas"]


async def test_the_document_describes_every_route(timed_world: World) -> None:
    document = (await timed_world.call("GET", "/openapi.json")).json
    described = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    for claim in CLAIMS:
        assert described & {(claim.endpoint.method, path) for path in claim.paths}
    assert len(described) == len(CLAIMS)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert document["info"]["version"] == project["version"]


def test_the_document_is_valid_openapi() -> None:
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    broken = {**DOCUMENT, "info": {}}
    with pytest.raises(Exception, match="title"):
        schemathesis.openapi.from_dict(broken).validate()


def test_one_call_is_described_in_full() -> None:
    send = OPERATIONS["post /api/messages"]
    body = send["requestBody"]["content"]["application/json"]["schema"]
    name = "private_messages.rest.AddressedMessageBody"
    assert body == {"$ref": f"#/components/schemas/{name}"}
    assert set(SCHEMAS[name]["properties"]) == {
        "content", "client_id", "recipient_id", "receiver_id",
        "message_type", "file_url", "parent_id",
    }  # fmt: skip
    assert set(send["responses"]) == {
        "201", "400", "401", "403", "404", "408", "409", "413", "415", "422", "429", "503",
    }  # fmt: skip
    assert send["security"] == [{"session_token": []}]  # a token selects another dialect here
    assert OPERATIONS["get /api/blocks"]["security"] == [{"session_token": []}, {"bearer": []}]
    conflict = send["responses"]["409"]["content"]["application/json"]["schema"]
    assert conflict["$ref"].endswith("/private_messages.rest.ErrorObject")
    assert conflict["properties"]["code"]["enum"] == ["key_conflict"]


def test_a_path_of_several_dialects_is_described_for_its_default_dialect() -> None:
    assert OPERATIONS["post /api/messages"]["tags"] == ["private_messages"]
    assert OPERATIONS["post /learning_platform/api/messages"]["tags"] == ["learning_platform"]
    assert OPERATIONS["post /api/upload"]["tags"] == ["learning_platform"]  # it owns the call
    assert OPERATIONS["post /private_messages/api/upload"]["tags"] == ["private_messages"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_response_and_error_has_a_schema(name: str) -> None:
    for status, response in OPERATIONS[name]["responses"].items():
        for media, content in response.get("content", {"": {}}).items():
            is_file = name.endswith("/uploads/{day}/{name}") and status in {"200", "206"}
            is_empty = status in {"303", "304"} and media == ""
            assert "schema" in content or is_file or is_empty, status
            if status >= "400" and media == "application/json" and status != "413":
                codes = content["schema"].get("properties", {}).get("code", {}).get("enum")
                assert codes or name == "get /readyz", status


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_parameter_has_a_type_and_every_integer_has_bounds(name: str) -> None:
    for parameter in OPERATIONS[name]["parameters"]:
        schema = parameter["schema"]
        assert schema["type"] in {"integer", "string"}
        assert schema["type"] == "string" or {"minimum", "maximum"} <= schema.keys()


def test_a_response_that_is_not_as_described_is_noticed() -> None:
    """Shows that the check in every test with a `World` can fail."""
    endpoint, surface = _call("GET", "/api/messages/unread-count")
    assert flaw_of(surface, endpoint, JSON({"count": 1})) is None
    assert "status" in _flaw(surface, endpoint, JSON({"count": 1}, 418))
    assert "more" in _flaw(surface, endpoint, JSON({"count": 1, "more": 2}))
    assert "count" in _flaw(surface, endpoint, JSON({}))
    assert "text/html" in _flaw(surface, endpoint, Response(b"1", 200, media_type="text/html"))
    refused = JSON(surface.error(503, "no", "no_such_code"), 503)
    assert "no_such_code" in _flaw(surface, endpoint, refused)


def _flaw(surface: RestDialect, endpoint: Endpoint, response: Response) -> str:
    return flaw_of(surface, endpoint, response) or ""


def _call(method: str, path: str) -> tuple[Endpoint, RestDialect]:
    return next(
        (claim.endpoint, claim.dialect)
        for claim in CLAIMS
        if (claim.endpoint.method, claim.endpoint.path) == (method, path)
    )
