"""What the lists must show at the end of the day of a user's notes: the unread counts of each
channel, and in total.
"""

from typing import TYPE_CHECKING, Any

from protocol.model import ChannelId
from tests.simulation.judgement.truth import Right
from tests.simulation.languages.language import Call
from tests.simulation.languages.notes import LEARNING, PRIVATE
from tests.support.world import Person

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

AMONG = 50  # the newest messages of a channel, among which unread ones are counted


async def check_unread(sim: "Simulation", person: Person) -> None:
    """Check each conversation and channel, and the total over conversations."""
    me, notes, over_all = person.id, sim.truth.notes, 0
    conversations = await _get(sim, person, f"{PRIVATE}/messages/conversations")
    for each in conversations:
        place = (me, channel_id := sim.places.conversation(me, each["user"]["id"]))
        unread = 0 if (me, each["user"]["id"]) in sim.tables.blocks else _unread(sim, *place)
        is_muted = place in notes.muted
        shown = (each["unread_count"], each["unread_from"], each["is_muted"])
        expected = (unread, notes.unread_from.get(place), is_muted)
        sim.require(shown == expected, f"{me} sees {shown} of {channel_id}, and it is {expected}")
        over_all += 0 if is_muted else unread
    total = await _get(sim, person, f"{PRIVATE}/messages/unread-count")
    sim.require(total == {"count": over_all}, f"{me} sees {total}, and it is {over_all}")
    for room in sim.places.rooms:
        if sim.truth.sight(Right.SEE, me, room).is_open:
            answer = await _get(sim, person, f"{LEARNING}/channels/{room}/unread")
            unread = _unread(sim, me, room, AMONG)
            same = answer == {"unreadCount": unread}
            sim.require(same, f"{me} sees {answer} of {room}, and it is {unread}")


def _unread(sim: "Simulation", me: Any, channel_id: ChannelId, among: int | None = None) -> int:
    """How many messages of others count as unread."""
    notes, log = sim.truth.notes, sim.tables.channels[channel_id].messages
    shown = [each for each in log if not each.is_deleted and not notes.hidden(me, each.id).is_open]
    upto = notes.read_up_to((me, channel_id))
    newest = shown if among is None else shown[-among:]
    return sum(each.seq > upto and each.author_id != me for each in newest)


async def _get(sim: "Simulation", person: Person, path: str) -> Any:
    reply = await sim.call(person, Call("GET", path))
    assert reply is not None
    sim.require(reply.status == 200, f"{path} was answered {reply.text}")
    return reply.json
