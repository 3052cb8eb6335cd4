"""The meaning of errors of statements: a table of the classes of SQLSTATE, and rules for all other
exceptions.

Guarantees: every error has exactly one meaning, whatever code the server, a pooler or a trigger of
the deployment gives it. Must not know: the content of the statement.

Source: PostgreSQL manual, appendix A (error codes); section 55.8 (error and notice message fields).
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from persistence.records import StoreError


class Meaning(Enum):
    """The consequence of an error."""

    REFUSED = auto()  # the values to store are refused, and would be again
    CONFLICT = auto()  # nothing was stored because of another transaction: repeating may work
    LOCKED = auto()  # nothing was stored: another transaction holds a lock for too long
    AWAY = auto()  # the database cannot be used now


MEANINGS: Final[Mapping[str, Meaning]] = {
    "03": Meaning.AWAY,  # SQL statement not yet complete
    "08": Meaning.AWAY,  # connection exception
    "09": Meaning.REFUSED,  # triggered action exception
    "0A": Meaning.AWAY,  # feature not supported: a plan from before a change of a table, a pooler
    "0B": Meaning.AWAY,  # invalid transaction initiation
    "0F": Meaning.AWAY,  # locator exception
    "0L": Meaning.AWAY,  # invalid grantor
    "0P": Meaning.AWAY,  # invalid role specification
    "0Z": Meaning.AWAY,  # diagnostics exception
    "10": Meaning.REFUSED,  # XQuery error
    "20": Meaning.REFUSED,  # case not found
    "21": Meaning.REFUSED,  # cardinality violation
    "22": Meaning.REFUSED,  # data exception
    "23": Meaning.REFUSED,  # integrity constraint violation
    "24": Meaning.AWAY,  # invalid cursor state
    "25": Meaning.AWAY,  # invalid transaction state: a standby, or one that is read-only
    "26": Meaning.AWAY,  # invalid SQL statement name: another server behind a pooler
    "27": Meaning.REFUSED,  # triggered data change violation
    "28": Meaning.AWAY,  # invalid authorization specification
    "2B": Meaning.AWAY,  # dependent privilege descriptors still exist
    "2D": Meaning.AWAY,  # invalid transaction termination
    "2F": Meaning.REFUSED,  # SQL routine exception
    "34": Meaning.AWAY,  # invalid cursor name
    "38": Meaning.REFUSED,  # external routine exception
    "39": Meaning.REFUSED,  # external routine invocation exception
    "3B": Meaning.AWAY,  # savepoint exception
    "3D": Meaning.AWAY,  # invalid catalog name: the database was renamed
    "3F": Meaning.AWAY,  # invalid schema name
    "40": Meaning.CONFLICT,  # transaction rollback: deadlock, serialization failure
    "42": Meaning.AWAY,  # syntax error or access rule violation: a restore, a lost privilege
    "44": Meaning.REFUSED,  # WITH CHECK OPTION violation
    "53": Meaning.AWAY,  # insufficient resources: disk full, too many connections
    "54": Meaning.REFUSED,  # program limit exceeded
    "55": Meaning.AWAY,  # object not in prerequisite state
    "57": Meaning.AWAY,  # operator intervention: shutdown, statement timeout
    "58": Meaning.AWAY,  # system error
    "72": Meaning.CONFLICT,  # snapshot too old
    "F0": Meaning.AWAY,  # configuration file error
    "HV": Meaning.AWAY,  # foreign data wrapper error
    "P0": Meaning.REFUSED,  # PL/pgSQL error
    "XX": Meaning.AWAY,  # internal error, or damaged data
}
_EXCEPTIONS: Final[Mapping[str, Meaning]] = {
    "40003": Meaning.AWAY,  # statement completion unknown
    "55P03": Meaning.LOCKED,  # lock not available: `lock_timeout`, NOWAIT
}
# The functions of the server that raise errors on behalf of the deployment, with any code: for a
# RAISE in a trigger (those of routines/deletion.sql are refusals, too), and for row-level security.
_ORDERED_BY_DEPLOYMENT: Final = frozenset({"exec_stmt_raise", "ExecWithCheckOptions"})


def meaning_of(error: Exception) -> Meaning:
    """The meaning of an error that asyncpg raised. A code that Postgres does not have comes from
    the deployment.
    """
    if isinstance(error, (UnicodeError, OverflowError)):
        return Meaning.REFUSED
    code: str | None = getattr(error, "sqlstate", None)
    if code is None:
        return Meaning.AWAY
    if getattr(error, "server_source_function", None) in _ORDERED_BY_DEPLOYMENT:
        return Meaning.REFUSED
    return _EXCEPTIONS.get(code) or MEANINGS.get(code[:2], Meaning.REFUSED)


def failure_of(error: Exception) -> str:
    """The name to count an error under: the class of its SQLSTATE, or one of `FAILURES`."""
    code: str | None = getattr(error, "sqlstate", None)
    if code is None:
        return "connection"
    return code[:2] if code[:2] in MEANINGS else "other"


class StatementRefused(StoreError):
    """The values that a statement was to store are refused: by Postgres, or by a policy or trigger
    of the deployment. `error` is what asyncpg raised.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(describe(error))


def describe(error: Exception) -> str:
    """The class of an error, its SQLSTATE if it has one, and the first line of its text."""
    code = getattr(error, "sqlstate", None)
    kind = type(error).__name__ + (f" ({code})" if code else "")
    return f"{kind}: {str(error).partition(chr(10))[0]}"
