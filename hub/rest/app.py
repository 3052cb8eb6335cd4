"""The HTTP application: every endpoint of `hub.rest.routes`, behind one set of rules.

Guarantees: a module joins by defining `SURFACE` and `ENDPOINTS`, and `ALSO_FOR` where further REST
dialects have its calls; there is no list of modules. A path that several dialects have is routed to
the dialect that the request means, which also spells the error for a method that no dialect has
there; below `/<name>` each dialect is alone.
Must not know: any endpoint by name.
"""

import hmac
import importlib
import pkgutil
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from types import ModuleType
from typing import Final, TypeAlias

import trio
from attrs import evolve, frozen
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hub.admin.relayed import NotKept
from hub.assembly import Services
from hub.cluster.siblings import ALONE
from hub.engineio.server import EngineServer
from hub.http.asgi import ROUTE
from hub.http.compression import JsonCompression
from hub.http.measuring import Measuring
from hub.http.responses import JSON, undecided_error
from hub.http.static import Lazy, Static
from hub.metrics import METRICS_TYPE, Metrics
from hub.rest.asyncapi import describe_sockets
from hub.rest.certainty import WhileCertain
from hub.rest.endpoint import Endpoint, HttpError
from hub.rest.openapi import describe
from hub.rest.replies import error_response
from hub.rest.routes.admin.gate import AdminEndpoint
from hub.rest.selection import bearer_token, choose
from hub.rest.web import web_routes
from hub.settings.config import Config
from hub.settings.redaction import revealed
from persistence.interface import Audit
from protocol.discovery import Dialects
from protocol.rest import RestDialect

ENGINE_METHODS: Final = (
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
)  # some of which it refuses
EPOCH: Final = "Parlour-Epoch"  # the log to which the seqs in a response belong
_CODES: Final = {404: "not_found", 405: "method_not_allowed"}
_NO_SUCH_METHOD: Final = "There is no such method on this path"


@frozen
class Claim:
    """A call of one REST dialect. `paths`: where it is served; the first is the documented one."""

    dialect: RestDialect
    endpoint: Endpoint
    paths: tuple[str, ...]


def discover(*packages: ModuleType) -> list[Claim]:
    """The endpoints of every module of the packages; fixed paths come before patterns."""
    found: list[Claim] = []
    for package in packages:
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            imported = importlib.import_module(module.name)
            for endpoint in getattr(imported, "ENDPOINTS", ()):
                dialects = (imported.SURFACE, *getattr(imported, "ALSO_FOR", ()))
                found += [Claim(each, endpoint, _places(each, endpoint)) for each in dialects]
    return sorted(found, key=lambda claim: (claim.paths[0].count("{"), claim.paths[0]))


def _places(dialect: RestDialect, endpoint: Endpoint) -> tuple[str, ...]:
    """Where a call is served: also below the name of its dialect, unless it is there already."""
    mounted = f"/{dialect.name}"
    if endpoint.path.startswith(f"{mounted}/"):
        return (endpoint.path,)
    return (endpoint.path, f"{mounted}{endpoint.path}")


def larger_bodies(claims: Sequence[Claim], config: Config) -> Mapping[str, int]:
    """Path -> how many bytes a body may have there, if more than on other paths."""
    return {
        path: claim.endpoint.body_limit(config)
        for claim in claims
        if claim.endpoint.body_limit is not None
        for path in claim.paths
    }


def build_app(
    services: Services,
    engines: Mapping[str, EngineServer],
    claims: Sequence[Claim],
    dialects: Dialects,
    *,
    is_demo: bool = False,
) -> Starlette:
    """The ASGI application over `services`: REST, and Engine.IO's polling on its paths.

    `dialects`: those of the sockets, for their description. `is_demo`: whether a link may sign a
    browser in.
    """
    default = services.config.rest_default.value
    origins = services.config.web_origins
    described = [(each.dialect, each.endpoint, each.paths[0]) for each in claims]
    url = services.config.public_url
    routes = [
        _document("/openapi.json", partial(describe, described, default, url)),
        _document("/asyncapi.json", partial(describe_sockets, dialects, next(iter(engines)), url)),
    ]
    token = revealed(services.config.metrics_token)
    if token is not None:
        routes.append(_metrics(services.metrics, token))
    if services.config.web_client:
        routes += web_routes(services.config, is_demo=is_demo)
    for path, engine in engines.items():
        routes.append(Route(path, engine.answer, methods=list(ENGINE_METHODS)))
    for path, methods in _by_path(claims).items():
        routes.append(Route(path, _Path(methods, services)))
    return _application(
        routes,
        Middleware(Measuring, patterns=_patterns(routes), note=services.metrics.responded),
        Middleware(JsonCompression, may_compress=partial(_is_of_no_other_site, origins)),
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_credentials=True,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
            allow_headers=["*"],  # an origin that is trusted with cookies may send any
            expose_headers=["Retry-After", "Link", EPOCH, "X-Request-Id"],
        ),
        Middleware(WhileCertain, watch=services.log_watch),
    )


def build_admin_app(services: Services, claims: Sequence[Claim]) -> Starlette:
    """The ASGI application of the admin socket: the operators' calls alone."""
    return _application(_admin_routes(services, claims))


def build_sibling_app(services: Services, claims: Sequence[Claim]) -> Starlette:
    """The ASGI application of a worker for its siblings and its parent: the operators' calls for
    this worker alone, without the audit, which the worker that the operator called keeps; and its
    own metrics.
    """
    audit: Audit = NotKept(services.store.audit)
    own = evolve(services, siblings=ALONE, store=evolve(services.store, audit=audit))
    metrics = Route("/metrics", partial(_show_page, services.metrics.page), methods=["GET"])
    return _application([metrics, *_admin_routes(own, claims)])


def _admin_routes(services: Services, claims: Sequence[Claim]) -> Sequence[Route]:
    theirs = [claim for claim in claims if isinstance(claim.endpoint, AdminEndpoint)]
    return [Route(path, _Path(methods, services)) for path, methods in _by_path(theirs).items()]


def _document(path: str, describe: Callable[[], Mapping[str, object]]) -> Route:
    """The route of a document that is made at its first request, because that takes 30 ms."""
    document = Lazy(lambda: Static(bytes(JSON(describe()).body), JSON.media_type))

    async def show(request: Request) -> Response:
        return await (await document.get()).answer(request)

    return Route(path, show, methods=["GET"])


def build_monitoring_app(services: Services, claims: Sequence[Claim]) -> Starlette:
    """The ASGI application of a listener that only operators reach: the metrics without a token,
    and these calls, each at its documented path alone.
    """
    routes = [_metrics(services.metrics, None)]
    own = [evolve(claim, paths=claim.paths[:1]) for claim in claims]
    for path, methods in _by_path(own).items():
        routes.append(Route(path, _Path(methods, services)))
    return _application(routes)


def _application(routes: Sequence[Route], *middleware: Middleware) -> Starlette:
    app = Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={HTTPException: _starlette_error, HttpError: _http_error},
    )
    app.router.redirect_slashes = False  # a path with a slash too many is another path
    return app


def _metrics(metrics: Metrics, token: str | None) -> Route:
    """The route of the metrics, for requests with the token; None: for all requests."""

    async def show(request: Request) -> Response:
        given = bearer_token(request) or ""
        if token is not None and not hmac.compare_digest(given.encode(), token.encode()):
            raise HttpError(401, "unauthorized", "Unauthorized", {"WWW-Authenticate": "Bearer"})
        return await _show_page(metrics.shown, request)

    return Route("/metrics", show, methods=["GET"])


async def _show_page(page: Callable[[], Awaitable[bytes]], request: Request) -> Response:
    del request
    try:
        text = await page()
    except (OSError, trio.TooSlowError):
        raise HttpError(503, "unavailable", "The parent of this worker does not answer") from None
    return Response(text, media_type=METRICS_TYPE, headers={"Cache-Control": "no-store"})


_Methods: TypeAlias = Mapping[str, Mapping[RestDialect, Endpoint]]


def _by_path(claims: Sequence[Claim]) -> Mapping[str, _Methods]:
    """Path with numbered parameters -> method -> the REST dialects that have it."""
    paths: dict[str, dict[str, dict[RestDialect, Endpoint]]] = {}
    for claim in claims:
        for path in map(_numbered, claim.paths):
            claimed = paths.setdefault(path, {}).setdefault(claim.endpoint.method, {})
            if claim.dialect in claimed:
                raise ValueError(f"{claim.endpoint.method} {path} is claimed twice")
            claimed[claim.dialect] = claim.endpoint
    return paths


def _patterns(routes: Sequence[Route]) -> Mapping[object, str]:
    """Endpoint of a route -> the pattern of its path; of a REST call, the documented path."""
    return {
        route.endpoint: route.endpoint.pattern if isinstance(route.endpoint, _Path) else route.path
        for route in routes
    }


def _owner(claimed: Mapping[RestDialect, Endpoint]) -> str | None:
    """The name of the first dialect, if all of them have the same call; otherwise None."""
    calls = {id(endpoint) for endpoint in claimed.values()}
    return next(iter(claimed)).name if len(calls) == 1 else None


def _numbered(path: str) -> str:
    """`/a/{user_id}` -> `/a/{p0}`, because REST dialects name their parameters differently. Text at
    the end may have slashes.
    """
    parts = re.split(r"{\w+}", path)
    numbered = parts[0] + "".join(f"{{p{n}}}{part}" for n, part in enumerate(parts[1:]))
    return re.sub(r"}$", ":path}", numbered) if path.endswith("/{text}") else numbered


@frozen(eq=False)
class _Path:
    """The calls of REST dialects on one path, as an ASGI application that gets every method."""

    methods: _Methods
    services: Services

    @property
    def pattern(self) -> str:
        """The path as the first dialect documents it, without a prefix."""
        (endpoint, *_), *_ = [list(claimed.values()) for claimed in self.methods.values()]
        return endpoint.path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        epoch = self.services.log_watch.epoch  # of what is read below, unless that is a later log
        async with AsyncExitStack() as until_sent:
            response = await self._answer(Request(scope, receive), until_sent)
            response.headers[EPOCH] = epoch
            await response(scope, receive, send)

    async def _answer(self, request: Request, until_sent: AsyncExitStack) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        default = self.services.config.rest_default.value
        claimed = self.methods.get(method)
        if claimed is None:
            dialects = {dialect for each in self.methods.values() for dialect in each}
            candidates = sorted(dialects, key=lambda each: each.name)
            surface = await choose(candidates, request, default, may_read=False)
            headers = {"Allow": self._allowed(surface)}
            refused = HttpError(405, "method_not_allowed", _NO_SUCH_METHOD, headers)
            return error_response(surface, refused)
        is_large = any(endpoint.body_limit is not None for endpoint in claimed.values())
        surface = await choose(claimed, request, _owner(claimed) or default, may_read=not is_large)
        endpoint = claimed[surface]
        values = request.path_params.values()
        names = re.findall(r"{(\w+)}", endpoint.path)
        request.scope[ROUTE] = endpoint.path
        request.scope["path_params"] = dict(zip(names, values, strict=True))
        return await endpoint.answer(request, self.services, surface, until_sent)

    def _allowed(self, surface: RestDialect) -> str:
        methods = {method for method, dialects in self.methods.items() if surface in dialects}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _is_of_no_other_site(origins: Collection[str], request: Headers) -> bool:
    """Whether no page of another site, unless it is allowed, made a browser send this request.

    The size of a compressed response shows whether two parts of it are alike. A page of another
    site that makes a browser request a user's messages repeatedly, together with words that it
    chose, could guess them from these sizes (BREACH), so its requests get uncompressed responses.
    """
    site = request.get("sec-fetch-site", "none")
    return site in ("none", "same-origin") or request.get("origin") in origins


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HttpError)  # noqa: S101  registered for this class alone
    return undecided_error(error)


async def _starlette_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class alone
    code = _CODES.get(error.status_code, "bad_request")
    return undecided_error(HttpError(error.status_code, code, error.detail, error.headers))
