"""The cost of lists of channels for a user who has many; see `test_conversations`."""

from persistence.postgres.channels import MANY_HEADS
from persistence.postgres.lists.channels import (
    CHANNELS,
    MOVED_FIRST,
    NEWEST,
    RECENT,
    SEARCHES,
    UNDELIVERED,
    WRITABLE,
)
from tests.persistence.postgres.lists.filled import CROWD, LARGE, open_filled
from tests.support.stores.databases import Databases
from tests.support.stores.plans import read_of, scanned

PAGE = 20
FIRST_IN_WORKSPACE = CROWD.conversations + CROWD.bystanders + 1
IDS = [*range(1, 50), *range(FIRST_IN_WORKSPACE, FIRST_IN_WORKSPACE + 50)]


async def test_no_list_of_channels_reads_channels_of_others(databases: Databases) -> None:
    own = CROWD.conversations + CROWD.workspaces * CROWD.channels
    statements: list[tuple[str, list[object]]] = [
        (CHANNELS, [0, PAGE, True, True]),
        (RECENT, [PAGE]),
        (MOVED_FIRST, [[], [], False, PAGE]),
        (NEWEST, [50, IDS]),
        (UNDELIVERED, [PAGE]),
        (WRITABLE, [IDS]),
        (MANY_HEADS, [IDS]),
        *((sql, ["", True, None, None, 0, PAGE]) for sql in SEARCHES.values()),
    ]
    async with open_filled(databases) as filled:
        for sql, args in statements:
            plan = await filled.plan(sql, *args)
            assert not {*scanned(plan)} & {*LARGE}, (sql, plan)
            assert read_of(plan, "channels") <= 3 * own, (sql, plan)


async def test_a_search_reads_only_the_messages_of_its_page(databases: Databases) -> None:
    async with open_filled(databases) as filled:
        for sql in SEARCHES.values():
            plan = await filled.plan(sql, "", True, None, None, 0, PAGE)
            assert plan["Actual Rows"] == PAGE
            assert read_of(plan, "messages") <= PAGE, plan
