"""Faults of single messages between the hub and Postgres, and of the server itself, by the dice of
one seed.

An error is sent in place of a result: before the statement was carried out, with any code; after
it, with the codes that a server or a pooler may send then. (An error of another class rolls back.)
"""

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import asyncpg
import trio
from asyncpg import exceptions
from attrs import define, field

from persistence.postgres.database.errors import MEANINGS, Meaning
from tests.support.stores.databases import execute, open_transaction, with_database
from tests.support.wire.proxy import (
    READY,
    Cut,
    Packet,
    Session,
    WireProxy,
    error_packet,
)

CODES: Final = sorted(
    {
        code
        for each in vars(exceptions).values()
        if (code := getattr(each, "sqlstate", None)) is not None and code[:2] in MEANINGS
    }
)
AFTER_COMMIT: Final = [
    code for code in CODES if MEANINGS[code[:2]] is Meaning.AWAY and code != "55P03"
] + ["40003"]
LATE: Final = """
    CREATE OR REPLACE FUNCTION commit_late() RETURNS trigger LANGUAGE plpgsql
    SET lock_timeout = 0 AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER commit_late AFTER INSERT ON messages
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commit_late();
"""
END_ALL: Final = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND application_name = 'parlour'
"""
Note: TypeAlias = Callable[[str, str], None]


@define(eq=False)
class Faults:
    """Faults of the messages that pass a proxy, until `is_calm`.

    Args:
        proxy: where they happen.
        dice: decide.
        note: writes the trace.
        rate: how probable a fault is at each message.
        longest: seconds that a fault lasts at most.
    """

    proxy: WireProxy
    dice: random.Random
    note: Note
    rate: float
    longest: float
    is_calm: bool = False
    happened: int = 0
    _mute: set[Session] = field(factory=set, init=False)
    _refused: dict[Session, Packet] = field(factory=dict, init=False)

    def begin(self) -> None:
        """Begin to make faults."""
        self.proxy.from_client = self._from_client
        self.proxy.from_server = self._from_server

    def end(self) -> None:
        """No more faults. Connections that are silent stay silent."""
        self.is_calm = True

    async def _from_client(self, session: Session, packet: Packet) -> None:
        if session in self._mute:
            return
        if session in self._refused:
            if packet.kind == "S":
                await session.to_client(self._refused.pop(session))
                await session.to_client(READY)
            return
        fault = self._fault()
        if fault == "refuse" and packet.kind == "B":
            code = self.dice.choice(CODES)
            self._say(session, f"{code} before it is carried out")
            self._refused[session] = error_packet(code)
        elif fault == "deny" and packet.kind == "B":
            code = self.dice.choice(AFTER_COMMIT)
            self._say(session, f"{code} after it is carried out")
            session.instead = error_packet(code)
            await session.to_server(packet)
        elif fault is None or fault in ("refuse", "deny"):
            await session.to_server(packet)
        else:
            await self._befall(fault, session, packet, session.to_server, "to the server")

    async def _from_server(self, session: Session, packet: Packet) -> None:
        if session in self._mute:
            return
        fault = None if session.instead is not None else self._fault()
        if fault in (None, "refuse", "deny"):
            await session.answer_from_server(packet)
        else:
            await self._befall(fault, session, packet, session.to_client, "to the hub")

    def _fault(self) -> str | None:
        if self.is_calm or self.dice.random() > self.rate:
            return None
        (fault,) = self.dice.choices(
            ("refuse", "deny", "cut", "cut_after", "half", "stall", "mute", "fatal"),
            (8, 8, 2, 2, 2, 4, 1, 1),
        )
        return fault

    def _say(self, session: Session, what: str) -> None:
        self.happened += 1
        self.note(f"session {session.number}", what)

    async def _befall(
        self,
        fault: str | None,
        session: Session,
        packet: Packet,
        pass_on: Callable[[Packet], Awaitable[None]],
        where: str,
    ) -> None:
        self._say(session, f"{fault} at {packet.kind} {where}")
        match fault:
            case "cut":
                raise Cut
            case "cut_after":
                await pass_on(packet)
                raise Cut
            case "half":
                await pass_on(Packet(packet.kind, packet.data[: len(packet.data) // 2]))
                raise Cut
            case "stall":
                await trio.sleep(self.dice.random() * self.longest)
                await pass_on(packet)
            case "fatal":
                code = self.dice.choice(("57P01", "57P02", "57P03", "53300", "08006", "XX000"))
                await session.to_client(error_packet(code, severity="FATAL"))
                raise Cut
            case _:
                self._mute.add(session)  # it stays open, and nothing passes any more

    async def trouble_server(self) -> None:
        """Make one fault of the server itself."""
        dsn = self.proxy.target
        happen = self.dice.choice(
            (self._late_commits, self._held_row, self._ended, self._read_only, self._black_hole)
        )
        self.note("server", happen.__name__.strip("_"))
        self.happened += 1
        with suppress(asyncpg.PostgresError, OSError):
            await happen(dsn)

    async def _last(self) -> None:
        await trio.sleep(self.dice.random() * self.longest)

    async def _late_commits(self, dsn: str) -> None:
        async with open_transaction(dsn, "SELECT pg_advisory_xact_lock(1)", commit=True):
            await self._last()

    async def _held_row(self, dsn: str) -> None:
        table = self.dice.choice(("channels", "users"))
        row = f"SELECT FROM {table} WHERE id = (SELECT id FROM {table} ORDER BY id LIMIT 1"
        held = f"{row} OFFSET {self.dice.randrange(1, 4)}) FOR UPDATE"
        async with open_transaction(dsn, held, commit=True):
            await self._last()

    async def _ended(self, dsn: str) -> None:
        await execute(dsn, END_ALL)

    async def _read_only(self, dsn: str) -> None:
        name = urlsplit(dsn).path.removeprefix("/")
        server = with_database(dsn, "postgres")
        try:
            await execute(server, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            await execute(dsn, END_ALL)
            await self._last()
        finally:
            with trio.CancelScope(shield=True):
                await execute(server, f"ALTER DATABASE {name} RESET default_transaction_read_only")
                await execute(dsn, END_ALL)

    async def _black_hole(self, dsn: str) -> None:
        """From now on the present connections are silent, and do not end."""
        self._mute |= self.proxy.sessions
        await self._last()
