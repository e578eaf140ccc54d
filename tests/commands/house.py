"""Folders of a user who has nothing yet, and `gen` as a process of its own in them."""

import os
import subprocess
import sys
from pathlib import Path

from tests.training.tiny import words

FLAGS = ("--steps", "12", "--seed", "3", "--units", "16", "--window", "16", "--batch-size", "4")


class House:
    """Folders of a user who has nothing yet: home, temporary files, cache, and where the command is typed."""

    def __init__(self, path: Path) -> None:
        self.here, self.home, self.temporary = path / "here", path / "home", path / "tmp"
        for folder in (self.here, self.home, self.temporary):
            folder.mkdir(parents=True)
        self.corpus = path / "corpus.txt"
        self.corpus.write_text(words(150), "utf-8")
        hidden = ("KERAS_", "TF_", "MPL", "XDG_", "GEN_", "PYTEST_")
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(hidden)
        } | {"HOME": str(self.home), "TMPDIR": str(self.temporary), "GEN_CACHE": str(path / "cache")}

    def run(self, *arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=self.here,
            env=self._environment,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    def litter(self) -> list[Path]:
        """Whatever lies where nothing may lie."""
        folders = (self.here, self.home, self.temporary)
        return [path for folder in folders for path in folder.rglob("*")]
