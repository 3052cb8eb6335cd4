"""Some conversations on two nodes, with bulletins that are lost, late and repeated, while clients
come and go; and what every client must have received in the end.
"""

import random
from contextlib import suppress
from itertools import pairwise
from typing import Any

import trio
from attrs import define, field

from hub.actor.client import Client
from hub.services.posting.lane import Settlement
from persistence.contents.revisions import Revised, RevisionDraft
from persistence.records import Draft, StoreUnavailable
from protocol.model import ChannelId, Posted, User
from protocol.revisions import Delete, Edit, React, Revision
from tests.support.cluster.node import Node, Notebook, seqs
from tests.support.stores.intercept import Interception

EMOJI = "❤️"


@define
class Visit:
    """A connection: the heads of the log when it came, and what it received."""

    client: Client
    notes: Notebook
    heads: dict[ChannelId, int]
    revs: dict[ChannelId, int]


@define
class Life:
    """Two nodes on one log, of which one is tested, and users who come and go."""

    node: Node
    users: tuple[User, ...]
    dice: random.Random
    gaps: Interception
    since: Interception
    bulletins: list[Posted | Revised] = field(factory=list)
    visits: list[Visit] = field(factory=list)
    here: list[Visit] = field(factory=list)
    settled: list[list[Settlement]] = field(factory=list)
    sent: int = 0

    @property
    def tables(self) -> Any:
        return self.node.store.messages.tables  # type: ignore[attr-defined]

    def pair(self) -> tuple[User, User]:
        ann, *others = self.dice.sample(self.users, len(self.users))
        return ann, others[0]

    async def here_stored(self) -> None:
        ann, ben = self.pair()
        self.sent += 1
        self.settled.append(await self.node.submit(ann, Draft(ann.id, ben.id, str(self.sent))))

    async def elsewhere_stored(self) -> None:
        ann, ben = self.pair()
        self.bulletins += await self.node.elsewhere(
            Draft(ann.id, ben.id, "x"), Draft(ben.id, ann.id, "y")
        )

    async def changed(self) -> None:
        """A revision here or at the other node, by either participant."""
        if not self.tables.messages:
            return
        message_id = self.dice.choice(list(self.tables.messages))
        row = self.tables.messages[message_id]
        user_id = row.find(message_id).author_id
        target = await self.node.store.revisions.target(user_id, message_id)
        choices: tuple[Revision, ...] = (Edit(str(self.dice.random())), React(EMOJI), Delete())
        revision = self.dice.choice(choices)
        if target is None:
            return
        change = RevisionDraft(user_id, message_id, revision, target)
        if self.dice.random() < 0.5:
            (done,) = await self.node.store.revisions.revise([change])
            if isinstance(done, Revised) and not done.repeated:
                self.bulletins.append(done)
            return
        user = next(each for each in self.users if each.id == user_id)
        with trio.move_on_after(30) as patience:
            with suppress(StoreUnavailable):
                await self.node.messaging.revise(user, change)
        assert not patience.cancelled_caught

    async def heard(self) -> None:
        """Any one bulletin arrives; it may arrive again later, or be lost."""
        if not self.bulletins:
            return
        number = self.dice.randrange(len(self.bulletins))
        bulletin = self.bulletins[number]
        if self.dice.random() < 0.8:
            del self.bulletins[number]
        if self.dice.random() < 0.8:
            await self.hear(bulletin)

    async def hear(self, bulletin: Posted | Revised) -> None:
        if isinstance(bulletin, Posted):
            await self.node.hear(bulletin)
        else:
            await self.node.hear_revised(bulletin)

    async def came(self) -> None:
        client, notes = await self.node.come(self.dice.choice(self.users))
        rows = self.tables.channels.items()
        heads = {channel_id: len(row.messages) for channel_id, row in rows}
        visit = Visit(client, notes, heads, {each: row.last_rev for each, row in rows})
        self.visits.append(visit)
        self.here.append(visit)

    async def went(self) -> None:
        if self.here:
            await self.node.go(self.here.pop(self.dice.randrange(len(self.here))).client)

    async def time_passed(self) -> None:
        await trio.sleep(self.dice.choice((0.0, 0.01, 0.1, 1.0)))

    async def weather_changed(self) -> None:
        """The log can be read at once, slowly, or not at all."""

        async def slowly(call: Any, *args: Any, **kwargs: Any) -> Any:
            await trio.sleep(0.02)
            found = await call(*args, **kwargs)
            await trio.sleep(0.05)
            return found

        async def not_now(*_: Any, **__: Any) -> Any:
            await trio.sleep(0.01)
            raise StoreUnavailable("away")

        self.gaps.way = self.since.way = self.dice.choice((None, slowly, not_now))

    async def play(self, steps: str) -> None:
        acts = {
            "h": self.here_stored,
            "e": self.elsewhere_stored,
            "c": self.changed,
            "b": self.heard,
            "i": self.came,
            "o": self.went,
            "t": self.time_passed,
            "w": self.weather_changed,
        }
        for step in steps:
            await acts[step]()
        self.gaps.way = self.since.way = None
        for bulletin in self.dice.sample(self.bulletins, len(self.bulletins) // 2):
            await self.hear(bulletin)
        await trio.sleep(3)
        rows = self.tables.channels.items()  # the revs of all bulletins that were lost
        self.node.lane.doubt_channels({channel_id: row.last_rev for channel_id, row in rows})
        await trio.sleep(3)

    def judge(self) -> None:
        assert self.node.watch.begun_anew == 0
        assert self.node.lane.in_doubt == 0
        assert all(len(each) == 1 for each in self.settled)
        for visit in self.visits:
            for channel_id, row in self.tables.channels.items():
                if visit.client.user.id in row.channel.pair:
                    self.judge_channel(visit, channel_id, row)

    def judge_channel(self, visit: Visit, channel_id: ChannelId, row: Any) -> None:
        got = seqs(visit.notes, channel_id)
        assert got == sorted(set(got)), got
        deleted = {each.seq for each in row.messages if each.id in row.deleted}
        missed = {
            seq
            for one, other in pairwise([min(got, default=1) - 1, *got])
            for seq in range(one + 1, other)
        }
        assert missed <= deleted, (got, deleted)
        revs = [each.rev for each in visit.notes.revs if each.channel_id == channel_id]
        assert revs == sorted(set(revs)), revs
        if visit in self.here:
            owed = set(range(visit.heads.get(channel_id, 0) + 1, len(row.messages) + 1))
            assert owed <= {*got, *deleted}, (owed, got)
            last = {each.rev for each in row.messages if each.rev > visit.revs.get(channel_id, 0)}
            assert last <= set(revs), (last, revs)
        self.judge_mixture(visit, channel_id, row)

    def judge_mixture(self, visit: Visit, channel_id: ChannelId, row: Any) -> None:
        """A revision comes after its message, if the message came."""
        last = {each.rev: each.seq for each in row.messages if each.rev}
        known: set[int] = set()
        for each in visit.notes.all:
            if each.channel_id != channel_id:
                continue
            if hasattr(each, "seq"):
                assert each.seq not in known, "it was changed before it came"
            else:
                known.add(last.get(each.rev, 0))
