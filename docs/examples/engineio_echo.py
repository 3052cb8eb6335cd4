"""Every Engine.IO message comes back, at /engine.io/.

Start it with `python -m docs.examples.engineio_echo --port 3000`.
"""

from docs.examples.serving import arguments, run
from hub.engineio.connection import EngineConnection
from hub.engineio.server import Opening
from hub.limits.pace import Paces


async def echo(connection: EngineConnection, opening: Opening) -> None:
    connection.belongs_to(Paces().of(None))
    while True:
        connection.send(await connection.receive())


if __name__ == "__main__":
    run("/engine.io/", echo, arguments())
