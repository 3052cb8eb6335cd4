"""Typing indicators that began at other nodes.

Guarantees: an indicator ends when its author's end arrives, when the author's message is delivered
here, a second after its time if its end was lost, and with its node; its end is delivered once. An
indicator from before a message, or from before a right ended, is not delivered after it, even if it
arrives `LATE_SECONDS` late; for a block in a channel those of `Corrections`. Must not know: who may
type where, what carries indicators.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import trio
from attrs import evolve

from hub.actor.letters import ChannelRoom, Delivery, ToRooms
from hub.cluster.bulletins import Typed
from hub.services.company.lately import Lately
from hub.services.presence.corrections import Corrections
from hub.services.typing.running import Place, Running
from protocol.events import ChannelTyping, Event, TypingChanged
from protocol.model import UserId

LATE_SECONDS: Final = 10.0  # that an indicator may take to arrive
SPARE_SECONDS: Final = 1.0  # for its own end to arrive


class TypingElsewhere:
    """Takes the signs of typing that other nodes publish.

    Args:
        running: the indicators that are on here.
        corrections: which users were hidden from which a moment ago.
    """

    def __init__(self, running: Running, corrections: Corrections) -> None:
        self._running = running
        self._corrections = corrections
        self._messages: Lately[Place, int] = Lately(LATE_SECONDS)  # each author's last, as a seq
        self._refused: Lately[Place, bool] = Lately(LATE_SECONDS)

    def message_delivered(self, place: Place, seq: int) -> None:
        """A message of the author is delivered there now; it is their last one."""
        self._messages.note(place, seq)

    def last_message(self, place: Place) -> int:
        """The seq of the author's last message there, if it was delivered lately; else 0."""
        return self._messages.get(place) or 0

    def refuse(self, place: Place) -> None:
        """Drop indicators of the author there that arrive from now on, for `LATE_SECONDS`."""
        self._refused.note(place, value=True)

    def received(self, node: str, sign: Typed) -> Sequence[Delivery]:
        """Take a sign of another node; returns the deliveries that it leads to here."""
        place = _place_of(sign)
        if place is None:
            return ()
        if not sign.is_typing:
            return self._running.stop(place)
        if self.last_message(place) > sign.after or self._refused.get(place):
            return ()
        expires = trio.current_time() + sign.seconds + SPARE_SECONDS
        begun = self._corrections.deliveries(sign.author_id, sign.reaching)
        self._running.start(place, node, partial(_ended, begun), expires, _hidden_from(begun))
        return begun

    def node_ended(self, node: str) -> None:
        """End the indicators that began at this node."""
        self._running.end_now(self._running.places(source=node))


def _place_of(sign: Typed) -> Place | None:
    if sign.recipient_id is not None:
        return sign.author_id, sign.recipient_id
    return None if sign.channel_id is None else (sign.author_id, ChannelRoom(sign.channel_id))


def _hidden_from(begun: Sequence[Delivery]) -> frozenset[UserId]:
    """The users who do not get the beginning of an indicator, although others in the room do."""
    return frozenset().union(
        *(each.to.besides_users for each in begun if isinstance(each.to, ToRooms))
    )


def _ended(begun: Sequence[Delivery], hidden_from: frozenset[UserId]) -> list[Delivery]:
    """The deliveries of an indicator's end to all who got its beginning, except `hidden_from`."""
    return [
        Delivery(
            _end_of(each.event),
            evolve(each.to, besides_users=hidden_from) if isinstance(each.to, ToRooms) else each.to,
        )
        for each in begun
    ]


def _end_of(event: Event) -> Event:
    match event:
        case TypingChanged():
            return evolve(event, is_typing=False, at=datetime.now(UTC))
        case ChannelTyping():
            return evolve(event, is_typing=False)
        case _:
            return event
