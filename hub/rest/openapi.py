"""The OpenAPI document, derived from the endpoints themselves, so that it cannot drift."""

import re
import types
from collections.abc import Callable, Sequence
from enum import Enum
from importlib.metadata import version
from typing import Any, Final, Union, get_args, get_origin

import attrs

from hub.rest.endpoint import Endpoint
from protocol.model import MAX_ID, ChannelId, MessageId, UserId, WorkspaceId
from protocol.rest import RestDialect

_ID: Final[dict[str, object]] = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
_SIMPLE: Final[dict[object, dict[str, object]]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    **dict.fromkeys((ChannelId, MessageId, UserId, WorkspaceId), _ID),
    type(None): {"type": "null"},
}
_ERROR: Final = {
    "type": "object",
    "required": ["code"],
    "properties": {
        "error": {"type": "string"},
        "message": {"type": "string"},
        "code": {"type": "string"},
        "statusCode": {"type": "integer"},
    },
}
_FIRST_ERROR: Final = 400


def describe(
    claims: Sequence[tuple[RestDialect, Endpoint, str]], default: str, url: str | None = None
) -> dict[str, object]:
    """An OpenAPI 3.1 document of the endpoints, each with its REST dialect and its path.

    `url` is the hub's address, where it is another than that of the document.

    A call that several REST dialects have is listed under its plain path for the default, else for
    one that needs no token, and below their mount prefixes for the others.
    """
    paths: dict[str, dict[str, object]] = {}
    claimed: set[tuple[str, str]] = set()
    for surface, endpoint, plain in sorted(
        claims, key=lambda claim: (claim[0].name != default, claim[0].cookie is None)
    ):
        shape = (endpoint.method, re.sub(r"{\w+}", "{}", plain))
        path = f"/{surface.name}{endpoint.path}" if shape in claimed else plain
        claimed.add(shape)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(surface, endpoint)
    cookies = sorted({surface.cookie for surface, _, _ in claims if surface.cookie is not None})
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parlour", "version": version("parlour")},
        **({} if url is None else {"servers": [{"url": url.removesuffix("/")}]}),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                **{
                    cookie: {"type": "apiKey", "in": "cookie", "name": cookie} for cookie in cookies
                },
            },
            "schemas": {"Error": _ERROR},
        },
        "paths": paths,
    }


def _operation(surface: RestDialect, endpoint: Endpoint) -> dict[str, object]:
    names = re.findall(r"{(\w+)}", endpoint.path)
    parameters: list[dict[str, object]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    parameters += [
        {"name": name, "in": "query", "schema": {"type": "string"}} for name in endpoint.query
    ]
    answers = dict(endpoint.answers)
    if not endpoint.open_to_all:
        answers.setdefault(401, "no live session")
    operation: dict[str, object] = {
        "summary": endpoint.summary,
        "tags": [surface.name],
        "parameters": parameters,
        "security": [] if endpoint.open_to_all else _logins(surface),
        "responses": {
            str(status): _response(status, text) for status, text in sorted(answers.items())
        },
    }
    if endpoint.body is not None:
        schema = _schema(endpoint.body, surface.naming)
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _logins(surface: RestDialect) -> list[dict[str, list[str]]]:
    names = [*([] if surface.cookie is None else [surface.cookie]), "bearer"]
    return [{name: []} for name in names]


def _response(status: int, text: str) -> dict[str, object]:
    response: dict[str, object] = {"description": text}
    if status >= _FIRST_ERROR:
        reference = {"$ref": "#/components/schemas/Error"}
        response["content"] = {"application/json": {"schema": reference}}
    return response


def _schema(kind: Any, naming: Callable[[str], str]) -> dict[str, object]:  # noqa: ANN401  a type, of any kind
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(part, naming) for part in get_args(kind)]}
    if origin is tuple:
        return {"type": "array", "items": _schema(get_args(kind)[0], naming)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string", "enum": [member.value for member in kind]}
    fields = attrs.fields(attrs.resolve_types(kind))
    return {
        "type": "object",
        "required": [naming(field.name) for field in fields if field.default is attrs.NOTHING],
        "properties": {naming(field.name): _schema(field.type, naming) for field in fields},
    }
