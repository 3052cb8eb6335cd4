"""A picture, and a user's upload of a file."""

from tests.support.clients.http import Reply, form
from tests.support.pictures import drawn, saved
from tests.support.world import Person

PNG = saved(drawn((4, 3)))


async def send(person: Person, content: bytes, name: str = "a.png", field: str = "file") -> Reply:
    """Upload a file."""
    body, headers = form(content, name, field)
    return await person.ask("POST", "/api/upload", body, headers)
