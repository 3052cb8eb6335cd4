"""A user who replies in threads, follows them, hides messages and mutes a conversation over REST,
and a device of that user which comes and goes: threads and their counts are as the user left them,
and the device knows every note, without a gap in their numbers.
"""

from typing import Any

import trio
from attrs import define, field

from tests.simulation.postgres.calling import Caller
from tests.simulation.postgres.people import Device
from tests.support.clients.websocket import Closed, WebSocket

MAX_THREADS = 3
LEAST_DEEDS = 25


@define(eq=False)
class Keeper(Caller):
    """That user.

    `threads`: by first message, its replies that were not deleted. `followed`: the threads that the
    user follows. `last_note`: the number of the last note.
    """

    threads: dict[int, set[int]] = field(factory=dict)
    followed: set[int] = field(factory=set)
    hidden: set[int] = field(factory=set)
    is_muted: bool = False
    last_note: int = 0
    deeds: int = 0
    _ceased: set[int] = field(factory=set)
    _written: int = 0

    async def live(self) -> None:
        """Act until cancelled."""
        while True:
            await trio.sleep(self.dice.random() * 0.03)
            await self.dice.choice([self._look] if self.is_done else self._deeds())()
            self.deeds += 1

    @property
    def is_done(self) -> bool:
        """Whether enough was done: on a busy machine this takes longer than the others need."""
        return self.is_calm and self.deeds >= LEAST_DEEDS

    def _deeds(self) -> list[Any]:
        deeds = [self._look, self._mute, self._mute]
        if len(self.threads) < MAX_THREADS:
            deeds.append(self._begin)
        if self.threads:
            deeds += [*[self._reply] * 3, self._follow]
        if self._replies():
            deeds += [self._delete, *[self._hide] * 4]
        return deeds

    def _replies(self) -> list[int]:
        return sorted(each for replies in self.threads.values() for each in replies)

    async def _write(self, **more: object) -> int:
        self._written += 1
        body = {"content": f"kept {self._written}", **more}
        sent = await self.insist("POST", f"/messages/{self.friend}", body)
        found: int = sent["id"]
        return found

    async def _begin(self) -> None:
        self.threads[await self._write()] = set()

    async def _reply(self) -> None:
        root = self.dice.choice(list(self.threads))
        is_first = not self.threads[root]
        reply = await self._write(parent_id=root)
        self.threads[root].add(reply)
        if is_first and root not in self._ceased:
            self.followed.add(root)

    async def _follow(self) -> None:
        root = self.dice.choice(list(self.threads))
        if root in self.followed:
            await self.insist("DELETE", f"/messages/{root}/follow")
            self.followed.discard(root)
            self._ceased.add(root)
        else:
            await self.insist("PUT", f"/messages/{root}/follow")
            self.followed.add(root)
            self._ceased.discard(root)

    async def _delete(self) -> None:
        reply = self.dice.choice(self._replies())
        await self.insist("DELETE", f"/messages/{reply}")
        for replies in self.threads.values():
            replies.discard(reply)

    async def _hide(self) -> None:
        reply = self.dice.choice(self._replies())
        method = "DELETE" if reply in self.hidden else "PUT"
        self._noted(await self.insist(method, f"/messages/{reply}/hidden"))
        self.hidden ^= {reply}

    async def _mute(self) -> None:
        if not self._written:  # there is no conversation yet
            return
        method = "DELETE" if self.is_muted else "PUT"
        self._noted(await self.insist(method, f"/messages/{self.friend}/muted"))
        self.is_muted = not self.is_muted

    def _noted(self, answer: Any) -> None:
        """Each change takes the next number, even if the request was repeated."""
        if answer["note"] != self.last_note + 1:
            self.problems.append(f"note {answer['note']} after {self.last_note}")
        self.last_note = answer["note"]

    async def _look(self) -> None:
        """Check every thread, and the list of all threads."""
        for root in self.threads:
            await self._look_at(root)
        listed = await self.insist("GET", "/threads")
        shown = {each["message"]["id"] for each in listed["threads"]}
        wanted = {root for root in self.followed if self.threads[root]}
        if not wanted <= shown <= self.followed:
            self.problems.append(f"threads {shown}, followed with replies {wanted}")

    async def _look_at(self, root: int) -> None:
        page = await self.insist("GET", f"/messages/{root}/replies")
        shown = {each["id"] for each in page["replies"]}
        if shown != self.threads[root] - self.hidden:
            wanted = self.threads[root] - self.hidden
            self.problems.append(f"replies of {root}: {shown} instead of {wanted}")
        counts = {each["thread"]["reply_count"] for each in page["replies"]}
        if not counts <= {len(self.threads[root])}:
            self.problems.append(f"{root} has {counts} replies: {self.threads[root]}")


@define(eq=False)
class NoteDevice(Device):
    """Knows its user's notes: those that it got live, without a gap, and those of each resume."""

    notes: int = 0
    hidden: set[int] = field(factory=set)
    is_muted: bool = False

    async def _resume(self, socket: WebSocket) -> None:
        while True:
            after = {str(self.peer): len(self.heard)}
            await socket.send({"type": "resume", "after": after, "notes": self.notes})
            with trio.fail_after(5):
                while (frame := await socket.receive())["type"] != "resumed":
                    self._take_note(frame)
                    self.take(frame)
            if frame["notes"] < self.notes or frame.get("reset"):
                self.problems.append(f"{self.name} knew {self.notes}, and was told {frame}")
            self.notes = frame["notes"]
            if frame["complete"]:
                return

    async def _stay(self, socket: WebSocket) -> None:
        while True:
            frame = await socket.receive()
            self.take(frame)
            if "note" in frame and frame["note"] > self.notes:
                if frame["note"] != self.notes + 1:
                    raise Closed(0, "one is missing: it comes back")
                self._take_note(frame)
                self.notes = frame["note"]

    def _take_note(self, frame: Any) -> None:
        match frame:
            case {"type": "message_hidden", "message_id": message_id, "is_hidden": is_hidden}:
                self.note(self.name, f"hears {frame}")
                self.hidden = (
                    self.hidden | {message_id} if is_hidden else self.hidden - {message_id}
                )
            case {"type": "conversation_noted", "is_muted": is_muted}:
                self.note(self.name, f"hears {frame}")
                self.is_muted = is_muted
            case _:
                pass

    def take(self, frame: Any) -> None:
        """Ignores all frames except errors: other devices check messages."""
        if frame["type"] == "error":
            super().take(frame)

    def differs(self, keeper: Keeper) -> list[str]:
        """What differs from the state in which its user left it."""
        mine = (self.notes, self.is_muted, self.hidden)
        theirs = (keeper.last_note, keeper.is_muted, keeper.hidden)
        return [] if mine == theirs else [f"{self.name} knows {mine}, noted was {theirs}"]
