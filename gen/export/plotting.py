"""matplotlib, where pictures are drawn: its files in our cache, its remarks off the terminal."""

import atexit
import logging
import os
import shutil
import tempfile
from pathlib import Path

from gen.files import cache_folder


def prepare_matplotlib() -> None:
    """Keep matplotlib's files out of the home folder, and its remarks off the terminal.

    It lists the fonts of the system the first time, which takes seconds, so the list is kept.
    """
    if "MPLCONFIGDIR" not in os.environ:
        folder = (cache_folder() / "matplotlib").resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:  # pictures need no cache
            folder = Path(tempfile.mkdtemp(prefix="gen-matplotlib-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["MPLCONFIGDIR"] = str(folder)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
