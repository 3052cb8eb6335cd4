"""What is compiled of Python, kept while the tests run.

Where PYTHONDONTWRITEBYTECODE is set, each of the hundreds of programs that the tests start would
compile all that it imports, which takes as long as all else of its start. It is kept for them in a
folder of this run, and nothing is written beside the sources.
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

UNWRITTEN = "PYTHONDONTWRITEBYTECODE"
FOLDER = "PYTHONPYCACHEPREFIX"


def keep_bytecode() -> None:
    """From now on, here and in the programs that are started from here."""
    if os.environ.pop(UNWRITTEN, "") == "":
        return
    folder = Path(tempfile.mkdtemp(prefix="parlour-bytecode-"))
    folder.chmod(0o755)  # there are programs of other accounts
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[FOLDER] = sys.pycache_prefix = str(folder)
    sys.dont_write_bytecode = False
