"""Conversations written down: what is sent, and every frame that must come back, in order.

    ann.chat connects /ws/chat
    ann.chat > {"type":"join_channel","channelId":$general}
    ann.chat < {"type":"joined_channel","channelId":$general}
    ann.chat is closed 4001 Unauthorized
    ann.chat leaves
    tea POST /api/workspaces/$school/members {"userId":$eve} gives 200

A connection is `person.name`. `$name` stands for a number: known ones are filled in, an unknown one
in an expected frame is learnt. `#name` in a string is such a number as text. `"*"` fits anything. A
connection must have received what was expected and nothing else when the transcript ends, as with
every `World`.
"""

import json
import re
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
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                with trio.fail_after(30):
                    try:
                        await self._step(line.strip())
                    except Exception as error:
                        error.add_note(f"{path.name}:{number}: {line}")
                        raise

    async def _step(self, line: str) -> None:
        who, verb, rest = (*line.split(maxsplit=2), "")[:3]
        if verb == "connects":
            person = self.school.people()[who.partition(".")[0]]
            self.sockets[who] = await person.connect(rest)
        elif verb == ">":
            await self.sockets[who].send_text(self._filled(rest, learns=False))
        elif verb == "<":
            expected = json.loads(self._filled(rest, learns=True))
            self._compare(expected, await self.sockets[who].receive(), "frame")
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
