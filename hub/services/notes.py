"""What users note for themselves alone: messages that count as unread again, hidden messages, muted
channels.

Guarantees: the policy decides in the statement that stores the note; a message or channel that the
user may not see is treated like one that does not exist; a note is sent only to the user's own
connections, to the one that made it as the answer; if it is unknown whether a note was stored, it
is sent once the store can be read. Must not know: dialects, sockets, SQL.
"""

from collections import Counter
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Final, TypeVar, assert_never

import structlog
import trio
from attrs import define, field

from hub.actor.client import Client
from hub.actor.letters import Delivery, ToUsers
from hub.cluster.elsewhere import Announcer
from hub.limits.quotas import Kind
from hub.services.asker import Asker
from persistence.contents.notes import Noted as StoredNote
from persistence.contents.notes import Notes as NoteStore
from persistence.interface import Messages, Relations
from persistence.records import StoreUnavailable
from protocol.answers import Answer, Notice
from protocol.commands import HideMessage, MarkUnread, MuteChannel, MuteConversation, NoteCommand
from protocol.errors import TOO_OFTEN, ErrorCode
from protocol.events import Noted, Refused
from protocol.model import ChannelId, MessageId, UserId
from protocol.notes import Mute, Note

log = structlog.get_logger(__name__)

T = TypeVar("T")

PAGE_NOTES: Final = 500
MAX_NOTES: Final = 10_000  # in one resume
CONCURRENT_NOTES: Final = 8  # that a user's connections may make at the same time
RECHECK_SECONDS: Final = 0.5
_IN_PAST: Final = "until must be in the future"


@define
class Notes:
    """Stores notes, and sends them to their users' connections."""

    store: NoteStore
    messages: Messages
    relations: Relations
    announcer: Announcer
    # how many statements of a user there were, from the first one whose outcome is unknown on
    _doubts: Counter[UserId] = field(factory=Counter, init=False)
    _in_doubt: trio.Event = field(factory=trio.Event, init=False)

    async def take(self, asker: Asker, command: NoteCommand) -> Answer:
        """Store a note of a user. The answer is the note as it is afterwards.

        Raises:
            StoreUnavailable: the outcome is unknown, and repeating the command is safe.
        """
        now = trio.current_time()
        if not asker.quota.take(Kind.NOTES, now):
            wait = asker.quota.retry_after(Kind.NOTES, now)
            return Refused(ErrorCode.RATE_LIMITED, TOO_OFTEN, retry_after=wait)
        user_id = asker.user.id
        match command:
            case MarkUnread(message_id=message_id, only_private=only_private):
                if not await self._is_in(message_id, command.channel_id):
                    return Refused.because(ErrorCode.MESSAGE_NOT_FOUND)
                stored = await self.known(
                    user_id,
                    self.store.mark_unread(user_id, message_id, only_private=only_private),
                )
                return await self._answer(asker, stored, ErrorCode.MESSAGE_NOT_FOUND)
            case HideMessage(message_id=message_id, only_private=only_private):
                if not await self._is_in(message_id, command.channel_id):
                    return Refused.because(ErrorCode.MESSAGE_NOT_FOUND)
                is_hidden = command.is_hidden
                stored = await self.known(
                    user_id,
                    self.store.hide(
                        user_id, message_id, is_hidden=is_hidden, only_private=only_private
                    ),
                )
                return await self._answer(asker, stored, ErrorCode.MESSAGE_NOT_FOUND)
            case MuteChannel(channel_id=channel_id, mute=mute):
                return await self._mute(asker, channel_id, mute, ErrorCode.CHANNEL_NOT_FOUND)
            case MuteConversation(peer_id=peer_id, mute=mute):
                view = await self.relations.conversation_view(user_id, peer_id)
                missing = ErrorCode.CONVERSATION_NOT_FOUND
                if view.channel_id is None:
                    return Refused.because(missing)
                return await self._mute(asker, view.channel_id, mute, missing)
            case _:
                assert_never(command)

    async def _is_in(self, message_id: MessageId, channel_id: ChannelId | None) -> bool:
        """Whether a message is in the channel that the client names, if it names one."""
        if channel_id is None:
            return True
        message = await self.messages.get(message_id, even_deleted=True)
        return message is not None and message.channel_id == channel_id

    async def _mute(
        self, asker: Asker, channel_id: ChannelId, mute: Mute | None, missing: ErrorCode
    ) -> Answer:
        if mute is not None and not mute.holds(datetime.now(UTC)):
            return Refused(ErrorCode.INVALID_FIELD, _IN_PAST, field="until")
        user_id = asker.user.id
        stored = await self.known(user_id, self.store.mute(user_id, channel_id, mute))
        return await self._answer(asker, stored, missing)

    async def _answer(self, asker: Asker, stored: StoredNote | None, missing: ErrorCode) -> Answer:
        """Send a changed note to the user's other connections; returns the answer."""
        if stored is None:
            return Refused.because(missing)
        if stored.is_new:
            await self.announcer.announce([noted(asker.user.id, stored.note, asker.client)])
        return Notice(_event(asker.user.id, stored.note))

    async def known(self, user_id: UserId, statement: Awaitable[T]) -> T:
        """Run a statement that may change a user's notes, and return its result. If its outcome is
        unknown, `run` sends the user's connections the last notes.

        Raises:
            StoreUnavailable: the outcome is unknown.
        """
        try:
            outcome = await statement
        except BaseException:
            self._doubts[user_id] += 1
            self._in_doubt.set()
            raise
        if user_id in self._doubts:
            self._doubts[user_id] += 1
        return outcome

    async def run(self) -> None:
        """Send the notes again that may not have been sent, until cancelled."""
        while True:
            await self._in_doubt.wait()
            self._in_doubt = trio.Event()
            await trio.sleep(RECHECK_SECONDS)
            try:
                for user_id in tuple(self._doubts):
                    await self._send_again(user_id)
            except StoreUnavailable as error:
                log.warning("notes_in_doubt", users=len(self._doubts), reason=str(error))
                self._in_doubt.set()

    async def _send_again(self, user_id: UserId) -> None:
        """Send a user's connections the last notes: those in doubt are among them, and those that
        were made since. The last one alone is not enough: a client whose dialect sends no notes of
        channels could not see from its number that one is missing. Raises StoreUnavailable.
        """
        doubts = self._doubts[user_id]
        count = min(CONCURRENT_NOTES + doubts, PAGE_NOTES)
        notes = await self.store.latest(user_id, limit=count)
        await self.announcer.announce([noted(user_id, note) for note in notes])
        self._doubts -= Counter({user_id: doubts})

    async def replay(self, client: Client, known: int) -> tuple[int, bool]:
        """Send a connection its user's notes that it missed. `known`: the number of the last note
        that it knows; above the user's last number, all notes are sent. Returns the number up to
        which it knows them then, and whether that is all.

        Raises:
            StoreUnavailable: it cannot be read now.
        """
        user_id = client.user.id
        last = await self.store.last_number(user_id)
        reached, left = known if known <= last else 0, MAX_NOTES
        if reached == last:
            return last, True
        while left > 0:
            page = await self.store.since(user_id, reached, limit=min(PAGE_NOTES, left))
            for note in page:
                client.replay(_event(user_id, note))
            client.flush()
            if client.link.is_behind:
                await client.link.caught_up()
            if len(page) < PAGE_NOTES:
                return max([last, *(note.number for note in page)]), True
            reached = page[-1].number
            left -= len(page)
        return reached, reached >= last


def noted(user_id: UserId, note: Note, besides: Client | None = None) -> Delivery:
    """The delivery of a note to the user's connections, except `besides`."""
    return Delivery(_event(user_id, note), ToUsers((user_id,), besides))


def _event(user_id: UserId, note: Note) -> Noted:
    return Noted(user_id, note, datetime.now(UTC))
