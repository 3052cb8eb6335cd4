"""Some seeds of the hub on a real Postgres behind a proxy that fails, and that mistakes show."""

from collections.abc import Iterator

import pytest
import trio

from hub.services.finding.indexing import Indexing
from hub.services.posting.sequencer import Sequencer
from protocol.model import Message
from tests.simulation.postgres.day import Result, play
from tests.support.stores.databases import Databases

pytestmark = pytest.mark.timeout(300)
SEEDS = 2


def days(databases: Databases, seeds: int, patience: float = 40.0) -> Iterator[Result]:
    for seed in range(seeds):
        yield trio.run(play, seed, databases, patience)


def test_whatever_happens_to_single_messages_of_postgres_nothing_is_lost_or_left_untold(
    databases: Databases,
) -> None:
    results = list(days(databases, SEEDS))
    assert [problem for each in results for problem in each.problems] == []
    assert sum(each.acknowledged for each in results) > 10
    assert sum(each.faults for each in results) > 2
    assert all(each.searches for each in results)


def test_messages_that_are_never_indexed_show(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: Indexing) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(Indexing, "run", never)
    (day,) = days(databases, 1, patience=2.0)
    assert day.problems == ["not everything is found"]


def test_messages_that_are_stored_and_not_delivered_show(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    follows = Sequencer.follows

    def follows_mostly(sequencer: Sequencer, message: Message) -> bool:
        return follows(sequencer, message) and message.seq % 5 != 0

    monkeypatch.setattr(Sequencer, "follows", follows_mostly)
    (day,) = days(databases, 1, patience=2.0)
    assert [each for each in day.problems if "hears 6 after 4" in each]
