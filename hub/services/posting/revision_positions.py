"""Up to which rev the channels of one lane were delivered, and where something may be missing.

Guarantees: a revision counts as delivered right after the one before it, or not yet. Must not know:
how revisions are stored or delivered.
"""

from collections.abc import Sequence
from typing import Final

from attrs import define, field

from persistence.contents.revisions import RevisionDraft, RevisionSpan
from protocol.model import MAX_ID, ChannelId, UserId

MAX_CHANNELS: Final = 100_000  # whose rev is remembered


@define
class RevisionPositions:
    """Up to which rev each channel of a lane was delivered.

    `doubtful`: the channels in which something may be missing. `unsettled`: whose revisions may be
    stored from now on.
    """

    _last: dict[ChannelId, int] = field(factory=dict, init=False)
    doubtful: dict[ChannelId, None] = field(factory=dict, init=False)
    unsettled: set[UserId] = field(factory=set, init=False)

    def begin_anew(self) -> None:
        """It is another log: forget everything."""
        self._last.clear()
        self.doubtful.clear()
        self.unsettled.clear()

    def expect(self, draft: RevisionDraft) -> None:
        """Before a revision is made: what came before it in its channel is not missing."""
        target = draft.target
        self._last.setdefault(target.channel_id, target.last_rev)
        if len(self._last) > MAX_CHANNELS:
            del self._last[next(iter(self._last))]

    def follows(self, channel_id: ChannelId, rev: int) -> bool:
        """Whether a revision that was just made may be delivered now; then it counts as delivered.
        If not, its channel is in doubt.
        """
        if channel_id not in self.doubtful and rev == self._last.get(channel_id, rev - 1) + 1:
            self.note(channel_id, rev)
            return True
        self.doubtful[channel_id] = None
        return False

    def is_next(self, channel_id: ChannelId, rev: int) -> bool:
        """Whether everything before this revision was delivered."""
        return rev == self._last.get(channel_id, 0) + 1

    def note(self, channel_id: ChannelId, rev: int) -> None:
        """Everything up to this rev was delivered."""
        self._last[channel_id] = max(rev, self._last.pop(channel_id, 0))

    def doubt(self, draft: RevisionDraft) -> None:
        """It is unknown whether this revision was made; it may even be made from now on."""
        self.doubtful[draft.target.channel_id] = None
        self.unsettled.add(draft.by)

    def spans(self) -> Sequence[RevisionSpan]:
        """Where something may be missing."""
        return [
            RevisionSpan(channel_id, self._last.get(channel_id, 0), MAX_ID)
            for channel_id in self.doubtful
        ]
