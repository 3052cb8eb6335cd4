"""The HTTP application: every endpoint of the modules beside this file, behind one set of rules.

Guarantees: a module joins by defining `ENDPOINTS`; nothing lists them. Every error is JSON with a
text and a stable code. Must not know: any endpoint by name.
"""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import hub.http
from hub.http.endpoint import JSON, Endpoint, HttpError, from_wire
from hub.http.openapi import describe
from hub.services import Services
from persistence.interface import StoreUnavailable
from protocol.errors import ERROR_TEXTS, ErrorCode, WireError

_CODES: Final = {404: "not_found", 405: "method_not_allowed"}


def discover() -> list[Endpoint]:
    """The endpoints of every module of `hub.http`; fixed paths come before patterns."""
    found: list[Endpoint] = []
    for module in pkgutil.iter_modules(hub.http.__path__):
        imported = importlib.import_module(f"hub.http.{module.name}")
        found += getattr(imported, "ENDPOINTS", ())
    return sorted(found, key=lambda endpoint: ("{" in endpoint.path, endpoint.path))


def build_app(services: Services) -> Starlette:
    """The ASGI application over `services`."""
    endpoints = discover()
    document = describe(endpoints)

    async def openapi(_: Request) -> Response:
        return JSON(document)

    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        methods = by_path.setdefault(endpoint.path, {})
        if endpoint.method in methods:
            raise ValueError(f"{endpoint.method} {endpoint.path} is claimed twice")
        methods[endpoint.method] = endpoint
    routes = [
        Route(path, _answer_with(methods, services), methods=list(methods))
        for path, methods in by_path.items()
    ]
    return Starlette(
        routes=[Route("/openapi.json", openapi, methods=["GET"]), *routes],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=services.config.allowed_origins,
                allow_credentials=True,
                allow_methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"],
                allow_headers=["Content-Type", "Authorization", "Idempotency-Key"],
            )
        ],
        exception_handlers={
            HttpError: _http_error,
            WireError: _wire_error,
            StoreUnavailable: _store_unavailable,
            HTTPException: _starlette_error,
        },
    )


def _answer_with(
    methods: dict[str, Endpoint], services: Services
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method].answer(request, services)

    return answer


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HttpError)  # noqa: S101  registered for this class alone
    return JSON({"error": error.text, "code": error.code}, error.status, error.headers)


async def _wire_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, WireError)  # noqa: S101  registered for this class alone
    return await _http_error(request, from_wire(error))


async def _store_unavailable(_: Request, __: Exception) -> Response:
    code = ErrorCode.UNAVAILABLE
    return JSON({"error": ERROR_TEXTS[code], "code": code}, 503, {"Retry-After": "2"})


async def _starlette_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class alone
    code = _CODES.get(error.status_code, "bad_request")
    return JSON({"error": error.detail, "code": code}, error.status_code, error.headers)
