"""The searches of a device, in the two dialects that have them: for everything, for a message by
its name, for edited ones.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import trio
from attrs import define, field, frozen

from tests.simulation.judgement.found import Asked, Hit
from tests.simulation.languages.language import Call, Places
from tests.simulation.languages.meanings import state_in
from tests.simulation.languages.private_messages import private_state_in
from tests.support.world import Person

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

EVERYTHING: Final = "after:2000-01-01"
PAGE: Final = 20
MAX_PAGES: Final = 500
FAILURE_SECONDS: Final = 20.0  # after a failed call, in which a search may be refused because of it


@frozen
class Engine:
    """Where messages are searched. `only_private`: messages of workspaces are not found there."""

    path: str
    only_private: bool
    hit: Callable[[Places, Any], Hit]


def _private_hit(places: Places, view: Any) -> Hit:
    channel = places.conversation(view["sender_id"], view["recipient_id"])
    return Hit((channel, view["seq"]), private_state_in(view))


def _learning_hit(_: Places, view: Any) -> Hit:
    return Hit((view["channelId"], view["seq"]), state_in(view))


ENGINES: Final = (
    Engine("/private_messages/api/messages/search", True, _private_hit),
    Engine("/learning_platform/api/messages/search", False, _learning_hit),
)


@define
class Searches:
    """The searches of one person.

    `count`: how many messages were found.
    """

    sim: "Simulation"
    name: str
    count: int = field(default=0, init=False)

    async def make_one(self, person: Person, *, is_let_in: Callable[[], bool]) -> None:
        """Search once: every result must be right, and nothing may be missing."""
        engine = self.sim.dice.choice(ENGINES)
        text, fits = self._choose(person)
        asked = self._asked(person, engine, fits)
        self.sim.note(self.name, f"searches for {text}")
        reply = await self.sim.call(person, Call("GET", f"{engine.path}?q={quote(text)}"))
        if reply is None:
            return  # the hub crashed
        match reply.status:
            case 200:
                self._judge(asked, engine, reply.json)
            case 401:
                self.sim.require(not is_let_in(), f"{self.name} may not search")
            case _:
                failed = trio.current_time() - self.sim.weather.failed_at < FAILURE_SECONDS
                is_excused = reply.status == 429 or (failed and reply.status == 503)
                self.sim.require(is_excused, f"{self.name} searches: {reply.text}")

    async def find_everything(self, person: Person) -> None:
        """In both dialects, page by page: all messages that the person may see, now that all is
        calm.
        """
        for engine in ENGINES:
            asked = self._asked(person, engine, lambda _: True, limit=MAX_PAGES * PAGE)
            found: list[Any] = []
            path = f"{engine.path}?q={quote(EVERYTHING)}"
            for _ in range(MAX_PAGES):
                reply = await self.sim.call(person, Call("GET", path))
                status = None if reply is None else reply.status
                if reply is None or status != 200:
                    self.sim.require(False, f"{self.name} searches: {reply}")
                    return
                found += reply.json
                link = reply.headers.get("link")
                if link is None:
                    break
                path = f"{engine.path}{link[1 : link.index('>')]}"
            self._judge(asked, engine, found)

    def _choose(self, person: Person) -> tuple[str, Callable[[str], bool]]:
        """A query, and the texts that match it."""
        names = [
            committed.message.content.partition(" ")[0]
            for (channel_id, _), committed in self.sim.truth.messages.items()
            if self.sim.truth.sees(person.id, channel_id)
        ]
        chosen = self.sim.dice.random()
        if chosen < 0.4 or not names:
            return EVERYTHING, lambda _: True
        if chosen < 0.7:
            return "edited", lambda content: "edited" in content
        name = self.sim.dice.choice(names)
        return f'"{name}"', lambda content: content.partition(" ")[0] == name

    def _asked(
        self, person: Person, engine: Engine, fits: Callable[[str], bool], limit: int = PAGE
    ) -> Asked:
        places = self.sim.places
        of_person = places.conversations_of(person.id)
        channels = of_person if engine.only_private else places.all_of(person.id)
        return Asked(self.sim.truth, person.id, channels, fits, limit)

    def _judge(self, asked: Asked, engine: Engine, found: list[Any]) -> None:
        hits = [engine.hit(self.sim.places, each["message"]) for each in found]
        self.count += len(hits)
        wrong = asked.flaw(hits)
        self.sim.require(wrong is None, f"{self.name} finds wrongly: {wrong}")
