"""Folders of damaged and hostile files for `gen corpora inspect`: no hang, no crash, no end of memory.

    python scripts/try_corpora.py --count 5000 --seconds 1500

Among the bad files of each folder lie good ones of every format, which must be read as they are alone. What
was not as promised is told, and kept in a folder that is named.
"""

import hashlib
import itertools
import random
import shutil
import sys
import time
from collections.abc import Iterable, Iterator

from corpus_trial import Trial
from costly_files import costly_files
from hostile_texts import try_texts
from tqdm import tqdm
from trials import finish, parser

from gen.corpus.library import read_packed
from gen.export.midi import midi_bytes
from tests.corpus.hostile_midi import AT_BOUNDS
from tests.corpus.hostile_midi import HOSTILE as HOSTILE_MIDI
from tests.corpus.hostile_notation import HOSTILE
from tests.corpus.mutations import ARCHIVE, ENDINGS, mutated, seeds
from tests.tunes import tune

FILES_A_FOLDER = 250
WAIT_S = 60.0
LIMIT_S = 3600.0  # for a folder of which each file takes all the time that it is given
ARCHIVES = 0.3  # of the files of MusicXML
NAMES = {".mid": "MIDI", ".musicxml": "MusicXML", ".abc": "ABC", ".krn": "kern"}
KEY_BYTES = hashlib.sha256().digest_size

Files = Iterable[tuple[str, bytes, str | None]]  # name, bytes, and words of the reason as `Expected` has them


def good_files() -> Iterator[tuple[str, bytes, str | None]]:
    """Files that must be accepted whatever lies beside them."""
    for ending in (*ENDINGS, ARCHIVE):
        for number, content in enumerate(seeds(ending)):
            yield f"good-{number}{ending}", content, ""


def hand_made() -> Iterator[tuple[str, bytes, str | None]]:
    """The lists that the tests have too."""
    midi = {name: (".mid", *rest) for name, rest in HOSTILE_MIDI.items()}
    for number, (ending, content, words) in enumerate((*midi.values(), *HOSTILE.values())):
        # an .xml that is none may be a text, which a folder of music must not hold
        yield f"{number:03}{'.musicxml' if ending == '.xml' else ending}", content, words


def costly() -> Iterator[tuple[str, bytes, str | None]]:
    """What takes all the time and memory that it is given."""
    at_bounds = ((name, ".mid", content) for name, content in AT_BOUNDS.items())
    for number, (_, ending, content) in enumerate(itertools.chain(at_bounds, costly_files())):
        yield f"{number:03}{'.musicxml' if ending == '.xml' else ending}", content, None


def damaged(ending: str, number: int, dice: random.Random) -> Iterator[tuple[str, bytes, str | None]]:
    """Files that may be read or not."""
    for place in range(number):
        kind = ARCHIVE if ending == ".musicxml" and dice.random() < ARCHIVES else ending
        yield f"{place:03}{kind}", mutated(kind, dice), None


class Folders:
    """Folders of music, one after the other, each with the good files in it."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.alone: dict[bytes, bytes] = {}  # what the good files are when each is read by itself
        self.number = 0
        for name, content, _ in good_files():
            path = trial.place / name
            path.write_bytes(content)
            packed = read_packed(path)
            self.alone[packed[:KEY_BYTES]] = packed[KEY_BYTES:]
            path.unlink()

    def inspect(self, name: str, files: Files) -> None:
        """Put files into a folder, inspect it, and compare what the good ones were read as."""
        self.number += 1
        folder = self.trial.place / f"folder-{self.number}"
        folder.mkdir()
        expected: dict[str, str | None] = {}
        for file, content, words in (*files, *good_files()):
            (folder / file).write_bytes(content)
            expected[file] = words
        family = self.trial.family(name)
        self.trial.inspect(family, folder, expected, limit_s=LIMIT_S)
        readings = self.trial.readings()
        if others := sum(readings.get(key) != packed for key, packed in self.alone.items()):
            self.trial.fail(family, [f"{others} good files were not read as they are alone"], folder)
        shutil.rmtree(self.trial.cache, ignore_errors=True)
        shutil.rmtree(folder)

    def remove_meanwhile(self) -> None:
        """Half of the files go while the folder is read: before they are, or after."""
        folder = self.trial.place / "removed"
        folder.mkdir()
        paths = [folder / f"{number:03}.mid" for number in range(FILES_A_FOLDER)]
        for number, path in enumerate(paths):
            path.write_bytes(midi_bytes(tune(number)))

        def remove(_: int) -> None:
            until_s = time.monotonic() + WAIT_S
            while not any(self.trial.cache.glob("music.sqlite")) and time.monotonic() < until_s:
                time.sleep(0.001)
            for path in paths[::2]:
                path.unlink()

        expected: dict[str, str | None] = {path.name: "" for path in paths[1::2]}
        self.trial.inspect(
            self.trial.family("files of music removed while they are read"),
            folder,
            expected,
            meanwhile=remove,
        )
        shutil.rmtree(self.trial.cache, ignore_errors=True)
        shutil.rmtree(folder)


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--count", type=int, default=5000, help="damaged files of music, over all formats")
    given.add_argument("--seconds", type=float, default=1500, help="no damaged files after these")
    given.add_argument("--seed", type=int, default=0)
    arguments = given.parse_args()
    began_s = time.monotonic()
    dice = random.Random(arguments.seed)
    trial = Trial()
    try_texts(trial, arguments.seed)
    folders = Folders(trial)
    folders.remove_meanwhile()
    folders.inspect("hand-made hostile files of music", hand_made())
    each = arguments.count // len(ENDINGS)
    with tqdm(total=each * len(ENDINGS), desc="damaged files", unit="file", file=sys.stderr) as bar:
        # a part of each format in turn, so that all have had some when the time is over
        for start in range(0, each, FILES_A_FOLDER):
            for ending in ENDINGS:
                number = min(FILES_A_FOLDER, each - start)
                if time.monotonic() - began_s < arguments.seconds:
                    folders.inspect(f"damaged files of {NAMES[ending]}", damaged(ending, number, dice))
                    bar.update(number)
    folders.inspect("files of music that only a limit ends", costly())
    trial.end()
    if trial.kept.exists():
        print(f"What failed is in {trial.kept}")
    finish("corpora", [family.row() for family in trial.families.values()], began_s, arguments)


if __name__ == "__main__":
    main()
