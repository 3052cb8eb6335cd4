"""The OpenAPI 3.1 document, derived from the endpoints themselves, so that it cannot drift.

The schema of a response is the type that its handler declares to return, that of an error the
return type of its dialect's error function, that of a body the class that it is read into.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final, TypeAlias, get_args, get_origin, get_type_hints

from starlette.responses import PlainTextResponse

from hub.http.responses import JSON, Streamed
from hub.rest.endpoint import SAFE_METHODS, Endpoint
from hub.rest.parameters import Cursor, Number
from protocol.errors import ErrorCode
from protocol.rest import RestDialect
from protocol.schemas import Schemas, enumeration

PLACE: Final = "#/components/schemas/"
_JSON: Final = JSON.media_type
_TEXT: Final = PlainTextResponse.media_type
_NO_CONTENT: Final = frozenset({204, 303, 304})
_BODY_CODES: Final = (ErrorCode.INVALID_JSON, ErrorCode.INVALID_FRAME, ErrorCode.INVALID_FIELD)


_Claim: TypeAlias = tuple[RestDialect, Endpoint, str]


def describe(claims: Sequence[_Claim], default: str, url: str | None = None) -> dict[str, object]:
    """An OpenAPI 3.1 document of the endpoints, each with its REST dialect and its path.

    `url` is the hub's address, if it differs from that of the document.

    A call that several REST dialects have is listed at its plain path for the dialect that is
    chosen when nothing else decides, and below their mount prefixes for the others.
    """
    paths: dict[str, dict[str, object]] = {}
    schemas = Schemas(PLACE)
    shared: dict[tuple[str, str], list[_Claim]] = {}
    for surface, endpoint, path in claims:
        shape = (endpoint.method, re.sub(r"{\w+}", "{}", path))
        shared.setdefault(shape, []).append((surface, endpoint, path))
    for claimants in shared.values():
        for surface, endpoint, path in _at_their_paths(claimants, default):
            operation = _operation(surface, endpoint, schemas)
            is_plain = path == endpoint.path
            if is_plain and surface.cookie and any(each.cookie is None for each, *_ in claimants):
                operation["security"] = _logins(surface)[:1]  # a token means another dialect here
            paths.setdefault(path, {})[endpoint.method.lower()] = operation
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
            "schemas": schemas.definitions,
        },
        "paths": paths,
    }


def _at_their_paths(claimants: Sequence[_Claim], default: str) -> Iterator[_Claim]:
    """The calls of one method and path, each where it is documented."""
    is_one_call = len({id(endpoint) for _, endpoint, _ in claimants}) == 1
    (surface, endpoint, path), *others = sorted(
        claimants,
        key=lambda claim: (not is_one_call and claim[0].name != default, claim[0].cookie is None),
    )
    yield surface, endpoint, path
    for surface, endpoint, _ in others:
        yield surface, endpoint, f"/{surface.name}{endpoint.path}"


def _operation(surface: RestDialect, endpoint: Endpoint, schemas: Schemas) -> dict[str, object]:
    responses = responses_of(surface, endpoint, schemas)
    operation: dict[str, object] = {
        "summary": endpoint.summary,
        "tags": [surface.name],
        "parameters": [*_path_parameters(surface, endpoint, schemas), *_parameters(endpoint)],
        "security": [] if endpoint.open_to_all else _logins(surface),
        "responses": {str(status): response for status, response in sorted(responses.items())},
    }
    if endpoint.body is not None:
        schema = schemas.of(endpoint.body, surface.naming)
        content = {endpoint.media: {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _path_parameters(
    surface: RestDialect, endpoint: Endpoint, schemas: Schemas
) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for name in re.findall(r"{(\w+)}", endpoint.path):
        usual = surface.identifier if name.endswith("_id") else str
        schema = schemas.of(endpoint.path_types.get(name, usual))
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    return found


def _parameters(endpoint: Endpoint) -> list[dict[str, object]]:
    return [
        {
            "name": parameter.name,
            "in": parameter.place,
            "description": parameter.meaning,
            "required": parameter.is_required,
            "schema": parameter.schema,
        }
        for parameter in endpoint.parameters
    ]


def _logins(surface: RestDialect) -> list[dict[str, list[str]]]:
    names = [*([] if surface.cookie is None else [surface.cookie]), "bearer"]
    return [{name: []} for name in names]


def responses_of(
    surface: RestDialect, endpoint: Endpoint, schemas: Schemas
) -> dict[int, dict[str, Any]]:
    """By status, the response object of a call of a dialect."""
    found: dict[int, dict[str, Any]] = {}
    answer = _answer(endpoint, schemas)
    for status, meaning in endpoint.answers.items():
        if isinstance(meaning, str):
            content = {} if status in _NO_CONTENT else {"content": answer}
            found[status] = {"description": meaning, **content}
    error = schemas.of(get_type_hints(surface.error, include_extras=True)["return"])
    for status, codes in _codes(surface, endpoint).items():
        schema = {**error, "properties": {_code_field(surface): enumeration(codes)}}
        content = {_JSON: {"schema": schema}}
        found.setdefault(status, {"description": " or ".join(codes), "content": content})
    if isinstance(surface.unauthorized, str) and not endpoint.open_to_all:
        schema = {"type": "string", "const": surface.unauthorized}
        found[401] = {"description": "no live session", "content": {_TEXT: {"schema": schema}}}
    return found


def _code_field(surface: RestDialect) -> str:
    """The field of an error that holds its code."""
    code = ErrorCode.INTERNAL
    return next(name for name, value in surface.error(500, "", code).items() if value == code)


def _answer(endpoint: Endpoint, schemas: Schemas) -> dict[str, object]:
    """The content of a response that is no error."""
    declared = get_type_hints(endpoint.handle, include_extras=True)["return"]
    if isinstance(declared, type) and issubclass(declared, Streamed):
        return {str(declared.media_type): {"schema": {"type": "string"}}}
    if get_origin(declared) is not JSON:
        return {"*/*": {}}
    (shape,) = get_args(declared)
    return {_JSON: {"schema": schemas.of(shape)}}


def _codes(surface: RestDialect, endpoint: Endpoint) -> Mapping[int, Sequence[str]]:
    """By status, the codes of an endpoint's errors, with those that every such endpoint has."""
    found: dict[int, list[str]] = {429: ["too_many_requests"], 503: [ErrorCode.UNAVAILABLE]}
    if endpoint.costs:
        found[429].append(ErrorCode.RATE_LIMITED)
    if not (endpoint.open_to_all or isinstance(surface.unauthorized, str)):
        found[401] = [str(surface.unauthorized[_code_field(surface)])]
    if endpoint.method not in SAFE_METHODS:
        found[403] = ["origin_refused"]
    if endpoint.body is not None:
        found |= {408: ["request_timeout"], 413: ["body_too_large"]}
    if endpoint.body is not None and endpoint.media == _JSON:
        found |= {400: list(_BODY_CODES), 415: ["json_required"]}
    if any(isinstance(each, Number | Cursor) for each in endpoint.parameters):
        known = found.setdefault(400, [])
        known += [code for code in (ErrorCode.INVALID_FIELD,) if code not in known]
    for status, codes in endpoint.answers.items():
        if not isinstance(codes, str):
            known = found.setdefault(status, [])
            known += [code for code in codes if code not in known]
    return found
