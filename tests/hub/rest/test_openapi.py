"""The description of the calls."""

import tomllib

import hub.rest.routes
from hub.rest.app import discover
from tests.support.documents.pages import ROOT
from tests.support.world import World


async def test_the_document_describes_every_route(timed_world: World) -> None:
    document = (await timed_world.call("GET", "/openapi.json")).json
    described = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    for claim in discover(hub.rest.routes):
        assert described & {(claim.endpoint.method, path) for path in claim.paths}
    assert len(described) == len(discover(hub.rest.routes))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert document["info"]["version"] == project["version"]
    send = document["paths"]["/api/messages"]["post"]
    schema = send["requestBody"]["content"]["application/json"]["schema"]
    assert {
        "content", "client_id", "recipient_id", "receiver_id",
        "message_type", "file_url", "parent_id",
    } == set(schema["properties"])  # fmt: skip
    assert {"201", "400", "401", "403", "404", "409", "503"} == set(send["responses"])
