"""Mistakes that the simulation must find, planted one at a time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import trio
from attrs import evolve

from hub.actor.backlog import Backlog
from persistence.memory.messages import MemoryMessages
from persistence.records import Draft, Outcome
from protocol.model import Message, Posted

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

UNFLUSHED_SECONDS = 0.3


class Bug(Protocol):
    """Plants a mistake for as long as the context is open."""

    def __call__(self, sim: "Simulation") -> AbstractContextManager[None]: ...


@contextmanager
def ack_before_commit(sim: "Simulation") -> Iterator[None]:
    """A crash takes back what the store confirmed just before."""
    post, recent = MemoryMessages.post, list[tuple[float, Message]]()

    async def post_early(log: MemoryMessages, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        outcomes = await post(log, drafts)
        now = trio.current_time()
        recent.extend(
            (now, outcome.message)
            for outcome in outcomes
            if isinstance(outcome, Posted) and not outcome.repeated
        )
        return outcomes

    def take_back() -> None:
        tables = sim.tables
        for at, message in reversed(recent):
            row = tables.channels[message.channel_id]
            if at > trio.current_time() - UNFLUSHED_SECONDS and len(row.messages) == message.seq:
                row.messages.pop()
                del tables.messages[message.id]
                tables.keys.pop((message.author_id, message.key), None)
        recent.clear()

    with _replaced(MemoryMessages, "post", post_early):
        sim.at_crash.append(take_back)
        yield


@contextmanager
def no_deduplication(sim: "Simulation") -> Iterator[None]:
    """The store forgets the keys of messages."""
    post = MemoryMessages.post

    async def post_without_keys(log: MemoryMessages, drafts: Sequence[Draft]) -> Sequence[Outcome]:
        outcomes = await post(log, [evolve(draft, key=None) for draft in drafts])
        return [
            evolve(outcome, message=evolve(outcome.message, key=draft.key))
            if isinstance(outcome, Posted)
            else outcome
            for draft, outcome in zip(drafts, outcomes, strict=True)
        ]

    with _replaced(MemoryMessages, "post", post_without_keys):
        yield


@contextmanager
def live_before_history(sim: "Simulation") -> Iterator[None]:
    """Live events are not held back while the log is told."""

    def hold(_: Backlog) -> None:
        pass

    with _replaced(Backlog, "hold", hold):
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)


BUGS: Mapping[str, Bug] = {
    bug.__name__: bug for bug in (ack_before_commit, no_deduplication, live_before_history)
}
