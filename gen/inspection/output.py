"""Where `gen inspect --out` puts what it finds, by the ending of the name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from gen.errors import GenError
from gen.files import replacing, write_atomically, writing_out
from gen.inspection.findings import Findings
from gen.inspection.page import page


class Output:
    """The file that `--out` names.

    Args:
        path: It ends in `.html`, `.png` or `.npz`.

    Raises:
        GenError: It ends otherwise.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix.lower() not in WRITERS:
            raise GenError(
                f"A look inside cannot be written as {path.name!r}.",
                f"Give --out a name that ends in {', '.join(WRITERS)}.",
            )
        self._path = path

    def write(self, findings: Findings) -> None:
        """Write the file, whole or not at all.

        Raises:
            GenError: It cannot be written.
        """
        with writing_out(self._path):
            WRITERS[self._path.suffix.lower()](findings, self._path)


def _page(findings: Findings, path: Path) -> None:
    write_atomically(path, page(findings).encode())


def _figure(findings: Findings, path: Path) -> None:
    # matplotlib is heavy, and only a picture needs it
    from gen.inspection.figure import figure_png

    write_atomically(path, figure_png(findings))


def _arrays(findings: Findings, path: Path) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **findings.arrays())  # type: ignore[arg-type]


WRITERS: dict[str, Callable[[Findings, Path], None]] = {
    ".html": _page,
    ".png": _figure,
    ".npz": _arrays,
}
