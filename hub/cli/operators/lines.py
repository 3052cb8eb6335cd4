"""The responses of a running hub, as lines for a person. Must not know: how it was called."""

import json
from collections.abc import Iterator
from datetime import datetime

from hub.cli.terminal import aligned, counted
from protocol.admin import (
    AccountObject,
    ActionObject,
    ConnectionObject,
    ConnectionsObject,
    HubObject,
    NodeObject,
    NodesObject,
)


def account_row(user: AccountObject) -> tuple[str, ...]:
    """An account, in a table."""
    state = "" if user["deactivated_at"] is None else "deactivated"
    return (str(user["id"]), user["username"], user["email"] or "-", user["name"], state)


def action_row(action: ActionObject) -> tuple[str, ...]:
    """An action of an operator, in a table."""
    details = json.dumps(action["details"], ensure_ascii=False) if action["details"] else ""
    whom = action["username"] or "-"
    came = f"{action['way']}, {action['peer']}"
    return (str(action["id"]), _time(action["at"]), came, action["action"], whom, details)


def log_line(line: object) -> str:
    """The time, the level and the event; then the rest as `name=value`."""
    match line:
        case {"timestamp": str(at), "level": str(level), "event": str(event), **more}:
            values = (f"{name}={_value(value)}" for name, value in more.items())
            at = f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M:%S.%f}"[:-3]
            return "  ".join((at, f"{level:<8}", event, " ".join(values))).rstrip()
        case _:
            return json.dumps(line)


def _value(value: object) -> str:
    is_word = isinstance(value, str) and value.isprintable() and value and " " not in value
    return str(value) if is_word else json.dumps(value, ensure_ascii=False)


def status_lines(hub: HubObject) -> Iterator[str]:
    """The state of a hub."""
    dialects = ", ".join(f"{count} {name}" for name, count in hub["connections"].items())
    total = sum(hub["connections"].values())
    failing = [f"{lane['lane']} since {_time(lane['since'])}" for lane in hub["lanes"]["failing"]]
    lanes = f"; {', '.join(failing)} cannot store messages" if failing else ""
    yield f"Parlour {hub['version']} at {hub['url']}"
    yield f"running since  {_time(hub['since'])}, pid {hub['pid']}"
    yield f"connections    {total}{f': {dialects}' if dialects else ''}"
    yield f"users online   {hub['users_online']}"
    yield f"lanes          {hub['lanes']['count']}{lanes}"
    yield f"database       {hub['database']}"
    yield f"epoch          {hub['epoch']}"
    yield f"log level      {hub['log_level']}"
    yield f"takes new work {_work(hub)}"


def _work(hub: HubObject) -> str:
    if hub["stopping"]:
        return "no, it stops"
    return "yes, but is draining: /readyz says 503" if hub["draining"] else "yes"


def node_lines(found: NodesObject) -> Iterator[str]:
    """The nodes of a database."""
    if found["asked"] is None:
        yield "This hub serves its database alone: it has no bus"
        return
    rows = [_node_row(node, is_asked=node["name"] == found["asked"]) for node in found["nodes"]]
    yield from aligned([_NODE_HEAD, *rows])
    if found["is_apart"]:
        yield f"{found['asked']} does not hear everybody, and reads the log instead"


_NODE_HEAD = ("node", "state", "heard", "missing", "connections", "version", "since", "address")


def _node_row(node: NodeObject, *, is_asked: bool) -> tuple[str, ...]:
    lost = f"lost at {_time(node['renewed_at'])}"
    return (
        node["name"],
        lost if not node["lives"] else "lives, was asked" if is_asked else "lives",
        "never" if node["silent_ms"] is None else f"{node['silent_ms'] / 1_000:.1f} s ago",
        str(node["missing"]),
        str(node["connections"]),
        node["version"],
        _time(node["since"]),
        node["address"] or "-",
    )


def connection_lines(page: ConnectionsObject) -> Iterator[str]:
    """A page of connections."""
    rows = [_CONNECTION_HEAD, *map(_connection_row, page["connections"])]
    yield from aligned(rows)
    shown = len(page["connections"])
    following = "" if page["next"] is None else f"; the next ones: --after {page['next']}"
    yield f"{shown} of {counted(page['total'], 'connection')}{following}"


_CONNECTION_HEAD = ("id", "user", "dialect", "network", "since", "outbox")


def _connection_row(connection: ConnectionObject) -> tuple[str, ...]:
    return (
        str(connection["id"]),
        f"{connection['username']} ({connection['user_id']})",
        connection["dialect"],
        connection["network"],
        _time(connection["since"]),
        str(connection["outbox"]),
    )


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"
