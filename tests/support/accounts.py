"""Signing up and in over REST, in the private dialect; the program that proves addresses."""

import json
from pathlib import Path
from typing import Any

from tests.support.clients.http import Reply
from tests.support.world import World

ANN: dict[str, Any] = {
    "email": "ann@example.org",
    "password": "correct horse",
    "first_name": "Ann",
    "last_name": "Lee",
    "date_of_birth": "2000-12-31",
    "nickname": "annie",
}


async def register(world: World, **changes: object) -> Reply:
    """Ann's account, with changes; None leaves a field out."""
    body = {name: value for name, value in (ANN | changes).items() if value is not None}
    return await world.call("POST", "/api/auth/register", body)


async def log_in(world: World, password: str = ANN["password"], **more: str) -> Reply:
    body = {"email": ANN["email"], "password": password} | more
    return await world.call("POST", "/api/auth/login", body)


def cookie_of(reply: Reply) -> str:
    return reply.headers["set-cookie"].partition(";")[0]


def hook_program(folder: Path, line: str = "") -> Path:
    """A shell script that stores its standard input, and then runs a line."""
    program = folder / "send-link"
    program.write_text(f'#!/bin/sh\ncat >> "$0.sent"\necho >> "$0.sent"\n{line}\n')
    program.chmod(0o700)
    return program


def sent_by(program: Path) -> list[dict[str, Any]]:
    """The input that a program was given."""
    return [json.loads(each) for each in Path(f"{program}.sent").read_text().splitlines()]
