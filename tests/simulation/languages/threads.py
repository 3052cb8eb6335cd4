"""The threads that frames show: the replies to a message, and the events for followers."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from protocol.model import ChannelId, MessageId, UserId


@frozen
class Thread:
    """The replies to a message: how many there are, and the id and the author of the last one."""

    parent_id: MessageId
    count: int = 0
    last: tuple[MessageId, UserId] | None = None


@frozen
class ThreadReplied:
    """A user replied in a thread that the device's user follows."""

    channel_id: ChannelId
    message_id: MessageId
    author_id: UserId
    thread: Thread


@frozen
class Spelling:
    """The names that a dialect uses for the fields, messages and users of threads."""

    count: str = "replyCount"
    last: str = "lastReply"
    parent: str = "parentId"
    author: str = "userId"
    message_of: Callable[[Any], MessageId] = MessageId
    user_of: Callable[[Any], UserId] = UserId

    def shown(self, message_id: Any, view: Mapping[str, Any]) -> tuple[Thread, ...]:
        """The thread that a message shows: of a reply its own, of any other message its replies."""
        if "thread" in view:
            return (self.thread(view["thread"]),)
        if view.get(self.parent) is not None:
            return ()  # it was confirmed without its content
        return (self._thread(self.message_of(message_id), view.get(self.count, 0), view),)

    def thread(self, view: Mapping[str, Any]) -> Thread:
        """The thread in an object by itself."""
        return self._thread(self.message_of(view[self.parent]), view[self.count], view)

    def _thread(self, parent_id: MessageId, count: int, view: Mapping[str, Any]) -> Thread:
        last = view.get(self.last)
        if last is None:
            return Thread(parent_id, count)
        return Thread(
            parent_id, count, (self.message_of(last["id"]), self.user_of(last[self.author]))
        )


NUMBERED: Final = Spelling()
"""The spelling of the dialects whose ids are numbers."""
