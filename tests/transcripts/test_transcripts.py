"""Every transcript beside this file, on every store."""

from pathlib import Path

import pytest

from tests.support.documents.transcript import Player
from tests.support.school import open_school
from tests.support.stores.records import make_upload
from tests.support.world import World

TRANSCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))
UPLOADS = ("cat.png", "x.pdf")  # of ann, in /uploads/2026-01-01/


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
async def test_transcript(world: World, path: Path) -> None:
    school = await open_school(world)
    for name in UPLOADS:
        await make_upload(world.store, school.ann.user, name)
    await Player(school).play(path)
