"""Many files of music: each is read once, whatever the others hold, and out of the cache after that."""

import os
import sqlite3
from pathlib import Path

import pytest

from gen.corpus import library, pool
from gen.corpus.library import Library, read_alone
from gen.corpus.stored import Reading
from gen.errors import CorpusError
from tests.corpus.midi_files import put_tune, random_pitches

pytestmark = pytest.mark.usefixtures("empty_folder")


def read(*paths: Path) -> dict[str, Reading]:
    return {path.as_posix(): reading for path, reading in Library(paths).readings()}


def reasons(*paths: Path) -> dict[str, str | None]:
    return {path: reading.reason for path, reading in read(*paths).items()}


@pytest.fixture
def no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a worker was asked for")

    monkeypatch.setattr(library, "in_workers", refuse)


def put_some() -> list[Path]:
    paths = [put_tune(Path(f"c/{number}.mid"), random_pitches(number)) for number in range(6)]
    (Path("c") / "cut.mid").write_bytes(paths[0].read_bytes()[:40])
    Path("c/empty.mid").write_bytes(b"")
    return [*paths, Path("c/cut.mid"), Path("c/empty.mid")]


def test_a_file_alone_is_read_as_ever_and_leaves_nothing_behind() -> None:
    path = put_tune(Path("c/1.mid"), random_pitches(1))
    before = sorted(Path().rglob("*"))
    alone = read_alone(path)
    assert sorted(Path().rglob("*")) == before
    assert alone == read(path)[path.as_posix()]
    assert read_alone(Path("c/none.mid")).reason == "cannot be read: No such file or directory"
    path.write_bytes(path.read_bytes()[:40])
    assert read_alone(path).reason


def test_files_are_given_in_order_with_what_is_in_them() -> None:
    paths = put_some()
    found = read(*reversed(paths))
    assert list(found) == [path.as_posix() for path in reversed(paths)]
    for number in range(6):
        [piece] = found[f"c/{number}.mid"].pieces
        assert piece.score.notes[:, 2].tolist() == random_pitches(number)
    assert found["c/cut.mid"].reason
    assert found["c/empty.mid"].reason
    assert not found["c/cut.mid"].pieces


def test_a_second_run_asks_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = put_some()
    first = read(*paths)
    with monkeypatch.context() as patched:
        patched.setattr(library, "in_workers", None)
        assert read(*paths) == first
        moved = [path.rename(path.with_stem(f"{path.stem}-moved")) for path in paths]
        assert list(read(*moved).values()) == list(first.values())
    put_tune(moved[0], random_pitches(99))
    [changed] = read(moved[0])[moved[0].as_posix()].pieces
    assert changed.score.notes[:, 2].tolist() == random_pitches(99)


def test_another_version_of_the_reader_reads_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    path = put_tune(Path("a.mid"), [60])
    read(path)
    monkeypatch.setattr(library, "READER_VERSION", library.READER_VERSION + 1)
    monkeypatch.setattr(library, "in_workers", None)
    with pytest.raises(TypeError):
        read(path)


def test_damaged_entries_are_read_anew(tmp_path: Path) -> None:
    paths = put_some()
    first = read(*paths)
    connection = sqlite3.connect(tmp_path / ".cache" / "music.sqlite")
    with connection:
        connection.execute("UPDATE readings SET packed = substr(packed, 1, length(packed) - 1)")
    connection.close()
    assert read(*paths) == first
    assert read(*paths) == first


def test_a_file_that_is_gone_changed_or_no_file_costs_itself_alone() -> None:
    good = put_tune(Path("good.mid"), [60, 62])
    os.mkfifo("pipe.mid")
    Path("folder.mid").mkdir()
    Path("big.mid").write_bytes(b"MThd" + b"\0" * (9 << 20))
    found = reasons(good, Path("gone.mid"), Path("pipe.mid"), Path("folder.mid"), Path("big.mid"))
    assert found == {
        "good.mid": None,
        "gone.mid": "cannot be read: No such file or directory",
        "pipe.mid": "is no regular file",
        "folder.mid": "is no regular file",
        "big.mid": "is larger than 8 MiB",
    }


def test_a_file_that_takes_too_long_is_refused_and_tried_again_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = put_tune(Path("a.mid"), [60])
    monkeypatch.setattr(library, "_MIDI_LIMIT_S", 1e-9)
    once = Library((path,))
    [(_, reading)] = once.readings()
    # so short a limit may be met: the pool looks now and then
    if reading.reason:
        assert reading.reason.startswith("takes longer than")
        monkeypatch.setattr(library, "_MIDI_LIMIT_S", 60)
        assert [again.reason for _, again in once.readings()] == [reading.reason]
        assert reasons(path) == {"a.mid": None}


def test_what_changes_before_a_worker_comes_to_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    path = put_tune(Path("a.mid"), [60])
    with monkeypatch.context() as patched:
        patched.setattr(library, "_content", lambda _: b"what was there before")
        assert reasons(path) == {"a.mid": "changed while it was read"}
    assert reasons(path) == {"a.mid": None}


def test_what_changes_between_two_passes_is_an_error_and_no_mixture(tmp_path: Path) -> None:
    path = put_tune(Path("a.mid"), [60])
    twice = Library((path,))
    assert len(list(twice.readings())) == 1
    put_tune(path, [61])
    assert [reading.pieces[0].score.notes[0, 2] for _, reading in twice.readings()] == [60]
    (tmp_path / ".cache" / "music.sqlite").unlink()
    with pytest.raises(CorpusError, match=r"a\.mid changed while it was read"):
        list(twice.readings())


def test_identical_files_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = pool.in_workers

    def counting(work: object, jobs: object, *, workers: int) -> object:
        def noted() -> object:
            for key, job in jobs:  # type: ignore[attr-defined]
                asked.append(job.subject.name)
                yield key, job

        return real(work, noted(), workers=workers)  # type: ignore[arg-type]

    monkeypatch.setattr(library, "in_workers", counting)
    paths = [put_tune(Path(f"{number}.mid"), [60, 64]) for number in range(5)]
    assert all(len(reading.pieces) == 1 for reading in read(*paths).values())
    assert asked == ["0.mid"]


@pytest.mark.usefixtures("no_workers")
def test_nothing_to_read_starts_no_worker() -> None:
    assert read() == {}
    assert reasons(Path("gone.mid"))["gone.mid"]
