"""Changes of stored messages in memory."""

from collections.abc import Sequence
from datetime import timedelta
from typing import assert_never

from attrs import define, evolve

from persistence.contents.revisions import (
    Revised,
    RevisionDraft,
    RevisionOutcome,
    RevisionRefusal,
    RevisionSpan,
    Target,
    Version,
)
from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.contents.mentions import mentioned_by, set_mentions
from persistence.memory.tables import Tables
from persistence.policy import Action
from persistence.records import Denial
from protocol.model import Message, MessageId, UserId
from protocol.revisions import MAX_REACTION_KINDS, Delete, Edit, Grade, Pin, React


@define
class MemoryRevisions:
    """Implements `persistence.contents.revisions.Revisions`."""

    tables: Tables

    async def target(self, user_id: UserId, message_id: MessageId) -> Target | None:
        """See the interface."""
        row = self.tables.messages.get(message_id)
        if row is None or not self.tables.may_join(user_id, row.channel):
            return None
        author_id = row.find(message_id).author_id
        return Target(row.channel.id, row.channel.pair, row.last_rev, author_id)

    async def revise(self, drafts: Sequence[RevisionDraft]) -> Sequence[RevisionOutcome]:
        """See the interface. None is ever `Locked`."""
        return [self._revise(draft) for draft in drafts]

    def _revise(self, draft: RevisionDraft) -> RevisionOutcome:
        row = self.tables.messages.get(draft.message_id)
        if row is None or not self.tables.may_join(draft.by, row.channel):
            return RevisionRefusal.NOT_FOUND
        message, meaning = row.find(draft.message_id), (draft.message_id, draft.revision)
        key = None if draft.key is None else (row.channel.id, draft.by, draft.key)
        if key in self.tables.revision_keys:
            if self.tables.revision_keys[key] != meaning:
                return RevisionRefusal.KEY_CONFLICT
            return self._revised(row, message, repeated=True)
        refusal = self._refusal(draft, row, message)
        if refusal is not None:
            return refusal
        if key is not None:
            self.tables.revision_keys[key] = meaning
        were = mentioned_by(self.tables, row, message)
        changed = self._change(draft, row, message)
        if changed:
            row.revised_id = next(self.tables.ids)
            row.replace(evolve(row.find(message.id), rev=row.next_rev()))
        done = self._revised(row, row.find(message.id), repeated=not changed)
        are = mentioned_by(self.tables, row, message)
        return evolve(
            done,
            mentioned=tuple(each for each in are if each not in were),
            no_longer_mentioned=tuple(each for each in were if each not in are),
        )

    def _refusal(
        self, draft: RevisionDraft, row: ChannelRow, message: Message
    ) -> RevisionRefusal | None:
        is_own = message.author_id == draft.by
        if message.id in row.deleted:
            return RevisionRefusal.NOT_FOUND
        is_copy = message.id in self.tables.originals  # the content is another user's
        if isinstance(draft.revision, Edit) and (is_copy or not is_own):
            return RevisionRefusal.NOT_YOURS
        action = _action(draft, is_own=is_own)
        if self.tables.denial_in_channel(draft.by, action, row.channel) is Denial.NOT_ALLOWED:
            return RevisionRefusal.NOT_ALLOWED
        match draft.revision:
            case Edit():
                age = self.tables.now() - message.created_at
                is_late = age > timedelta(seconds=draft.rules.edit_seconds)
                return RevisionRefusal.TOO_LATE if is_late else None
            case React(emoji=emoji, is_added=True):
                kinds = row.reactions.get(message.id, {})
                is_full = emoji not in kinds and len(kinds) >= MAX_REACTION_KINDS
                return RevisionRefusal.TOO_MANY_REACTIONS if is_full else None
            case _:
                return None

    def _change(self, draft: RevisionDraft, row: ChannelRow, message: Message) -> bool:
        """Carry out a revision; returns whether it changed anything."""
        match draft.revision:
            case Edit(content=content):
                now = self.tables.now()
                if content == message.content:
                    return False
                if draft.rules.keep_versions:
                    version = Version(row.last_rev + 1, message.content, now)
                    row.versions.setdefault(message.id, []).insert(0, version)
                row.replace(evolve(message, content=content, edited_at=now))
                set_mentions(self.tables, row, row.find(message.id))
                return True
            case Delete():
                row.clear(message)
                self.tables.loosen(message.file_url)
                return True
            case React(emoji=emoji, is_added=is_added):
                return self._react(row, message.id, draft.by, emoji, is_added=is_added)
            case Pin(is_pinned=is_pinned):
                pinned = row.channel.pinned
                if is_pinned == (message.id in pinned):
                    return False
                others = tuple(each for each in pinned if each != message.id)
                row.channel = evolve(
                    row.channel, pinned=(*others, message.id) if is_pinned else others
                )
                return True
            case Grade(status=status):
                row.replace(evolve(message, grading=status))
                return status is not message.grading
            case _:
                assert_never(draft.revision)

    def _react(
        self, row: ChannelRow, message_id: MessageId, user_id: UserId, emoji: str, *, is_added: bool
    ) -> bool:
        kinds = row.reactions.setdefault(message_id, {})
        users = kinds.setdefault(emoji, {})
        was_there = user_id in users
        if is_added:
            users.setdefault(user_id, next(self.tables.ids))
        else:
            users.pop(user_id, None)
        if not users:
            del kinds[emoji]
        return was_there is not is_added

    def _revised(self, row: ChannelRow, message: Message, *, repeated: bool = False) -> Revised:
        author = message.author_id if row.channel.pair is not None else None
        shown = row.seen(message, self.tables.unknown_to(author))
        audience = tuple(
            user_id
            for user_id in row.channel.pair or ()
            if self.tables.may_join(user_id, row.channel)
        )
        return Revised(shown, shown.rev, row.channel.workspace_id, audience, repeated)

    async def versions(
        self, user_id: UserId, message_id: MessageId, *, limit: int
    ) -> tuple[Version, ...] | RevisionRefusal:
        """See the interface."""
        row = self.tables.messages.get(message_id)
        if row is None or message_id in row.deleted:
            return RevisionRefusal.NOT_FOUND
        match self.tables.denial_in_channel(user_id, Action.SEE_VERSIONS, row.channel):
            case None:
                return tuple(row.versions.get(message_id, ())[:limit])
            case Denial.NOT_ALLOWED:
                return RevisionRefusal.NOT_ALLOWED
            case Denial.NOT_FOUND:
                return RevisionRefusal.NOT_FOUND

    async def revised_in(
        self, user_id: UserId, spans: Sequence[RevisionSpan], *, limit: int
    ) -> Sequence[Message]:
        """See the interface."""
        hidden = self.tables.hidden_from(user_id)
        return [
            row.seen(message, hidden)
            for row, message in self._in(spans)
            if self.tables.may_join(user_id, row.channel)
            and (message.id in row.deleted or not row.is_hidden(message.id, user_id))
        ][:limit]

    async def revised_since(
        self, spans: Sequence[RevisionSpan], *, limit: int
    ) -> Sequence[Revised]:
        """See the interface."""
        return [
            evolve(self._revised(row, each), mentioned=mentioned_by(self.tables, row, each))
            for row, each in self._in(spans)
        ][:limit]

    def _in(self, spans: Sequence[RevisionSpan]) -> Sequence[tuple[ChannelRow, Message]]:
        found: list[tuple[ChannelRow, Message]] = []
        for span in spans:
            row = self.tables.channels.get(span.channel_id)
            if row is None:
                continue
            revised = [
                message
                for message in row.messages
                if message.rev > span.above_rev
                and (message.seq <= span.upto_seq or message.id in row.deleted)
                and message.id in self.tables.messages
            ]
            found += [(row, each) for each in sorted(revised, key=lambda message: message.rev)]
        return found


def _action(draft: RevisionDraft, *, is_own: bool) -> Action:
    match draft.revision:
        case Edit():
            return Action.EDIT
        case Delete():
            return Action.DELETE_OWN if is_own else Action.DELETE_OTHERS
        case React():
            return Action.REACT
        case Pin():
            return Action.PIN
        case Grade():
            return Action.GRADE
        case _:
            assert_never(draft.revision)
