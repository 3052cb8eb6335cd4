"""What users note for themselves, in memory."""

from collections.abc import Collection, Mapping, Sequence

from attrs import define, evolve

from persistence.contents.notes import Noted
from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.tables import Tables
from protocol.model import ChannelId, MessageId, UserId
from protocol.notes import ChannelNote, HiddenNote, Mute, Note


@define
class MemoryNotes:
    """Implements `persistence.contents.notes.Notes`."""

    tables: Tables

    async def mark_unread(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool = False
    ) -> Noted | None:
        """See the interface."""
        row = self._row_of(user_id, message_id, only_private=only_private)
        if row is None:
            return None
        seq = row.find(message_id).seq
        if row.read_up_to(user_id) < seq:
            return Noted(_note(row, user_id), is_new=False)
        return self._noted(row, user_id, evolve(_note(row, user_id), unread_from=seq))

    async def mark_read(self, user_id: UserId, channel_id: ChannelId, *, up_to: int) -> Noted:
        """See the interface."""
        row = self.tables.channels[channel_id]
        note = _note(row, user_id)
        if note.unread_from is None or up_to < note.unread_from:
            return Noted(note, is_new=False)
        is_more = up_to < row.read.get(user_id, 0)
        return self._noted(row, user_id, evolve(note, unread_from=up_to + 1 if is_more else None))

    async def mute(self, user_id: UserId, channel_id: ChannelId, mute: Mute | None) -> Noted | None:
        """See the interface."""
        row = self.tables.channels.get(channel_id)
        if row is None or not self.tables.may_join(user_id, row.channel):
            return None
        if not self.tables.is_listed(row, user_id):
            return None
        note = _note(row, user_id)
        if note.mute == mute:
            return Noted(note, is_new=False)
        return self._noted(row, user_id, evolve(note, mute=mute))

    async def hide(
        self,
        user_id: UserId,
        message_id: MessageId,
        *,
        is_hidden: bool = True,
        only_private: bool = False,
    ) -> Noted | None:
        """See the interface."""
        row = self._row_of(user_id, message_id, only_private=only_private)
        if row is None or (is_hidden and message_id in row.deleted):
            return None
        channel, message = row.channel, row.find(message_id)
        blank = HiddenNote(channel.id, 0, message_id, message.seq, is_hidden=False)
        note = row.hidden.get((user_id, message_id), evolve(blank, pair=channel.pair))
        if note.is_hidden is is_hidden:
            return Noted(note, is_new=False)
        note = evolve(note, is_hidden=is_hidden, number=self.tables.next_note(user_id))
        row.hidden[user_id, message_id] = note
        return Noted(note, is_new=True)

    def _row_of(
        self, user_id: UserId, message_id: MessageId, *, only_private: bool
    ) -> ChannelRow | None:
        row = self.tables.messages.get(message_id)
        if row is None or not self.tables.may_join(user_id, row.channel):
            return None
        pair = row.channel.pair or ()
        return None if only_private and row.find(message_id).author_id not in pair else row

    def _noted(self, row: ChannelRow, user_id: UserId, note: ChannelNote) -> Noted:
        note = evolve(note, number=self.tables.next_note(user_id))
        row.notes[user_id] = note
        return Noted(note, is_new=True)

    async def of_channels(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, ChannelNote]:
        """See the interface."""
        rows = [self.tables.channels[each] for each in channel_ids if each in self.tables.channels]
        return {row.channel.id: row.notes[user_id] for row in rows if user_id in row.notes}

    async def since(self, user_id: UserId, number: int, *, limit: int) -> Sequence[Note]:
        """See the interface."""
        notes = self._above(user_id, number)
        found = notes if number > 0 else [note for note in notes if _holds(note)]
        return found[:limit]

    async def latest(self, user_id: UserId, *, limit: int) -> Sequence[Note]:
        """See the interface."""
        return self._above(user_id, await self.last_number(user_id) - limit)

    def _above(self, user_id: UserId, number: int) -> list[Note]:
        found: list[Note] = []
        for row in self.tables.channels.values():
            if not self.tables.may_join(user_id, row.channel):
                continue
            if user_id in row.notes:
                found.append(row.notes[user_id])
            found += [
                note
                for (who, message_id), note in row.hidden.items()
                if who == user_id and message_id in self.tables.messages
            ]
        return sorted(
            (note for note in found if note.number > number), key=lambda note: note.number
        )

    async def last_number(self, user_id: UserId) -> int:
        """See the interface."""
        return self.tables.last_notes.get(user_id, 0)


def _holds(note: Note) -> bool:
    """Whether it is not the note of a message that is no longer hidden."""
    return isinstance(note, ChannelNote) or note.is_hidden


def _note(row: ChannelRow, user_id: UserId) -> ChannelNote:
    return row.notes.get(user_id, ChannelNote(row.channel.id, 0, row.channel.pair))
