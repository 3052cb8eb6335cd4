"""The table of rights: complete, the same in Postgres, and documented as it is."""

import json
from pathlib import Path

import pytest

from persistence.policy import MEANINGS, PLACES, POLICY, Action, Place, grants
from protocol.model import ChannelKind, Standing
from tests.support.permissions import as_page
from tests.support.stores.databases import Databases, execute

ROOT = Path(__file__).parent.parent.parent


async def test_postgres_has_the_same_table(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        rows = await execute(
            dsn, "SELECT json_agg(json_build_array(place, action, standings)) FROM policy()"
        )
    assert json.loads(str(rows)) == [
        [rule.place, rule.action, list(rule.standings)] for rule in POLICY
    ]


def test_each_action_has_one_row_in_a_place_and_each_row_a_meaning() -> None:
    rows = [(rule.place, rule.action) for rule in POLICY]
    assert len(set(rows)) == len(rows)
    assert {action for _, action in rows} == set(Action) == set(MEANINGS)
    assert {place for place, _ in rows} == set(Place)
    assert set(PLACES) == set(ChannelKind)


@pytest.mark.parametrize("place", Place)
@pytest.mark.parametrize("action", Action)
def test_users_without_a_standing_have_no_right(place: Place, action: Action) -> None:
    assert not grants(place, action, None)


def test_a_standing_with_any_right_in_a_place_may_see_it() -> None:
    for place in Place:
        for standing in Standing:
            may = [action for action in Action if grants(place, action, standing)]
            assert not may or Action.SEE in may


def test_the_page_has_the_table() -> None:
    assert (ROOT / "docs/permissions.md").read_text().endswith(as_page())
