"""Some seeds of the hub on a real Postgres behind a proxy that fails, and controls that mistakes
are detected.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import trio

from hub.services.finding.indexing import Indexing
from hub.services.posting.sequencer import Sequencer
from persistence.postgres.contents.notes import PostgresNotes
from persistence.postgres.contents.threads import PostgresThreads
from protocol.model import Message
from protocol.notes import Note
from tests.simulation.postgres.day import Result, play
from tests.support.stores.databases import Databases

pytestmark = pytest.mark.timeout(300)
SEEDS = 2


def days(databases: Databases, seeds: int, patience: float = 40.0) -> Iterator[Result]:
    for seed in range(seeds):
        yield trio.run(play, seed, databases, patience)


def test_faults_of_single_messages_of_postgres_lose_nothing_and_delay_nothing_for_ever(
    databases: Databases,
) -> None:
    results = list(days(databases, SEEDS))
    assert [problem for each in results for problem in each.problems] == []
    assert sum(each.acknowledged for each in results) > 10
    assert sum(each.faults for each in results) > 2
    assert all(each.searches for each in results)
    assert sum(each.notes for each in results) > 2


def test_messages_that_are_never_indexed_are_detected(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: Indexing) -> None:
        await trio.sleep_forever()

    monkeypatch.setattr(Indexing, "run", never)
    (day,) = days(databases, 1, patience=2.0)
    assert day.problems == ["not everything is found"]


def test_messages_that_are_stored_and_not_delivered_are_detected(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    follows = Sequencer.follows

    def follows_mostly(sequencer: Sequencer, message: Message) -> bool:
        return follows(sequencer, message) and message.seq % 5 != 0

    monkeypatch.setattr(Sequencer, "follows", follows_mostly)
    (day,) = days(databases, 1, patience=2.0)
    assert [each for each in day.problems if "hears 6 after 4" in each]


def test_notes_that_are_not_sent_after_a_break_are_detected(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object, **__: object) -> Sequence[Note]:
        return []

    monkeypatch.setattr(PostgresNotes, "since", nothing)
    (day,) = days(databases, 1, patience=2.0)
    assert [each for each in day.problems if "keeper/late knows" in each]


def test_replies_that_a_thread_lacks_are_detected(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = PostgresThreads.replies

    async def all_but_one(*given: Any, **named: Any) -> Sequence[Message] | None:
        found = await replies(*given, **named)
        return None if found is None else found[1:]

    monkeypatch.setattr(PostgresThreads, "replies", all_but_one)
    (day,) = days(databases, 1, patience=2.0)
    assert [each for each in day.problems if each.startswith("replies of")]
