"""The cost of lists of conversations for a user who has many: each table is read once for all of
them, by an index, and messages are read only for those of the page.
"""

from persistence.postgres.lists.conversations import CONVERSATIONS, UNREAD_COUNT
from protocol.model import MAX_ID
from tests.persistence.postgres.lists.filled import CROWD, LARGE, open_filled
from tests.support.stores.databases import Databases
from tests.support.stores.plans import read_of, scanned

PAGE = 15


async def test_a_page_of_conversations_reads_only_their_messages(databases: Databases) -> None:
    async with open_filled(databases) as filled:
        for is_all, only_requests in ((True, False), (False, False), (True, True)):
            plan = await filled.plan(CONVERSATIONS, MAX_ID, PAGE, is_all, only_requests)
            assert plan["Actual Rows"] == PAGE
            assert not {*scanned(plan)} & {*LARGE}, plan
            assert read_of(plan, "messages") <= PAGE * (1 + CROWD.messages), plan


async def test_counting_unread_messages_reads_only_conversations_that_have_some(
    databases: Databases,
) -> None:
    async with open_filled(databases) as filled:
        plan = await filled.plan(UNREAD_COUNT)
        assert not {*scanned(plan)} & {*LARGE}, plan
        assert read_of(plan, "messages") <= CROWD.conversations / 2 * CROWD.messages, plan
