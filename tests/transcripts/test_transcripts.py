"""Every transcript beside this file, on every store."""

from pathlib import Path

import pytest

from tests.support.documents.transcript import Player
from tests.support.school import open_school
from tests.support.world import World

TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_transcript(world: World, path: Path) -> None:
    await Player(await open_school(world)).play(path)
