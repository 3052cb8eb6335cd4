"""Checks every response of a hub's REST calls against the OpenAPI document: its status, its media
type, and its body, which has exactly the fields that are described.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import cache
from types import ModuleType
from typing import Any

import attrs
import jsonschema_rs
import trio
from attrs import evolve, frozen
from starlette.requests import Request
from starlette.responses import Response

from hub.assembly import Services
from hub.http.responses import Streamed
from hub.rest.app import Claim, discover
from hub.rest.endpoint import Endpoint
from hub.rest.openapi import PLACE, responses_of
from protocol.rest import RestDialect
from protocol.schemas import Schemas

_FLAWS: trio.lowlevel.RunVar[list[str]] = trio.lowlevel.RunVar("flaws")


def flaws_of_answers() -> list[str]:
    """The differences between responses and the document in this run of trio."""
    try:
        return _FLAWS.get()
    except LookupError:
        _FLAWS.set(flaws := list[str]())
        return flaws


@cache
def checked(*packages: ModuleType) -> Sequence[Claim]:
    """The calls of these packages; differences from the document go to `flaws_of_answers`."""
    claims = discover(*packages)
    by_id = {id(claim.endpoint): claim.endpoint for claim in claims}
    watched = {key: _watched(endpoint) for key, endpoint in by_id.items()}
    return tuple(evolve(claim, endpoint=watched[id(claim.endpoint)]) for claim in claims)


def _watched(endpoint: Endpoint) -> "_Watched":
    same: dict[str, Any] = {
        each.name: getattr(endpoint, each.name) for each in attrs.fields(Endpoint)
    }
    return _Watched(**same, real=endpoint)


@frozen(eq=False, kw_only=True)
class _Watched(Endpoint):
    real: Endpoint

    async def answer(
        self,
        request: Request,
        services: Services,
        surface: RestDialect,
        until_sent: AsyncExitStack,
    ) -> Response:
        response = await self.real.answer(request, services, surface, until_sent)
        flaw = flaw_of(surface, self.real, response)
        if flaw is not None:
            call = f"{surface.name}: {self.method} {self.path} {response.status_code}"
            flaws_of_answers().append(f"{call}: {flaw}: {bytes(response.body)[:500]!r}")
        return response


def flaw_of(surface: RestDialect, endpoint: Endpoint, response: Response) -> str | None:
    """How a response differs from the document; None if it does not."""
    contents = _contents(surface, endpoint)
    if response.status_code not in contents:
        return "the status is not documented"
    content = contents[response.status_code]
    media = (response.headers.get("content-type") or "").partition(";")[0]
    if content is None or "*/*" in content:
        return None
    if media not in content:
        return f"the type {media!r} is not documented"
    if isinstance(response, Streamed):  # it has no body yet
        return None
    body = bytes(response.body)
    value = json.loads(body) if media == "application/json" else body.decode()
    errors = [each.message for each in content[media].iter_errors(value)]
    return "; ".join(errors) or None


@cache
def _contents(
    surface: RestDialect, endpoint: Endpoint
) -> Mapping[int, Mapping[str, jsonschema_rs.Draft202012Validator] | None]:
    """The validators of bodies, by status, by media type; None if there is no body."""
    schemas = Schemas(PLACE)
    responses: Any = responses_of(surface, endpoint, schemas)
    shared = {"components": {"schemas": schemas.definitions}}
    return {
        status: {
            media: jsonschema_rs.Draft202012Validator(
                {**each.get("schema", {}), **shared}, validate_formats=True
            )
            for media, each in response["content"].items()
        }
        if "content" in response
        else None
        for status, response in responses.items()
    }
