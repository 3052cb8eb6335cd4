"""Every data packet comes back: `python -m tests.apps.engineio_echo --port 3000`, /engine.io/."""

from hub.engineio.connection import EngineConnection
from hub.engineio.server import Opening
from tests.apps.serving import main


async def echo(connection: EngineConnection, opening: Opening) -> None:
    while True:
        connection.send(await connection.receive())


if __name__ == "__main__":
    main("/engine.io/", echo)
