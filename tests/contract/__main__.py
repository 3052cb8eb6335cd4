"""`python -m tests.contract --examples 100`: many calls of every endpoint, with each login, to a
hub with Postgres.
"""

import argparse
import sys

import trio

from tests.contract.campaign import Hub, run, sign_in
from tests.support.programs.hub_process import open_folder, run_hub

MANY = (
    *("--address-requests-per-second", "1000000", "--user-frames-per-second", "1000000"),
    *("--login-attempts", "1000", "--login-attempts-per-address", "1000"),
    *("--open-roles", "student,teacher", "--joining", "at_once"),
)


async def campaign(examples: int, start: int, only: str) -> bool:
    """Make the calls with each login; returns whether every response was as documented."""
    fine = True
    with open_folder() as folder, run_hub(folder / "data", *MANY) as process:
        hub = Hub(process.host, process.port)
        for login in await sign_in(hub):
            if only in login.name:
                options = (f"--max-examples={examples}", f"--seed={start}", "--continue-on-failure")
                passed, report = await run(hub, login, *options)
                print(f"{login.name}: {'fine' if passed else 'NOT AS DOCUMENTED'}\n{report}")
                fine &= passed
    return fine


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.contract")
    parser.add_argument("--examples", type=int, default=100, help="calls of each endpoint")
    parser.add_argument("--start", type=int, default=0, help="another start, other calls")
    parser.add_argument("--only", default="", help="part of a login's name")
    options = parser.parse_args()
    return 0 if trio.run(campaign, options.examples, options.start, options.only) else 1


if __name__ == "__main__":
    sys.exit(main())
