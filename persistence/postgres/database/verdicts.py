"""How a statement that carries out an action reports why it did not.

Such a statement begins with a CTE `asked`: one row if the object of the action exists, with `sees`,
whether the user may see the object, and `may`, whether they may take the action. Must not know: any
action.
"""

from typing import Final

from persistence.postgres.database.bridge import Record
from persistence.records import Denial

VERDICT: Final = """
    SELECT CASE WHEN NOT sees THEN 'NOT_FOUND' WHEN NOT may THEN 'NOT_ALLOWED' END AS denial
"""
"""The head of the last SELECT, which reads from `asked`."""


def denial_in(row: Record | None) -> Denial | None:
    """The denial in a row of such a statement; without a row, the object does not exist."""
    if row is None:
        return Denial.NOT_FOUND
    return None if row["denial"] is None else Denial[row["denial"]]
