"""`python -m tests.bench.searching`: what a search costs in a database of a million messages.

Words are as frequent as in a language: the n-th of 50,000 in proportion to 1/n. Three users search:
one has nearly everything (20,000 conversations, 3,000 channels), one a few conversations, one 20
workspaces. `--data` keeps the database, which takes minutes to fill.
"""

import argparse
import math
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from time import perf_counter
from typing import Final

import trio

from persistence import open_database
from persistence.embedded import run_embedded
from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.database.bridge import open_asyncio
from persistence.search import Ranking, Wanted
from protocol.model import User
from protocol.searching.query import parse_query
from tests.bench.big_accounts import fill, folder
from tests.bench.crowd import BIG, Crowd
from tests.support.stores.databases import run_script

WORDS: Final = 50_000
BATCH: Final = 5_000
PEOPLE: Final = {"nearly all": BIG, "9 conversations": "peer9000", "20 workspaces": "peer15"}
_WORDED: Final = f"""
    CREATE TEMP TABLE vocabulary AS
    SELECT n, 'w' || translate(n::text, '0123456789', 'aeioubdgkl') AS word
      FROM generate_series(1, {WORDS}) AS n;
    ALTER TABLE vocabulary ADD PRIMARY KEY (n);
    SET session_replication_role = replica;
    UPDATE messages m SET content = (
        SELECT string_agg(v.word, ' ')
          FROM generate_series(1, 5 + (m.id % 9)::int) AS g
          JOIN vocabulary v ON v.n = 1 + floor(exp(ln({WORDS - 1}) * (
               ('x' || left(md5(m.id || '-' || g), 8))::bit(32)::bigint / 4294967296.0)))::int)
     WHERE m.content LIKE 'Message %';
"""


def word(number: int) -> str:
    return "w" + str(number).translate(str.maketrans("0123456789", "aeioubdgkl"))


def any_word() -> str:
    return word(int(math.exp(random.random() * math.log(WORDS - 1))))


SEARCHES: Final[dict[str, Callable[[], str]]] = {
    "a frequent word": lambda: word(random.randrange(2, 30)),
    "any word": any_word,
    "two words": lambda: f"{any_word()} {any_word()}",
    "a rare word": lambda: word(random.randrange(WORDS // 2, WORDS)),
    "a beginning": lambda: f"{word(random.randrange(100, WORDS))[:4]}*",
    "a beginning of many words": lambda: f"{word(random.randrange(1000, WORDS))[:3]}*",
    "two of them": lambda: f"{word(random.randrange(1000, WORDS))[:3]}* {any_word()}",
    "only a filter": lambda: "has:link",
}


async def prepare(data: Path) -> None:
    """The database, with words in its messages, all of which are indexed."""
    await fill(data, Crowd())
    async with open_asyncio(), run_embedded(data) as dsn:
        await run_script(dsn, _WORDED)
    async with open_database(None, data) as dsn, _store(dsn) as store:
        while (done := await store.search.index(["english"], limit=BATCH)) is not None:
            print(f"indexed {done}", end="\r", flush=True)


def _store(dsn: str) -> AbstractAsyncContextManager[Store]:
    return open_postgres_store(dsn, pool_size=2, lanes=1)


async def time_searches(
    store: Store, user: User, make: Callable[[], str], ranking: Ranking, rounds: int
) -> Sequence[float]:
    """The milliseconds of each search."""
    taken: list[float] = []
    for _ in range(rounds):
        query = parse_query(make())
        wanted = Wanted(query.phrases, language="english", has_link=query.has_link, ranking=ranking)
        began = perf_counter()
        await store.search.messages(user.id, wanted)
        taken.append(1000 * (perf_counter() - began))
    return taken


async def measure(data: Path, rounds: int) -> None:
    async with open_database(None, data) as dsn, _store(dsn) as store:
        print("| who sees | searched for | order | p50 | p99 |\n|---|---|---|---:|---:|")
        for who, name in PEOPLE.items():
            user = await store.accounts.find(name)
            assert user is not None
            for what, make in SEARCHES.items():
                for ranking in Ranking:
                    taken = await time_searches(store, user, make, ranking, rounds)
                    p50, p99 = statistics.median(taken), statistics.quantiles(taken, n=100)[98]
                    row = f"| {who} | {what} | {ranking.name.lower()} | {p50:.1f} | {p99:.1f} |"
                    print(row, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.searching")
    parser.add_argument("--data", type=Path, help="a folder to keep the database in")
    parser.add_argument("--rounds", type=int, default=150)
    options = parser.parse_args()
    with folder(options.data) as place:
        trio.run(prepare, place / "data")
        trio.run(measure, place / "data", options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
