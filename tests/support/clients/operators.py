"""A hub with an admin token, and the calls of its operators."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from attrs import frozen

from persistence.interface import AuditRow, Store
from tests.support.clients.http import Reply
from tests.support.world import World, open_world

TOKEN: Final = "a token of the operators"


@frozen
class Operators:
    """The operators, who have the token."""

    world: World

    async def call(
        self, method: str, path: str, body: object = None, *, token: str = TOKEN, peer: str = "::1"
    ) -> Reply:
        headers = {"Authorization": f"Bearer {token}"}
        return await self.world.call(method, path, body, headers, peer=peer)

    async def done(self, path: str, body: object) -> Any:
        """The response body of a call that must succeed."""
        reply = await self.call("POST", path, body)
        assert reply.status == 200, reply.text
        return reply.json

    async def refused(self, path: str, body: object) -> tuple[int, str]:
        """The status and the code of a call that is refused."""
        reply = await self.call("POST", path, body)
        return reply.status, reply.json["code"]

    async def seen(self, path: str) -> Any:
        """The response body of a GET that must succeed."""
        reply = await self.call("GET", path)
        assert reply.status == 200, reply.text
        return reply.json

    async def audit(self) -> Sequence[AuditRow]:
        """The audit, oldest row first."""
        return list(reversed(await self.world.store.audit.page(before=None, limit=100)))


@asynccontextmanager
async def operated(store: Store, **settings: Any) -> AsyncIterator[tuple[World, Operators]]:
    """A hub with operators."""
    async with open_world(store, admin_token=TOKEN, **settings) as world:
        yield world, Operators(world)
