"""Faults, and rights that users take from each other and give back, by the dice of one seed."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import trio
from attrs import define, field

from protocol.model import UserId, WorkspaceId
from tests.simulation.languages.language import Call
from tests.support.world import Person

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

INSIST_SECONDS = 4.0
DONE = {200, 201, 403, 404}  # 403: it is not allowed now; 404: it was so already


@define
class Trouble:
    """Makes trouble.

    Args:
        sim: the simulation.
        people: the first one owns the workspaces.
        workspaces: all of them.
        follows: the pairs that follow each other when no right is taken away.
    """

    sim: "Simulation"
    people: list[Person]
    workspaces: list[WorkspaceId]
    follows: list[tuple[UserId, UserId]]
    _unanswered: set[tuple[WorkspaceId, UserId]] = field(factory=set, init=False)

    async def make_until(self, at: float) -> None:
        """Make trouble until that time."""
        actions: dict[Action, int] = {
            self._crash: 1,
            self._outage: 1,
            self._block: 2,
            self._unfollow: 1,
            self._hide_profile: 1,
            self._remove_member: 3,
            self._add_member: 3,
            self._end_session: 1,
            self.restore: 2,
        }
        dice = self.sim.dice
        while trio.current_time() < at:
            await trio.sleep(dice.random() * 1.5)
            (action,) = dice.choices(list(actions), list(actions.values()))
            await action()

    async def take_something(self) -> None:
        """Take one right away for good."""
        actions: list[Action] = [self._block, self._remove_member, self._end_session]
        await self.sim.dice.choice(actions)()

    async def restore(self) -> None:
        """Give all rights back."""
        tables = self.sim.tables
        for person in self.people:
            if not tables.users[person.id].is_public and person.user.is_public:
                await self._set_profile(person, is_public=True)
        for one, other in list(tables.blocks):
            await self._insist(self._person(one), _private("DELETE", f"users/{other}/block"))
        for one, other in self.follows:
            if not tables.follow_accepted_either_way(one, other):
                await self._insist(self._person(one), _private("POST", f"users/{other}/follow"))
                await self._insist(self._person(other), _private("POST", f"followers/{one}/accept"))
        for workspace_id in self.workspaces:
            for person in self.people:
                is_member = person.id in tables.workspaces[workspace_id].members
                if not is_member or (workspace_id, person.id) in self._unanswered:
                    await self._add(workspace_id, person.id)
        self.sim.note("trouble", "everything is allowed")

    async def _crash(self) -> None:
        self.sim.cell.crash()

    async def _outage(self) -> None:
        self.sim.note("store", "away")
        self.sim.weather.begin_outage()
        await trio.sleep(self.sim.dice.random() * 3.0)
        self.sim.weather.end_outage()

    async def _block(self) -> None:
        one, other = self.sim.dice.sample(self.people, 2)
        self.sim.note("trouble", f"{one.id} blocks {other.id}")
        await self._insist(one, _private("POST", f"users/{other.id}/block"))

    async def _unfollow(self) -> None:
        one, other = self.sim.dice.sample(self.people, 2)
        self.sim.note("trouble", f"{one.id} and {other.id} do not follow each other any more")
        await self._insist(one, _private("DELETE", f"users/{other.id}/follow"))
        await self._insist(one, _private("DELETE", f"followers/{other.id}"))

    async def _hide_profile(self) -> None:
        person = self.sim.dice.choice(self.people)
        self.sim.note("trouble", f"{person.id} is private")
        await self._set_profile(person, is_public=False)

    async def _set_profile(self, person: Person, *, is_public: bool) -> None:
        call = Call("PUT", "/private_messages/api/users/me/profile", {"is_public": is_public})
        await self._insist(person, call)

    async def _remove_member(self) -> None:
        user_id = self.sim.dice.choice(self.people[1:]).id
        workspace_id = self.sim.dice.choice(self.workspaces)
        self.sim.note("trouble", f"{user_id} is put out of {workspace_id}")
        if self.sim.dice.random() < 0.5:
            path = f"/learning_platform/api/workspaces/{workspace_id}/members/{user_id}"
            await self._insist(self.people[0], Call("DELETE", path))
        else:  # by SQL
            owner = self.people[0].id
            await self.sim.store.workspaces.remove_member(workspace_id, user_id, by=owner)
            self.sim.truth.changed()

    async def _add_member(self) -> None:
        user_id = self.sim.dice.choice(self.people[1:]).id
        await self._add(self.sim.dice.choice(self.workspaces), user_id)

    async def _add(self, workspace_id: WorkspaceId, user_id: UserId) -> None:
        path = f"/learning_platform/api/workspaces/{workspace_id}/members"
        self._unanswered.add((workspace_id, user_id))  # until then it may be done or not
        if await self._insist(self.people[0], Call("POST", path, {"userId": user_id})):
            self._unanswered.discard((workspace_id, user_id))
            self.sim.note("trouble", f"{user_id} is in {workspace_id}")

    async def _end_session(self) -> None:
        """End the session of one device, by itself, or by SQL."""
        device = self.sim.dice.choice(self.sim.devices)
        if not device.has_session:
            return
        self.sim.note("trouble", f"the session of {device.name} ends")
        if self.sim.dice.random() < 0.5:
            is_own = device.language.cookie == "session_token"
            dialect = "private_messages" if is_own else "learning_platform"
            await self._insist(device.person, Call("POST", f"/{dialect}/api/auth/logout"))
        else:
            await self.sim.store.sessions.close(device.session_hash)
            self.sim.truth.changed()

    async def _insist(self, person: Person, call: Call) -> bool:
        """Repeat a call until it gets a response: a call that fails may have been carried out."""
        with trio.move_on_after(INSIST_SECONDS):
            while True:
                reply = await self.sim.call(person, call)
                if reply is not None and reply.status in DONE:
                    return True
                await trio.sleep(0.1)
        return False

    def _person(self, user_id: UserId) -> Person:
        return next(person for person in self.people if person.id == user_id)


Action: TypeAlias = Callable[[], Awaitable[None]]


def _private(method: str, path: str) -> Call:
    return Call(method, f"/private_messages/api/{path}")
