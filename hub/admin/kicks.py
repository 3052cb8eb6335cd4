"""Closes connections for operators; their users stay signed in.

Guarantees: a kick is in the audit before it is carried out, and carried out when the function
returns; no other connection is closed. Must not know: how an operator connects.
"""

from typing import cast
from urllib.parse import urlencode

from hub.actor.client import Client
from hub.actor.letters import Close
from hub.admin.operator import Operator
from hub.assembly import Services
from protocol.admin import ConnectionsObject
from protocol.errors import KICKED
from protocol.model import User

ACTION = "kick"


async def kick_user(services: Services, operator: Operator, user: User) -> int:
    """Close every connection of a user, at every worker; returns how many there were.

    Raises:
        StoreUnavailable: the audit is out of reach; nothing was done.
    """
    query = urlencode({"user": user.username, "limit": 1})
    pages = await services.siblings.ask("GET", f"/admin/connections?{query}")
    totals = [cast("ConnectionsObject", page)["total"] for page in pages]
    count = len(services.hub.clients_of(user.id)) + sum(totals)
    if count:
        await services.store.audit.note(operator.does(ACTION, connections=count), user)
        await services.hub.send_back([user.id], KICKED)
        await services.hub.barrier()
        await services.siblings.ask("POST", "/admin/kick", {"user": user.username})
        operator.has_done(ACTION, user.id, connections=count)
    return count


async def kick_connection(
    services: Services, operator: Operator, client: Client, number: int
) -> None:
    """Close one connection. `number`: its number in the Hub.

    Raises:
        StoreUnavailable: the audit is out of reach; nothing was done.
    """
    entry = operator.does(ACTION, connections=1, connection=number)
    await services.store.audit.note(entry, client.user)
    await services.hub.post(Close([client], KICKED))
    await services.hub.barrier()
    operator.has_done(ACTION, client.user.id, connections=1, number=number)
