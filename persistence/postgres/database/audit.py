"""The audit of what operators do, in Postgres."""

from collections.abc import Sequence
from typing import Final

import orjson
from attrs import frozen

from persistence.audit import AuditEntry, AuditRow, Way
from persistence.postgres.database.bridge import Database, Record
from protocol.model import User, UserId

_NOTE: Final = """
    INSERT INTO audit (way, peer, action, details, user_id) VALUES ($1, $2, $3, $4, $5) RETURNING id
"""
_PAGE: Final = """
    SELECT a.*, u.username FROM audit a LEFT JOIN users u ON u.id = a.user_id
     WHERE a.id < coalesce($1, 9223372036854775807) ORDER BY a.id DESC LIMIT $2
"""


def noted(subject: str, first: int) -> str:
    """A part of a statement's WITH that records an action in the audit, if there is one.

    Args:
        subject: the part of the WITH that has the users concerned, with `user_id` as in
            `user_columns`.
        first: the number of the first of four parameters, whose values `values_of` returns.
    """
    way, peer, action, details = (f"${first + place}" for place in range(4))
    return f"""noted AS (
        INSERT INTO audit (way, peer, action, details, user_id)
        SELECT {way}::text, {peer}::text, {action}::text, {details}::jsonb, user_id
          FROM {subject} WHERE {way}::text IS NOT NULL)"""


def values_of(entry: AuditEntry | None) -> tuple[str | None, ...]:
    """The values of the four parameters of `noted`."""
    if entry is None:
        return (None, None, None, None)
    return (entry.way.value, entry.peer, entry.action, orjson.dumps(entry.details).decode())


@frozen
class PostgresAudit:
    """Implements `persistence.audit.Audit`."""

    database: Database

    async def note(self, entry: AuditEntry, user: User | None = None) -> None:
        """See the interface."""
        about = None if user is None else user.id
        await self.database.fetch(_NOTE, *values_of(entry), about)

    async def page(self, *, before: int | None, limit: int) -> Sequence[AuditRow]:
        """See the interface."""
        return [_row(row) for row in await self.database.fetch(_PAGE, before, limit)]


def _row(row: Record) -> AuditRow:
    details = orjson.loads(row["details"])
    entry = AuditEntry(Way(row["way"]), row["peer"], row["action"], details)
    user_id = None if row["user_id"] is None else UserId(row["user_id"])
    return AuditRow(row["id"], row["at"], entry, user_id, row["username"])
