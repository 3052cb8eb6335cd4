"""The HTTP application: every endpoint of `hub.rest.routes`, behind one set of rules.

Guarantees: a module joins by defining `SURFACE` and `ENDPOINTS`; nothing lists them. A path that
several REST dialects have is routed to the one that the request means; below `/<name>` each REST
dialect is alone. Must not know: any endpoint by name.
"""

import importlib
import pkgutil
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import ModuleType
from typing import Final, TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.assembly import Services
from hub.engineio.server import EngineServer
from hub.http.responses import JSON
from hub.rest.endpoint import Endpoint
from hub.rest.openapi import describe
from hub.rest.selection import choose
from hub.rest.web import web_routes
from protocol.rest import RestDialect

ENGINE_METHODS: Final = (
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
)  # some of which it refuses
_CODES: Final = {404: "not_found", 405: "method_not_allowed"}

Claim: TypeAlias = tuple[RestDialect, Endpoint]


def discover(*packages: ModuleType) -> list[Claim]:
    """The endpoints of every module of the packages; fixed paths come before patterns."""
    found: list[Claim] = []
    for package in packages:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            imported = importlib.import_module(module.name)
            endpoints: tuple[Endpoint, ...] = getattr(imported, "ENDPOINTS", ())
            found += [(imported.SURFACE, endpoint) for endpoint in endpoints]
    return sorted(found, key=lambda claim: (claim[1].path.count("{"), claim[1].path))


def build_app(
    services: Services, engines: Mapping[str, EngineServer], claims: Sequence[Claim]
) -> Starlette:
    """The ASGI application over `services`: REST, and Engine.IO's polling on its paths."""
    document = describe(claims, services.config.rest_default.value)

    async def openapi(_: Request) -> Response:
        return JSON(document)

    routes = [Route("/openapi.json", openapi, methods=["GET"])]
    if services.config.web_client:
        routes += web_routes()
    for path, engine in engines.items():
        routes.append(Route(path, engine.answer, methods=list(ENGINE_METHODS)))
    for path, methods in _by_path(claims).items():
        routes.append(Route(path, _answer_with(methods, services), methods=list(methods)))
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=services.config.allowed_origins,
                allow_credentials=True,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
                allow_headers=["Content-Type", "Authorization", "Idempotency-Key"],
            )
        ],
        exception_handlers={HTTPException: _starlette_error},
    )


_Methods: TypeAlias = Mapping[str, Mapping[RestDialect, Endpoint]]


def _by_path(claims: Sequence[Claim]) -> Mapping[str, _Methods]:
    """Path with numbered parameters -> method -> the REST dialects that have it."""
    paths: dict[str, dict[str, dict[RestDialect, Endpoint]]] = {}
    for surface, endpoint in claims:
        plain, mount = _numbered(endpoint.path), f"/{surface.name}"
        is_mounted = plain.startswith(f"{mount}/")  # the plain path belongs to another REST dialect
        for path in (plain,) if is_mounted else (plain, mount + plain):
            claimed = paths.setdefault(path, {}).setdefault(endpoint.method, {})
            if surface in claimed:
                raise ValueError(f"{endpoint.method} {endpoint.path} is claimed twice")
            claimed[surface] = endpoint
    return paths


def _numbered(path: str) -> str:
    """`/a/{user_id}` -> `/a/{p0}`, because REST dialects name their parameters differently."""
    parts = re.split(r"{\w+}", path)
    return parts[0] + "".join(f"{{p{n}}}{part}" for n, part in enumerate(parts[1:]))


def _answer_with(methods: _Methods, services: Services) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        claimed = methods[method]
        surface = await choose(claimed, request, services.config.rest_default.value)
        endpoint = claimed[surface]
        values = request.path_params.values()
        names = re.findall(r"{(\w+)}", endpoint.path)
        request.scope["path_params"] = dict(zip(names, values, strict=True))
        return await endpoint.answer(request, services, surface)

    return answer


async def _starlette_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class alone
    code = _CODES.get(error.status_code, "bad_request")
    text = error.detail
    body = {
        "error": text,
        "message": text,
        "code": code,
    }  # the REST dialect is unknown here: both spellings
    return JSON(body, error.status_code, error.headers)
