"""The threads that one device shows, as they were shown to it last."""

from collections.abc import Collection, Iterable

from attrs import define, field

from protocol.model import MessageId, UserId
from tests.simulation.judgement.truth import Truth
from tests.simulation.judgement.witness import Judge
from tests.simulation.languages.threads import Thread, ThreadReplied


@define
class HeldThreads:
    """The threads that one device shows.

    Args:
        truth: what really happened.
        me: its user.
        require: where complaints go.

    `told`: the replies for which it got an event because its user follows the thread.
    """

    truth: Truth
    me: UserId
    require: Judge
    told: set[MessageId] = field(factory=set, init=False)
    _shown: dict[MessageId, Thread] = field(factory=dict, init=False)
    _left_out: set[MessageId] = field(factory=set, init=False)

    def show(self, threads: Iterable[Thread], since: float) -> None:
        """The device is shown threads as they were at some time since then."""
        for thread in threads:
            is_true = self.truth.threads.was(thread, since)
            now = self.truth.threads.now(thread.parent_id)
            self.require(is_true, f"was shown {thread}, and it is {now}")
            self._shown[thread.parent_id] = thread
            self._left_out.discard(thread.parent_id)

    def leave_out(self, message_id: MessageId) -> None:
        """A reply was confirmed to its author without its thread, because its author may no longer
        write there: the device does not know the new state of the thread.
        """
        self._left_out.add(self.truth.threads.root_of(message_id))

    def not_left_out(self, threads: Iterable[Thread]) -> list[Thread]:
        """The threads that count, where replies may be left out."""
        now = self.truth.threads.now
        return [each for each in threads if each.count or each == now(each.parent_id)]

    def tell(self, replied: ThreadReplied, *, is_joined: bool) -> None:
        """The device gets a reply because its user follows the thread. `is_joined`: it gets the
        channel's events; if not, it would not get revisions of the reply.
        """
        log, committed = self.truth.threads, self.truth.find(replied.message_id)
        root = log.of_replies.get(replied.message_id)
        is_true = committed is not None and root == replied.thread.parent_id
        self.require(is_true, f"was told {replied}, which is no reply")
        if committed is None or root is None:
            return
        message = committed.message
        same = (message.channel_id, message.author_id) == (replied.channel_id, replied.author_id)
        self.require(same, f"was told {replied}, and it is {message}")
        self.require(message.author_id != self.me, f"was told {replied}, its own reply")
        follows = log.follows_since(self.me, root).was_open_since(committed.at)
        self.require(follows, f"was told {replied}, and does not follow the thread")
        before = dict(self._shown)
        self.show([replied.thread], committed.at)
        if not is_joined:
            self._shown = before
        self.told.add(replied.message_id)

    def stale(self, messages: Collection[MessageId], since: float) -> list[Thread]:
        """The threads of these messages in a state that they have not had since then."""
        log = self.truth.threads
        return [
            shown
            for root in messages
            if root not in self._left_out
            and not log.was(shown := self._shown.get(root, Thread(root)), since)
        ]
