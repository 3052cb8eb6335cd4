"""Conversations written down: what is sent, and every frame that must come back, in order.

    ann.chat connects /ws/chat
    ann.chat > {"type":"join_channel","channelId":$general}
    ann.chat < {"type":"joined_channel","channelId":$general}
    ann.ws < {"type":"private_message","sender_id":$ben,"recipient_id":$ann,"message":"*"}
    ann.ws & {"type":"user_online_status","user_id":$ben,"is_online":true}
    ann.chat is closed 4001 Unauthorized
    ann.chat leaves
    tea POST /api/workspaces/$school/members {"userId":$eve} gives 200

A connection is `person.name`. `$name` stands for a number: known ones are filled in, an unknown one
in an expected frame is learnt. `#name` in a string is such a number as text. `"*"` fits anything.
A frame after `&` comes with the one of the line before, in either order: before anything else of
the connection. It is for frames whose order the documentation does not promise. A connection must
have received what was expected and nothing else when the transcript ends, as with every `World`.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trio
from attrs import define, field

from tests.support.clients.websocket import WebSocket
from tests.support.quiet import until_quiet
from tests.support.school import School


@define
class Player:
    """Plays one transcript."""

    school: School
    known: dict[str, int] = field(factory=dict)
    sockets: dict[str, WebSocket] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        school = self.school
        self.known |= {name: person.id for name, person in school.people().items()}
        self.known |= {
            "school": school.workspace.id,
            "general": school.general.id,
            "dm": school.dm.id,
        }

    async def play(self, path: Path) -> None:
        for number, (line, *besides) in _steps(path.read_text()):
            try:
                with trio.fail_after(30):
                    await self._step(line, besides)
            except Exception as error:
                error.add_note(f"{path.name}:{number}: {line}")
                raise

    async def _step(self, line: str, besides: list[str]) -> None:
        who, verb, rest = (*line.split(maxsplit=2), "")[:3]
        frames = [rest, *(_frame_beside(f"{who} {verb}", each) for each in besides)]
        if verb == "connects":
            person = self.school.people()[who.partition(".")[0]]
            self.sockets[who] = await person.connect(rest)
        elif verb == ">":
            await self.sockets[who].send_text(self._filled(rest, learns=False))
        elif verb == "<":
            expected = [json.loads(self._filled(frame, learns=True)) for frame in frames]
            while expected:
                del expected[self._position(expected, await self.sockets[who].receive())]
        elif verb == "is":
            end = await self.sockets.pop(who).closed()
            await until_quiet()
            assert f"closed {end.code} {end.reason}".strip() == rest
        elif verb == "leaves":
            await self.sockets.pop(who).close_in_silence()
        else:
            await self._call(who, verb, rest)

    async def _call(self, who: str, method: str, rest: str) -> None:
        request, _, status = rest.rpartition(" gives ")
        path, _, body = self._filled(request, learns=False).partition(" ")
        person = self.school.people()[who]
        ask = person.call if path.startswith("/private_messages/") else person.ask
        reply = await ask(method, path, json.loads(body) if body else None)
        assert reply.status == int(status), reply.text

    def _filled(self, text: str, *, learns: bool) -> str:
        def number(match: re.Match[str]) -> str:
            if match[1] in self.known:
                return str(self.known[match[1]])
            assert learns, f"${match[1]} is not known yet"
            return f'"${match[1]}"'

        text = re.sub(r"\"?\$(\w+)\"?", number, text)
        return re.sub(r"#([a-z]+)", lambda match: str(self.known[match[1]]), text)

    def _position(self, expected: list[Any], actual: Any) -> int:
        """The index of the frame in the list that fits."""
        flaws: list[str] = []
        for position, frame in enumerate(expected):
            try:
                self._compare(frame, actual, "frame")
            except AssertionError as error:
                flaws.append(str(error))
            else:
                return position
        raise AssertionError("; nor the next: ".join(flaws))

    def _compare(self, expected: Any, actual: Any, where: str) -> None:
        if isinstance(expected, dict):
            assert isinstance(actual, dict), f"{where}: {actual}"
            assert set(expected) == set(actual), f"{where}: {sorted(actual)} in {actual}"
            for key, value in expected.items():
                self._compare(value, actual[key], f"{where}.{key}")
        elif isinstance(expected, list):
            assert len(expected) == len(actual), f"{where}: {actual}"
            for index, value in enumerate(expected):
                self._compare(value, actual[index], f"{where}[{index}]")
        elif isinstance(expected, str) and expected.startswith("$"):
            self.known[expected[1:]] = int(actual)
        elif expected != "*":
            assert actual == expected, f"{where}: {actual!r} is not {expected!r}"
            assert type(actual) is type(expected), where


def _steps(text: str) -> Sequence[tuple[int, list[str]]]:
    """Each line with its number, and with the following lines that belong to it."""
    steps: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.split(maxsplit=2)[1] == "&":
            steps[-1][1].append(line)
        else:
            steps.append((number, [line]))
    return steps


def _frame_beside(first: str, line: str) -> str:
    who, _, frame = line.split(maxsplit=2)
    assert first == f"{who} <", f"no frame of this connection is expected before: {line}"
    return frame
