"""@AI: a tutor that replies in the channel where it is asked.

See docs/dialects/learning_chat.md#assistant.

Guarantees: it runs after the question was delivered and never delays or fails it; the model gets
the last messages of that channel and nothing else, in a dm those of the asker, its own, and those
of the peer from the peer's first `@AI` among them on; each user asks within a quota, and users take
turns; it never replies to an assistant; a failure is logged, and only the asker gets an error. Must
not know: sockets, SQL, how the model is reached.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import structlog
import trio
from attrs import frozen

from hub.actor.client import Client
from hub.actor.letters import ChannelRoom, Delivery, Room, ToClients, ToRooms, WorkspaceRoom
from hub.cluster.elsewhere import Announcer
from hub.limits.quotas import Kind, Quota
from hub.services.assistant.language_model import LanguageModel, NoAnswer, Turn
from hub.services.assistant.turns import FairQueue
from hub.services.posting.messaging import Messaging
from persistence.interface import Accounts, Messages
from persistence.records import Draft, StoreUnavailable
from protocol.errors import TOO_OFTEN, ErrorCode
from protocol.events import ChannelTyping, Refused
from protocol.model import ASSISTANT_ID, Channel, Message, Posted, Role, User, UserId

log = structlog.get_logger(__name__)

TRIGGER: Final = "@AI"
TYPING_SECONDS: Final = 2.0
MAX_WAITING: Final = 100
MAX_WAITING_OF_ONE: Final = 10
CONTEXT_MESSAGES: Final = 20
CONTEXT_CHARS: Final = 8_000
_FAILURE: Final = Refused.because(ErrorCode.ASSISTANT_UNAVAILABLE)
_TOO_OFTEN: Final = Refused(ErrorCode.RATE_LIMITED, TOO_OFTEN)


class QuestionOutcome(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    FAILED = "failed"
    TOO_OFTEN = "too_often"  # the asker's quota is used up
    OVERLOADED = "overloaded"  # too many wait


@frozen
class _Question:
    channel: Channel
    message: Message
    asker: User
    client: Client | None  # gets an error if it fails


class Assistant:
    """Replies to questions, a few at a time.

    Args:
        completions: the model; None when the deployment has none.
        messaging: stores and delivers the reply.
        messages: gives the channel's last messages.
        accounts: gives the assistant's own account.
        announcer: delivers the typing indicator.
        workers: replies that are made at a time.
    """

    def __init__(
        self,
        completions: LanguageModel | None,
        messaging: Messaging,
        messages: Messages,
        accounts: Accounts,
        announcer: Announcer,
        *,
        workers: int,
    ) -> None:
        self._completions = completions
        self._messaging = messaging
        self._messages = messages
        self._accounts = accounts
        self._announcer = announcer
        self._workers = workers
        self.outcomes: Counter[QuestionOutcome] = Counter()
        """What became of the questions since the start."""
        self._questions: FairQueue[_Question] = FairQueue(MAX_WAITING, MAX_WAITING_OF_ONE)

    def consider(
        self, channel: Channel, message: Message, asker: User, client: Client | None, quota: Quota
    ) -> None:
        """Reply to a stored message if it contains the trigger. Never waits.

        Args:
            channel: where it was posted.
            message: as it was stored.
            asker: its author.
            client: the connection that gets an error if it fails; None over REST.
            quota: the asker's.
        """
        if TRIGGER not in message.content or asker.role is Role.ASSISTANT:
            return
        refusal = None
        now = trio.current_time()
        if not all(quota.take(kind, now) for kind in (Kind.QUESTIONS, Kind.QUESTIONS_A_DAY)):
            self.outcomes[QuestionOutcome.TOO_OFTEN] += 1
            refusal = _TOO_OFTEN
        elif not self._questions.put(asker.id, _Question(channel, message, asker, client)):
            self.outcomes[QuestionOutcome.OVERLOADED] += 1
            log.warning("assistant_overloaded", user=asker.id, channel_id=channel.id)
            refusal = _FAILURE
        if refusal is not None and client is not None:
            client.send(refusal)

    async def run(self) -> None:
        """Reply until cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                for _ in range(self._workers):
                    nursery.start_soon(self._work)
        finally:
            if self._completions is not None:
                with trio.move_on_after(1, shield=True):
                    await self._completions.close()

    async def _work(self) -> None:
        while True:
            question = await self._questions.take()
            try:
                if self._completions is None:
                    self.outcomes[QuestionOutcome.FAILED] += 1
                    await self._send_failure(question)
                else:
                    await self._answer(self._completions, question)
                    self.outcomes[QuestionOutcome.ANSWERED] += 1
            except (NoAnswer, StoreUnavailable) as error:
                self.outcomes[QuestionOutcome.FAILED] += 1
                log.warning(
                    "assistant_failed",
                    user=question.asker.id,
                    channel_id=question.channel.id,
                    reason=str(error),
                )
                await self._send_failure(question)

    async def _answer(self, completions: LanguageModel, question: _Question) -> None:
        me = await self._accounts.get(ASSISTANT_ID)
        if me is None:
            raise NoAnswer("the assistant has no account")
        text: str | NoAnswer | StoreUnavailable
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_typing, question.channel, me)
            try:
                text = await completions.answer(await self._context(question))
            except (NoAnswer, StoreUnavailable) as error:
                text = error
            nursery.cancel_scope.cancel()
        if not isinstance(text, str):
            raise text
        channel = question.channel
        draft = Draft(me.id, None, text, channel_id=channel.id, asker_id=question.asker.id)
        outcome = await self._messaging.send(me, draft, dm=channel.pair)
        if not isinstance(outcome, Posted):
            raise NoAnswer(f"the answer was refused: {outcome}")

    async def _context(self, question: _Question) -> list[Turn]:
        """The question, and the last messages before it with at most `CONTEXT_CHARS` characters."""
        before = await self._messages.channel_page(
            question.channel.id, before=question.message.id, limit=CONTEXT_MESSAGES
        )
        if question.channel.pair is not None:
            before = _agreed(before, question.asker.id)
        asked = question.message.content.replace(TRIGGER, "", 1).strip()
        turns = [Turn("user", asked or question.message.content)]
        room = CONTEXT_CHARS
        for message in reversed(before):
            room -= len(message.content)
            if room < 0:
                break
            role = "assistant" if message.author_id == ASSISTANT_ID else "user"
            turns.append(Turn(role, message.content))
        return turns[::-1]

    async def _keep_typing(self, channel: Channel, me: User) -> None:
        rooms: list[Room] = [ChannelRoom(channel.id)]
        if channel.workspace_id is not None:
            rooms.append(WorkspaceRoom(channel.workspace_id))
        event = ChannelTyping(channel.id, channel.workspace_id, me)
        while True:
            await self._announcer.announce((Delivery(event, ToRooms(rooms)),))
            await trio.sleep(TYPING_SECONDS)

    async def _send_failure(self, question: _Question) -> None:
        if question.client is not None:
            await self._announcer.hub.broadcast(
                (Delivery(_FAILURE, ToClients((question.client,))),)
            )


def _agreed(messages: Sequence[Message], asker: UserId) -> Sequence[Message]:
    """The messages whose authors agree that the model reads them: all of the asker's, and those of
    another user from that user's first `@AI` on.
    """
    agreed = {asker, ASSISTANT_ID}
    found = []
    for message in messages:
        if TRIGGER in message.content:
            agreed.add(message.author_id)
        if message.author_id in agreed:
            found.append(message)
    return found
