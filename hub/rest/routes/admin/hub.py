"""The state of the running hub, and the actions of operators on it. See docs/dialects/admin.md.

Guarantees: an action is in the audit before it is carried out; only connections of the user who is
named are closed. Must not know: how connections are carried.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from typing import Final, cast
from urllib.parse import urlencode

import trio

from hub.actor.client import Client
from hub.actor.letters import Delivery, ToEveryone
from hub.admin.actions import NO_USER, PAGE, account_object
from hub.admin.kicks import kick_user
from hub.admin.relayed import status_of_siblings
from hub.assembly import Services
from hub.rest.endpoint import JSON, Call, HttpError
from hub.rest.parameters import Number, Text
from hub.rest.routes.admin.gate import GATED, AdminEndpoint, actions_of, operator_of
from hub.settings.choices import LogLevel
from hub.settings.logs import level_in_force, set_level
from persistence.interface import AuditEntry
from persistence.records import StoreUnavailable
from protocol.admin import (
    ADMIN,
    MAX_ANNOUNCEMENT_CHARS,
    AnnouncedObject,
    AnnouncementBody,
    ClosedObject,
    ConnectionObject,
    ConnectionsObject,
    DrainBody,
    DrainObject,
    HubObject,
    LogLevelBody,
    LogLevelObject,
    UserBody,
)
from protocol.errors import ErrorCode, WireError
from protocol.events import Announced
from protocol.parsing.content import check_content
from protocol.shapes.timestamps import timestamp

CHECK_SECONDS: Final = 2.0
AFTER: Final = Number("after", "only connections with an id above this one", default=0)
LIMIT: Final = Number("limit", "the maximum number of connections", 100, 1, PAGE, larger=PAGE)
USER: Final = Text("user", "only connections of the user with this username")
NO_CONNECTION: Final = "no_connection"


_FLAWS: Final = {
    ErrorCode.CONTENT_EMPTY: "There is nothing to announce",
    ErrorCode.CONTENT_TOO_LONG: f"An announcement has at most {MAX_ANNOUNCEMENT_CHARS} characters",
    ErrorCode.CONTENT_INVALID: "An announcement is text without NUL",
}


async def show_status(call: Call) -> JSON[HubObject]:
    """The state of the hub."""
    others = await status_of_siblings(call.services.siblings)
    return JSON(_together([await _own_status(call.services), *others]))


async def _own_status(services: Services) -> HubObject:
    status, hub = services.status, services.hub
    failing = services.messaging.failing()
    dialects = Counter(client.wire.name for client in hub.clients())
    return {
        "version": version("parlour"),
        "pid": os.getpid() if services.siblings.folder is None else os.getppid(),
        "since": timestamp(status.since),
        "url": status.url,
        "connections": dict(sorted(dialects.items())),
        "users_online": len(services.presence.online()),
        "lanes": {
            "count": services.config.db_lanes,
            "failing": [
                {"lane": number, "since": timestamp(since)} for number, since in failing.items()
            ],
        },
        "database": await _state_of_database(services),
        "epoch": services.log_watch.epoch,
        "log_level": level_in_force().value,
        "draining": status.is_draining,
        "stopping": status.is_leaving or not status.accepting,
    }


def _together(hubs: Sequence[HubObject]) -> HubObject:
    """The states of the workers of one parent as that of one hub."""
    connections: Counter[str] = Counter()
    for hub in hubs:
        connections.update(hub["connections"])
    return {
        **hubs[0],
        "since": min(hub["since"] for hub in hubs),
        "connections": dict(sorted(connections.items())),
        "users_online": max(hub["users_online"] for hub in hubs),
        "lanes": {
            "count": sum(hub["lanes"]["count"] for hub in hubs),
            "failing": [each for hub in hubs for each in hub["lanes"]["failing"]],
        },
        "database": next((hub["database"] for hub in hubs if hub["database"] != "ok"), "ok"),
        "draining": any(hub["draining"] for hub in hubs),
        "stopping": all(hub["stopping"] for hub in hubs),
    }


async def _state_of_database(services: Services) -> str:
    """`ok`, or what is wrong with it."""
    with trio.move_on_after(CHECK_SECONDS):
        try:
            services.log_watch.require_certainty()
            await services.store.health.check()
        except StoreUnavailable as error:
            return str(error)
        return "ok"
    return "no answer in time"


async def show_connections(call: Call) -> JSON[ConnectionsObject]:
    """A page of the connections, in the order in which they came."""
    hub, name = call.services.hub, call.text(USER)
    user = None if name is None else await actions_of(call).find(name)
    limit = call.number(LIMIT)
    chosen = (
        _connection_object(number, client)
        for number, client in hub.numbered(after=call.number(AFTER))
        if user is None or client.user.id == user.id
    )
    page = list(islice(chosen, limit))
    total = len(hub.clients() if user is None else hub.clients_of(user.id))
    query = urlencode({"after": call.number(AFTER), "limit": limit, **_named(name)})
    others = await call.services.siblings.ask("GET", f"/admin/connections?{query}")
    for each in cast("list[ConnectionsObject]", others):
        page += each["connections"]
        total += each["total"]
    page = sorted(page, key=lambda connection: connection["id"])[:limit]
    is_last = len(page) < limit
    return JSON({"connections": page, "total": total, "next": None if is_last else page[-1]["id"]})


def _named(user: str | None) -> Mapping[str, str]:
    return {} if user is None else {USER.name: user}


def _connection_object(number: int, client: Client) -> ConnectionObject:
    return {
        "id": number,
        "user_id": client.user.id,
        "username": client.user.username,
        "session": client.session_id if client.session_id > 0 else None,
        "dialect": client.wire.name,
        "network": client.network,
        "since": timestamp(client.since),
        "outbox": client.link.waiting_bytes,
    }


async def kick(call: Call) -> JSON[ClosedObject]:
    """Close a user's connections; they stay signed in."""
    body = await call.body(UserBody)
    user = await actions_of(call).find(body.user)
    count = await kick_user(call.services, operator_of(call), user)
    if not count:
        raise HttpError(404, NO_CONNECTION, f"{user.username} has no connection")
    return JSON({"user": account_object(user), "closed": count})


async def announce(call: Call) -> JSON[AnnouncedObject]:
    """Send an announcement to every connection."""
    body = await call.body(AnnouncementBody)
    try:
        text = check_content(body.text, MAX_ANNOUNCEMENT_CHARS, field="text")
    except WireError as error:
        raise WireError(error.code, _FLAWS[error.code], field="text") from None
    hub = call.services.hub
    await _note(call, operator_of(call).does("announce", text=text))
    count = await _connected(call.services)
    event = Announced(text, datetime.now(UTC))
    await call.services.announcer.announce([Delivery(event, ToEveryone(frozenset()))])
    await hub.barrier()
    operator_of(call).has_done("announce", connections=count)
    return JSON({"connections": count})


async def _connected(services: Services) -> int:
    """How many connections there are, at every worker."""
    others = await status_of_siblings(services.siblings)
    elsewhere = [sum(each["connections"].values()) for each in others]
    return len(services.hub.clients()) + sum(elsewhere)


async def change_log_level(call: Call) -> JSON[LogLevelObject]:
    """Log more or less, until the settings are read again."""
    body = await call.body(LogLevelBody)
    levels = {level.value: level for level in LogLevel}
    if body.level not in levels:
        text = f"level must be one of {', '.join(levels)}"
        raise WireError(ErrorCode.INVALID_FIELD, text, field="level")
    before, siblings = level_in_force().value, call.services.siblings
    others = await status_of_siblings(siblings)
    if any(each != body.level for each in (before, *(other["log_level"] for other in others))):
        await _note(call, operator_of(call).does("log-level", level=body.level, before=before))
        await siblings.ask("POST", "/admin/log-level", {"level": body.level})
        set_level(levels[body.level])
        operator_of(call).has_done("log-level", now=body.level, before=before)
    return JSON({"level": body.level, "before": before})


async def drain(call: Call) -> JSON[DrainObject]:
    """Have `/readyz` respond 503, so that load balancers send no new clients, or end that."""
    body, status = await call.body(DrainBody), call.services.status
    siblings = call.services.siblings
    others = [each["draining"] for each in await status_of_siblings(siblings)]
    is_changed = any(each != body.draining for each in (status.is_draining, *others))
    if is_changed:
        await _note(call, operator_of(call).does("drain", draining=body.draining))
        await siblings.ask("POST", "/admin/drain", {"draining": body.draining})
        status.is_draining = body.draining
        operator_of(call).has_done("drain", draining=body.draining)
    return JSON({"draining": body.draining, "changed": is_changed})


async def _note(call: Call, entry: AuditEntry) -> None:
    await call.services.store.audit.note(entry)


SURFACE: Final = ADMIN
ENDPOINTS: Final = (
    AdminEndpoint(
        "GET",
        "/admin/status",
        "Show the state of the hub",
        show_status,
        {200: "the state", **GATED},
    ),
    AdminEndpoint(
        "GET",
        "/admin/connections",
        "List the connections",
        show_connections,
        {200: "a page of the connections", **GATED, 404: [NO_USER, *GATED[404]]},
        parameters=(AFTER, LIMIT, USER),
    ),
    AdminEndpoint(
        "POST",
        "/admin/kick",
        "Close a user's connections with 4003; the sessions stay",
        kick,
        {
            **GATED,
            200: "the user, and how many connections are closed",
            404: [NO_USER, NO_CONNECTION, *GATED[404]],
        },
        body=UserBody,
    ),
    AdminEndpoint(
        "POST",
        "/admin/announce",
        "Send an announcement to all connections",
        announce,
        {
            **GATED,
            200: "how many connections it is sent to",
            400: [ErrorCode.CONTENT_EMPTY, ErrorCode.CONTENT_TOO_LONG, ErrorCode.CONTENT_INVALID],
        },
        body=AnnouncementBody,
    ),
    AdminEndpoint(
        "POST",
        "/admin/log-level",
        "Change the log level until the settings are read again",
        change_log_level,
        {200: "the level, and the one before", **GATED},
        body=LogLevelBody,
    ),
    AdminEndpoint(
        "POST",
        "/admin/drain",
        "Start or end draining, during which `/readyz` responds with 503",
        drain,
        {200: "whether the hub is draining, and whether that was changed", **GATED},
        body=DrainBody,
    ),
)
