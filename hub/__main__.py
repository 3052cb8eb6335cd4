"""`parlour` and `python -m hub`. Its imports take a while, and ^C ends them without a word."""

import os
import signal

_BEFORE = signal.getsignal(signal.SIGINT)
if _BEFORE is signal.default_int_handler:  # and not ignored, as in a script's background
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

from hub.cli.main import main as run  # noqa: E402  that is what takes a while


def main() -> None:
    """The entry point."""
    signal.signal(signal.SIGINT, _BEFORE)
    run()


if __name__ == "__main__":
    main()
