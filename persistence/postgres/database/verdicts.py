"""How a statement that carries out an action says why it was not.

Such a statement begins with a CTE `asked`: one row if what it is about exists, with `sees`, whether
the user may see it, and `may`, whether they may do this. Must not know: any action.
"""

from typing import Final

from persistence.postgres.database.bridge import Record
from persistence.records import Denial

VERDICT: Final = """
    SELECT CASE WHEN NOT sees THEN 'NOT_FOUND' WHEN NOT may THEN 'NOT_ALLOWED' END AS denial
"""
"""The head of the last SELECT, which reads from `asked`."""


def denial_in(row: Record | None) -> Denial | None:
    """What a row of such a statement says; no row: there is no such thing."""
    if row is None:
        return Denial.NOT_FOUND
    return None if row["denial"] is None else Denial[row["denial"]]
