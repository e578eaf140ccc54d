"""The corpora of music that come with music21: where their files are, and under which terms.

The folder is found without importing music21. What is said here of licences is what stands in music21's own
`corpus/license.txt`, in the corpus's folder, or in its files, and each says where.
"""

import importlib.util
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gen.errors import CorpusError

# corpus/license.txt: "distributed with the permission of the encoders", "may not be used for commercial uses"
_GENERAL = (
    "no licence is named in its files; music21's corpus/license.txt: distributed with the permission of the"
    " encoders, restrictions on commercial use possible"
)
_SCORE_PART_NAMES = re.compile(rb"<part-name[^>]*>([^<]*)</part-name>")
_FOUR_VOICES = [b"Soprano", b"Alto", b"Tenor", b"Bass"]
_HEAD_BYTES = 1 << 16  # a list of parts stands at the beginning of a score


@dataclass(frozen=True)
class Music21Corpus:
    """A corpus of music within music21.

    Attributes:
        name: What `--corpus` takes.
        title: What it is, in a few words.
        source: Where it comes from, in words.
        licence: Its terms, and where they are said.
        folder: Its name in music21's corpus.
        endings: Of its files.
        is_wanted: Which of these files belong to it.
    """

    name: str
    title: str
    source: str
    licence: str
    folder: str
    endings: tuple[str, ...]
    is_wanted: Callable[[Path], bool] = lambda _: True

    def files(self) -> tuple[Path, ...]:
        """Its files, sorted.

        Raises:
            CorpusError: They are not there.
        """
        folder = _corpus_folder() / self.folder
        try:
            found = [
                path for path in folder.iterdir() if path.suffix in self.endings and self.is_wanted(path)
            ]
        except OSError as error:
            raise _missing(folder) from error
        if not found:
            raise _missing(folder)
        return tuple(sorted(found))


def _corpus_folder() -> Path:
    spec = importlib.util.find_spec("music21")
    folders = (spec.submodule_search_locations if spec else None) or []
    if not folders:
        raise _missing(Path("music21") / "corpus")
    return Path(next(iter(folders))) / "corpus"


def _missing(folder: Path) -> CorpusError:
    return CorpusError(
        f"The files of music21 in {folder} are not there",
        "Install music21 again with its corpus, or give a folder of your own.",
    )


def _has_four_voices(path: Path) -> bool:
    """Whether a score has the parts Soprano, Alto, Tenor and Bass and no other."""
    if path.suffix == ".xml":
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    else:
        try:
            with zipfile.ZipFile(path) as archive:
                scores = [name for name in archive.namelist() if not name.startswith("META-INF")]
                if not scores:
                    return False
                with archive.open(scores[0]) as file:
                    head = file.read(_HEAD_BYTES)
        except zipfile.BadZipFile:
            return False
    return _SCORE_PART_NAMES.findall(head) == _FOUR_VOICES


_ALL = (
    Music21Corpus(
        name="ryans-mammoth",
        title="Ryan's Mammoth Collection: 1,059 fiddle tunes",
        source="music21, corpus/ryansMammoth: ABC by several hands after the book of 1883",
        licence=f"the tunes are in the public domain (1883); {_GENERAL}",
        folder="ryansMammoth",
        endings=(".abc",),
    ),
    Music21Corpus(
        name="oneills",
        title="O'Neill's Music of Ireland: about 2,000 tunes",
        source="music21, corpus/oneills1850: ABC by several hands after the book of 1903",
        licence=f"the tunes are in the public domain (1903); {_GENERAL}",
        folder="oneills1850",
        endings=(".abc",),
    ),
    Music21Corpus(
        name="airds",
        title="Aird's Airs: 1,180 tunes for fife, violin or flute",
        source="music21, corpus/airdsAirs: ABC by Jack Campin, 2009, after the books of 1778 to 1801",
        licence=f"the tunes are in the public domain (1778-1801); {_GENERAL}",
        folder="airdsAirs",
        endings=(".abc",),
    ),
    Music21Corpus(
        name="bach-chorales",
        title="J. S. Bach's chorales for four voices",
        source="music21, corpus/bach: MusicXML; scores with instruments or other voices are left out",
        licence=f"the music is in the public domain; {_GENERAL}",
        folder="bach",
        endings=(".mxl", ".xml"),
        is_wanted=_has_four_voices,
    ),
    Music21Corpus(
        name="palestrina",
        title="Palestrina's masses: 1,318 movements and sections",
        source="music21, corpus/palestrina: kern by John Miller, converted by Bret Aarden",
        licence=(
            "encodings copyright 2000 John Miller, rights to all derivative electronic formats reserved, a"
            " licensing agreement applies (said at the end of each file)"
        ),
        folder="palestrina",
        endings=(".krn",),
    ),
    Music21Corpus(
        name="essen",
        title="Essen folksong collection: about 8,500 songs",
        source="music21, corpus/essenFolksong: ABC by Seymour Shlien after Schaffrath and Dahlig-Turek",
        licence="non-commercial use only; legal status unclear (music21, corpus/essenFolksong/license.txt)",
        folder="essenFolksong",
        endings=(".abc",),
    ),
)
MUSIC21_CORPORA = {corpus.name: corpus for corpus in _ALL}
