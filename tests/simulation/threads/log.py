"""What really happened to threads: how many replies there were when, and who followed. It is
computed here once more, from what was stored and deleted.
"""

from collections.abc import Iterator

import trio
from attrs import define, field

from protocol.model import ASSISTANT_ID, Message, MessageId, UserId
from tests.simulation.judgement.sight import Sight
from tests.simulation.languages.threads import Thread


@define
class ThreadLog:
    """All threads, each identified by its first message.

    `of_replies`: the thread of each reply. `follows`: the users who follow or followed each.
    `read`: the seq up to which a follower has read. `problems`: what was stored wrongly.
    """

    of_replies: dict[MessageId, MessageId] = field(factory=dict, init=False)
    follows: dict[tuple[UserId, MessageId], Sight] = field(factory=dict, init=False)
    read: dict[tuple[UserId, MessageId], int] = field(factory=dict, init=False)
    problems: list[str] = field(factory=list, init=False)
    _done: dict[tuple[UserId, MessageId, bool], float] = field(factory=dict, init=False)
    _authors: dict[MessageId, UserId] = field(factory=dict, init=False)
    _live: dict[MessageId, list[MessageId]] = field(factory=dict, init=False)
    _states: dict[MessageId, list[tuple[float, Thread]]] = field(factory=dict, init=False)

    def root_of(self, message_id: MessageId) -> MessageId:
        """The thread that a message belongs to, or would begin."""
        return self.of_replies.get(message_id, message_id)

    def posted(self, message: Message, parent_id: MessageId | None) -> None:
        """A message was stored; `parent_id` is what its author named as its parent."""
        self._authors[message.id] = message.author_id
        root = None if parent_id is None else self.root_of(parent_id)
        found = None if message.thread is None else message.thread.root_id
        if (message.parent_id, found) != (parent_id, root):
            self.problems.append(f"{message} replies to {parent_id}, in the thread {root}")
        if root is None:
            return
        self.of_replies[message.id] = root
        self._live.setdefault(root, []).append(message.id)
        self._changed(root)
        self._begin(message.author_id, root, message.seq)
        self._begin(self._authors[root], root, 0)

    def deleted(self, message_id: MessageId) -> None:
        """A message was deleted."""
        root = self.of_replies.get(message_id)
        if root is not None:
            self._live[root].remove(message_id)
            self._changed(root)

    def followed(
        self, user_id: UserId, message_id: MessageId, last_seq: int, *, is_following: bool
    ) -> None:
        """A user followed the thread of a message, or unfollowed it."""
        root = self.root_of(message_id)
        self._begin(user_id, root, last_seq)
        self.follows[user_id, root].change(is_open=is_following)
        self._done[user_id, root, is_following] = trio.current_time()

    def did(
        self, user_id: UserId, message_id: MessageId, since: float, *, is_following: bool
    ) -> bool:
        """Whether a user did that since then."""
        at = self._done.get((user_id, self.root_of(message_id), is_following))
        return at is not None and at >= since

    def marked(self, user_id: UserId, message_id: MessageId, up_to: int) -> None:
        """A follower moved their mark."""
        place = (user_id, self.root_of(message_id))
        self.read[place] = max(up_to, self.read.get(place, 0))

    def follows_since(self, user_id: UserId, root: MessageId) -> Sight:
        """When a user followed a thread last."""
        return self.follows.get((user_id, root)) or Sight(is_open=False)

    def follows_reply(self, user_id: UserId, message_id: MessageId) -> Sight:
        """The same for the thread of a reply."""
        return self.follows_since(user_id, self.root_of(message_id))

    def followed_by(self, user_id: UserId) -> Iterator[MessageId]:
        """The threads that a user follows."""
        return (
            root for (who, root), sight in self.follows.items() if who == user_id and sight.is_open
        )

    def now(self, root: MessageId) -> Thread:
        """The current state of a thread."""
        states = self._states.get(root)
        return Thread(root) if states is None else states[-1][1]

    def replies(self, root: MessageId) -> list[MessageId]:
        """The replies that are not deleted."""
        return self._live.get(root, [])

    def threads(self) -> list[MessageId]:
        """All threads that have ever existed."""
        return list(self._states)

    def was(self, thread: Thread, since: float) -> bool:
        """Whether a thread was in this state at some time since then."""
        states = self._states.get(thread.parent_id, [])
        if not states:
            return thread == Thread(thread.parent_id)
        begins = [-1.0, *(at for at, _ in states)]
        ends = [*begins[1:], trio.current_time()]
        found = [Thread(thread.parent_id), *(state for _, state in states)]
        return any(state == thread and end >= since for state, end in zip(found, ends, strict=True))

    def _begin(self, user_id: UserId, root: MessageId, read_seq: int) -> None:
        if user_id != ASSISTANT_ID and (user_id, root) not in self.follows:
            self.follows[user_id, root] = Sight(is_open=False)
            self.follows[user_id, root].change(is_open=True)
            self.read[user_id, root] = read_seq

    def _changed(self, root: MessageId) -> None:
        live = self._live[root]
        last = (live[-1], self._authors[live[-1]]) if live else None
        state = Thread(root, len(live), last)
        self._states.setdefault(root, []).append((trio.current_time(), state))
