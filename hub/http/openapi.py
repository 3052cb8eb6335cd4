"""The OpenAPI document, derived from the endpoints themselves, so that it cannot drift."""

import re
import types
from collections.abc import Iterable
from typing import Any, Final, Union, get_args, get_origin

import attrs

from hub.http.endpoint import Endpoint
from protocol.model import MAX_ID, UserId

_SIMPLE: Final[dict[object, dict[str, object]]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    UserId: {"type": "integer", "minimum": 1, "maximum": MAX_ID},
    type(None): {"type": "null"},
}
_ERROR: Final = {
    "type": "object",
    "required": ["error", "code"],
    "properties": {"error": {"type": "string"}, "code": {"type": "string"}},
}
_FIRST_ERROR: Final = 400


def describe(endpoints: Iterable[Endpoint]) -> dict[str, object]:
    """An OpenAPI 3.1 document of `endpoints`."""
    paths: dict[str, dict[str, object]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parlour", "version": "1"},
        "components": {
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "session_token"}
            },
            "schemas": {"Error": _ERROR},
        },
        "paths": paths,
    }


def _operation(endpoint: Endpoint) -> dict[str, object]:
    names = re.findall(r"{(\w+)}", endpoint.path)
    parameters: list[dict[str, object]] = [
        {"name": name, "in": "path", "required": True, "schema": _schema(UserId)} for name in names
    ]
    parameters += [
        {"name": name, "in": "query", "schema": {"type": "string"}} for name in endpoint.query
    ]
    answers = dict(endpoint.answers)
    if not endpoint.open_to_all:
        answers.setdefault(401, "no live session")
    operation: dict[str, object] = {
        "summary": endpoint.summary,
        "parameters": parameters,
        "security": [] if endpoint.open_to_all else [{"session": []}],
        "responses": {
            str(status): _response(status, text) for status, text in sorted(answers.items())
        },
    }
    if endpoint.body is not None:
        schema = _schema(endpoint.body)
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _response(status: int, text: str) -> dict[str, object]:
    response: dict[str, object] = {"description": text}
    if status >= _FIRST_ERROR:
        reference = {"$ref": "#/components/schemas/Error"}
        response["content"] = {"application/json": {"schema": reference}}
    return response


def _schema(kind: Any) -> dict[str, object]:  # noqa: ANN401  a type, of any kind
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if get_origin(kind) in (Union, types.UnionType):
        return {"anyOf": [_schema(part) for part in get_args(kind)]}
    fields = attrs.fields(attrs.resolve_types(kind))
    return {
        "type": "object",
        "required": [field.name for field in fields if field.default is attrs.NOTHING],
        "properties": {field.name: _schema(field.type) for field in fields},
    }
