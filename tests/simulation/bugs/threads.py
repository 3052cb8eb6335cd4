"""Mistakes with threads."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hub.actor.hub import Hub
from hub.actor.letters import Delivery
from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.contents.threads import MemoryThreads
from persistence.memory.messages import MemoryMessages
from protocol.events import ThreadReplied
from protocol.model import Message, MessageId, Reply, Thread, UserId
from tests.simulation.bugs.planting import Bug, replaced

if TYPE_CHECKING:
    from tests.simulation.run import Simulation


@contextmanager
def deleted_replies_count(sim: "Simulation") -> Iterator[None]:
    """A deleted reply still counts, and may be the last one."""

    def thread(row: ChannelRow, root_id: MessageId) -> Thread:
        replies = row.replies.get(root_id, [])
        if not replies:
            return Thread(root_id, 0, None)
        last = row.find(replies[-1])
        return Thread(root_id, len(replies), Reply(last.id, last.author_id, last.created_at))

    with replaced(ChannelRow, "thread", thread):
        yield


@contextmanager
def reply_to_a_reply_begins_a_thread(sim: "Simulation") -> Iterator[None]:
    """A reply to a reply belongs to another thread."""

    def as_named(log: MemoryMessages, parent_id: MessageId | None) -> MessageId | None:
        return parent_id

    with replaced(MemoryMessages, "_root_id", as_named):
        yield


@contextmanager
def replies_to_everybody(sim: "Simulation") -> Iterator[None]:
    """Every user who may see the channel gets each reply as a follower does."""

    def followers(log: MemoryMessages, row: ChannelRow, message: Message) -> tuple[UserId, ...]:
        if message.parent_id is None:
            return ()
        return tuple(
            user_id
            for user_id in log.tables.users
            if user_id != message.author_id and log.tables.may_join(user_id, row.channel)
        )

    with replaced(MemoryMessages, "_followers", followers):
        yield


@contextmanager
def replies_to_nobody(sim: "Simulation") -> Iterator[None]:
    """Followers get no event for replies."""
    deliver = Hub._deliver

    def without(hub: Hub, delivery: Delivery) -> None:
        if not isinstance(delivery.event, ThreadReplied):
            deliver(hub, delivery)

    with replaced(Hub, "_deliver", without):
        yield


@contextmanager
def follow_acknowledged_only(sim: "Simulation") -> Iterator[None]:
    """A request to follow a thread is acknowledged, and not stored."""

    async def nothing(*_: Any, **__: Any) -> bool:
        return True

    with replaced(MemoryThreads, "follow", nothing):
        yield


@contextmanager
def hidden_threads_are_listed(sim: "Simulation") -> Iterator[None]:
    """A thread is listed although its follower has hidden its first message."""
    followed = MemoryThreads.followed

    def is_hidden(row: ChannelRow, message_id: MessageId, viewer: UserId | None) -> bool:
        return False

    async def of_all(*args: Any, **kwargs: Any) -> Any:
        with replaced(ChannelRow, "is_hidden", is_hidden):
            return await followed(*args, **kwargs)

    with replaced(MemoryThreads, "followed", of_all):
        yield


BUGS: Mapping[str, Bug] = {
    bug.__name__: bug
    for bug in (
        deleted_replies_count,
        reply_to_a_reply_begins_a_thread,
        replies_to_everybody,
        replies_to_nobody,
        follow_acknowledged_only,
        hidden_threads_are_listed,
    )
}
