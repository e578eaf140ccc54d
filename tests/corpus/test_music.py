"""Music in two parts: what is dropped, what is held out, and what is said about it."""

import itertools
import shutil
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from gen.corpus import library, music
from gen.corpus.music import MusicParts
from gen.corpus.pool import Failure, Job, in_workers
from gen.errors import CorpusError
from gen.score import Score
from tests.corpus.midi_files import put_tune, random_pitches

pytestmark = pytest.mark.usefixtures("empty_folder")


def put_tunes(folder: str, numbers: Iterable[int]) -> list[Path]:
    return [put_tune(Path(folder) / f"{number:03}.mid", random_pitches(number)) for number in numbers]


def lines(scores: Iterable[Score]) -> list[list[int]]:
    return [score.notes[:, 2].tolist() for score in scores]


def divided(*paths: Path) -> tuple[list[list[int]], list[list[int]]]:
    training, held_out = MusicParts(paths, None, None).read()
    return lines(training), lines(held_out)


def test_every_piece_is_in_one_part_in_the_order_of_the_files() -> None:
    paths = put_tunes("c", range(40))
    parts = MusicParts(tuple(paths), None, None)
    training, held_out = (lines(scores) for scores in parts.read())
    assert sorted(training + held_out) == sorted(random_pitches(number) for number in range(40))
    assert training == [pitches for pitches in map(random_pitches, range(40)) if pitches in training]
    assert 1 <= len(held_out) <= 12
    assert parts.description() == f"{len(held_out)} of 40 pieces held out for validation"
    assert parts.notes.sentences() == ["40 pieces from 40 files"]
    again = [lines(scores) for scores in parts.read()]
    assert again == [training, held_out]


def test_names_titles_and_order_do_not_move_a_piece() -> None:
    paths = put_tunes("c", range(30))
    renamed = [
        put_tune(Path(f"d/{99 - number}.mid"), random_pitches(number), title=f"title {number}")
        for number in range(30)
    ]
    one, other = divided(*paths), divided(*sorted(renamed))
    assert [sorted(part) for part in one] == [sorted(part) for part in other]


def test_a_piece_that_is_there_twice_is_read_once_and_told() -> None:
    paths = put_tunes("c", range(12))
    shutil.copy(paths[3], "c/999.mid")
    put_tune(Path("c/998.mid"), random_pitches(5), title="under another title")
    parts = MusicParts((*paths, Path("c/998.mid"), Path("c/999.mid")), None, None)
    training, held_out = (lines(scores) for scores in parts.read())
    assert len(training) + len(held_out) == 12
    assert parts.notes.sentences() == [
        "12 pieces from 14 files",
        "2 pieces dropped, being the same as another",
    ]


def test_pieces_that_are_alike_stay_together() -> None:
    paths = []
    for number in range(30):
        pitches = random_pitches(number)
        paths.append(put_tune(Path(f"c/{number:03}a.mid"), pitches))
        paths.append(put_tune(Path(f"c/{number:03}b.mid"), [pitch + 7 for pitch in pitches]))
        pitches[10] += 1
        paths.append(put_tune(Path(f"c/{number:03}c.mid"), pitches))
    training, held_out = divided(*paths)
    assert len(training) + len(held_out) == 90
    assert len(held_out) % 3 == 0
    rhythms = [
        [[later - pitch for pitch, later in itertools.pairwise(line)][20:] for line in part]
        for part in (training, held_out)
    ]
    assert not [steps for steps in rhythms[0] if steps in rhythms[1]]


@pytest.mark.parametrize("count", [2, 5, 9])
def test_of_fewer_than_ten_exactly_one_is_held_out(count: int) -> None:
    training, held_out = divided(*put_tunes("c", range(count)))
    assert (len(training), len(held_out)) == (count - 1, 1)


def test_a_single_piece_holds_out_its_last_bars() -> None:
    pitches = random_pitches(1, length=80)  # twenty bars of four quarters
    parts = MusicParts((put_tune(Path("a.mid"), pitches),), None, None)
    training, held_out = (lines(scores) for scores in parts.read())
    assert training == [pitches[:72]]
    assert held_out == [pitches[72:]]
    assert parts.description() == "the last 2 bars of 20 held out for validation"
    assert [lines(scores) for scores in parts.read()] == [training, held_out]
    with pytest.raises(CorpusError, match="few bars") as caught:
        divided(put_tune(Path("b.mid"), [60, 62]))
    assert "--validation-corpus" in caught.value.fix


def test_a_corpus_that_is_split_is_used_as_it_is() -> None:
    train, valid = put_tunes("c/train", [1, 2, 2, 3]), put_tunes("c/valid", [1, 4])
    shutil.copy(train[0], "c/train/copy.mid")
    parts = MusicParts((*train, Path("c/train/copy.mid")), tuple(valid), None)
    training, held_out = (lines(scores) for scores in parts.read())
    assert training == [random_pitches(number) for number in (1, 2, 2, 3, 1)]
    assert held_out == [random_pitches(number) for number in (1, 4)]
    assert "a part of its own" in parts.description()
    assert parts.notes.sentences() == ["7 pieces from 7 files"]


def test_files_alone_are_read_whole() -> None:
    paths = put_tunes("c", range(3))
    training, whole = MusicParts((), (*paths, paths[0]), None).read()
    assert lines(training) == []
    assert lines(whole) == [random_pitches(number) for number in (0, 1, 2, 0)]


def test_bad_files_are_told_and_stop_nothing() -> None:
    paths = put_tunes("c", range(3))
    bad = []
    for number in range(5):
        bad.append(Path(f"c/bad{number}.mid"))
        bad[-1].write_bytes(b"MThd" + bytes([number]) * number)
    late = put_tune(Path("c/late.mid"), [60, 64, 67], ticks=483)
    parts = MusicParts((*paths, *bad, late), None, None)
    training, held_out = (lines(scores) for scores in parts.read())
    assert len(training) + len(held_out) == 4
    found, refused, moved = parts.notes.sentences()
    assert found == "4 pieces from 4 files"
    assert refused.startswith("5 files cannot be used: c/bad0.mid ")
    assert "c/bad2.mid" in refused
    assert "c/bad3.mid" not in refused
    assert "gen corpora inspect" in refused
    assert moved == f"{3 / 123:.1%} of the notes were moved to the grid"


def test_no_music_at_all_is_an_error_with_a_reason() -> None:
    good = put_tune(Path("good.mid"), [60, 62])
    bad = Path("bad.mid")
    bad.write_bytes(b"MThd")
    worse = Path("worse.mid")
    worse.write_bytes(b"")
    for parts in (
        MusicParts((bad,), None, None),
        MusicParts((bad, worse), None, None),
        MusicParts((good,), (bad,), None),
        MusicParts((), (bad, worse), None),
    ):
        with pytest.raises(CorpusError, match=r"^(bad\.mid |None of 2 files)") as caught:
            parts.read()
        assert caught.value.fix
        assert "\n" not in caught.value.problem


def test_nothing_can_be_read_where_the_cache_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("")
    monkeypatch.setenv("GEN_CACHE", "file/cache")
    with pytest.raises(CorpusError, match="cache folder"):
        divided(put_tune(Path("a.mid"), [60]))


def lacking_memory(name: str) -> object:
    """Workers of which the one that reads the file `name` fails."""

    def work_in(
        work: object, jobs: Iterable[tuple[bytes, Job[Path]]], *, workers: int
    ) -> Iterator[tuple[bytes, bytes | Failure]]:
        names = {}

        def noted() -> Iterator[tuple[bytes, Job[Path]]]:
            for key, job in jobs:
                names[key] = job.subject.name
                yield key, job

        for key, result in in_workers(work, noted(), workers=workers):  # type: ignore[arg-type]
            yield key, Failure("takes more memory") if names[key] == name else result

    return work_in


@pytest.mark.parametrize("name", ["002.mid", "007.mid"])
@pytest.mark.parametrize("is_split", [False, True])
def test_a_failure_that_may_pass_is_not_final_until_it_has(
    name: str, is_split: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = tuple(put_tunes("c", range(10)))
    lists = (paths[:5], paths[5:]) if is_split else (paths, None)
    with monkeypatch.context() as patched:
        patched.setattr(library, "in_workers", lacking_memory(name))
        failed = MusicParts(*lists)
        assert not failed.is_final
        assert [path.name for path, _ in failed.notes.refused] == [name]
    again = MusicParts(*lists)
    assert again.is_final
    assert not again.notes.refused
    assert again.fingerprint != failed.fingerprint


def test_what_is_wrong_with_a_file_itself_is_final_and_what_hides_it_is_not() -> None:
    good, bad, big = put_tune(Path("good.mid"), random_pitches(1)), Path("bad.mid"), Path("big.mid")
    bad.write_bytes(b"MThd")
    big.write_bytes(b"MThd" + bytes(9 << 20))
    parts = MusicParts((), (good, bad, big))
    assert parts.is_final
    assert len(parts.notes.refused) == 2
    assert not MusicParts((), (good, Path("gone.mid"))).is_final


def test_the_fingerprint_is_that_of_the_pieces_in_order_and_of_their_readers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, two, three = put_tunes("c", range(3))
    other = put_tune(Path("other.mid"), random_pitches(0), title="another title")
    whole = MusicParts((one, two, three), None).fingerprint
    assert len(bytes.fromhex(whole)) == 32
    assert MusicParts((other, two, three), None).fingerprint == whole
    found = {
        whole,
        MusicParts((two, one, three), None).fingerprint,
        MusicParts((one, two), None).fingerprint,
        MusicParts((one, two, three, one), None).fingerprint,
        MusicParts((one, two), (three,)).fingerprint,
        MusicParts((one,), (two, three)).fingerprint,
        MusicParts((), (one, two, three)).fingerprint,
    }
    assert library.reader_version() == f"{library.READER_VERSION} {version('music21')}"
    monkeypatch.setattr(music, "reader_version", lambda: "another")
    found.add(MusicParts((one, two, three), None).fingerprint)
    assert len(found) == 8
