"""What belongs to which shard: shares are the whole, whatever their number, the same for every machine."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gen.corpus import shares
from gen.corpus.alike import signature
from gen.corpus.music import MusicParts
from gen.corpus.shard_music import KEY_BYTES, MusicShard, is_held_out
from gen.corpus.shard_text import TextShard
from gen.corpus.shares import Files, Listing, Share, share_of_music, share_of_text
from gen.corpus.stored import digest_of
from gen.corpus.text import iterate_text
from gen.errors import CorpusError
from gen.score import PITCH, make_score
from tests.tunes import put_tunes, tune

in_a_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
files_of_text = st.lists(st.text(st.sampled_from("ab\n\ré€😀"), max_size=40), min_size=1, max_size=5)


def put(folder: Path, texts: list[str], encoding: str = "utf-8") -> Files:
    paths = [folder / f"{number}.txt" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode(encoding))
    return Files.of(paths)


def texts_of(share: Share) -> tuple[str, str]:
    """What a share has to learn from, and what it holds out."""
    parts: dict[bool, str] = {False: "", True: ""}
    for is_held, text in TextShard(share, None).documents():
        parts[is_held] += text
    return parts[False], parts[True]


def divided(listing: Listing, of: int) -> tuple[str, str]:
    found = [texts_of(share_of_text(listing, number, of, None)) for number in range(of)]
    return "".join(training for training, _ in found), "".join(held for _, held in found)


@in_a_folder
@given(files_of_text, st.integers(1, 9))
def test_shares_of_a_text_in_order_are_the_whole_whatever_their_number(
    tmp_path: Path, texts: list[str], of: int
) -> None:
    files = put(tmp_path, texts)
    if not files.paths:
        return
    training, held_out = divided(Listing(files, None), of)
    assert training + held_out == "".join(iterate_text(files.paths))
    assert (training, held_out) == divided(Listing(files, None), 1)


@in_a_folder
@given(files_of_text, files_of_text, st.integers(1, 5))
def test_of_a_split_corpus_each_part_is_divided(
    tmp_path: Path, training: list[str], held_out: list[str], of: int
) -> None:
    for name in ("train", "valid"):
        (tmp_path / name).mkdir(exist_ok=True)
    lists = [put(tmp_path / "train", training), put(tmp_path / "valid", held_out)]
    expected = tuple("".join(iterate_text(files.paths)) if files.paths else "" for files in lists)
    assert divided(Listing(*lists), of) == expected


def test_the_last_tenth_of_the_bytes_is_held_out_from_the_next_line_on(tmp_path: Path) -> None:
    lines = [f"line {number:03}\n" for number in range(100)]
    files = put(tmp_path, ["".join(lines[:55]), "".join(lines[55:])])
    for of in (1, 2, 7):
        training, held_out = divided(Listing(files, None), of)
        assert training == "".join(lines[:90])
        assert held_out == "".join(lines[90:])
    shifted = put(tmp_path, ["".join(lines[:55]), "".join(lines[55:]) + "more"])
    assert divided(Listing(shifted, None), 3)[1] == "".join(lines[91:]) + "more"


def test_a_share_is_about_as_large_as_any_other_though_there_is_but_one_file(tmp_path: Path) -> None:
    files = put(tmp_path, ["one line of many\n" * 6000])
    sizes = [
        len("".join(texts_of(share_of_text(Listing(files, None), number, 8, None)))) for number in range(8)
    ]
    assert max(sizes) - min(sizes) <= 4 * len("one line of many\n")


def test_a_line_without_an_end_is_cut_between_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "_REACH_BYTES", 8)
    text = "€😀é" * 50
    files = put(tmp_path, [text])
    parts = [texts_of(share_of_text(Listing(files, None), number, 6, None)) for number in range(6)]
    assert all(training for training, _ in parts)
    assert "".join(training for training, _ in parts) + "".join(held for _, held in parts) == text


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "shift_jis"])
def test_a_text_in_another_encoding_is_divided_and_held_out_of_too(tmp_path: Path, encoding: str) -> None:
    text = "".join(f"line {number:03}\n" for number in range(500))
    files, named = put(tmp_path, [text], encoding), None if encoding == "utf-16" else encoding
    for of in (1, 3):
        parts: dict[bool, list[str]] = {False: [], True: []}
        for number in range(of):
            share = share_of_text(Listing(files, None), number, of, named)
            for is_held, found in TextShard(share, named).documents():
                parts[is_held].append(found)
        assert len(parts[False]) == len(parts[True]) == of
        assert "".join(parts[False] + parts[True]) == text
        assert abs(len("".join(parts[True])) - len(text) // 10) <= len("line 000\n")


@pytest.mark.parametrize("text", ["word " * 50, "word " * 50 + "\n", "a\nb\n" + "c" * 90])
def test_some_of_a_short_text_is_held_out_though_its_last_line_is_long(tmp_path: Path, text: str) -> None:
    files = put(tmp_path, [text])
    for of in (1, 3):
        training, held_out = divided(Listing(files, None), of)
        assert training + held_out == text
        assert len(text) // 20 <= len(held_out) <= len(text) // 10 + 1


def test_a_listing_is_known_by_names_and_sizes_from_wherever_it_is_looked_at(tmp_path: Path) -> None:
    texts = ["abc", "defg"]
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    here, there = (Listing(put(tmp_path / name, texts), None) for name in ("here", "there"))
    assert here.digest() == there.digest()
    others = [
        Listing(put(tmp_path / "there", ["abc", "defgh"]), None),
        Listing(Files(here.files.paths[:1], here.files.sizes[:1]), None),
        Listing(Files(here.files.paths[::-1], here.files.sizes[::-1]), None),
        Listing(Files(here.files.paths[:1], (3,)), Files(here.files.paths[1:], (4,))),
    ]
    assert len({here.digest(), *(other.digest() for other in others)}) == 5
    with pytest.raises(CorpusError, match="cannot be read"):
        Files.of([tmp_path / "gone.txt"])


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30), st.integers(1, 12))
def test_every_file_of_music_is_in_one_share_and_shares_stand_in_order(sizes: list[int], of: int) -> None:
    paths = tuple(Path(f"{number}.mid") for number in range(len(sizes)))
    listing = Listing(Files(paths, tuple(sizes)), None)
    found = [share_of_music(listing, number, of, None) for number in range(of)]
    assert [path for share in found for path in share.paths] == list(paths)
    for share in found:
        size = sum(sizes[paths.index(path)] for path in share.paths)
        assert size <= sum(sizes) / of + max(sizes)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEN_CACHE", str(tmp_path / "cache"))


@pytest.mark.usefixtures("cache")
def test_of_music_each_piece_is_in_one_share_once_and_on_the_same_side_whatever_their_number(
    tmp_path: Path,
) -> None:
    folder = put_tunes(tmp_path / "tunes", 30)
    again = (folder / "004.mid").read_bytes()
    (folder / "028.mid").write_bytes(again)
    files = Files.of(sorted(folder.iterdir()))
    ordinary = [digest_of(score) for side in MusicParts(files.paths, None).read() for score in side]
    sides = []
    for of in (1, 4):
        seen: set[bytes] = set()
        found: dict[bytes, bool] = {}
        for number in range(of):
            shard = MusicShard(share_of_music(Listing(files, None), number, of, None), None, frozenset(seen))
            for is_held, score in shard.documents():
                assert digest_of(score) not in found
                found[digest_of(score)] = is_held
            assert set(shard.fingerprints) == {
                digest[:KEY_BYTES] for digest in found if digest[:KEY_BYTES] not in seen
            }
            seen.update(shard.fingerprints)
        sides.append(found)
    assert sides[0] == sides[1]
    assert sorted(sides[0]) == sorted(ordinary)
    assert len(ordinary) == 29


def test_about_a_tenth_is_held_out_and_what_differs_in_its_key_alone_lies_on_one_side() -> None:
    scores = [tune(seed, bars=8) for seed in range(600)]
    held = [is_held_out(signature(score)) for score in scores]
    assert 0.06 < sum(held) / len(held) < 0.14
    for score, is_held in zip(scores[:40], held, strict=False):
        notes = score.notes.copy()
        notes[:, PITCH] += 5
        higher = make_score(notes, score.parts, tempos=score.tempos, metres=score.metres, keys=score.keys)
        assert is_held_out(signature(higher.score)) == is_held


def test_cuts_never_go_back(tmp_path: Path) -> None:
    files = put(tmp_path, ["ab\ncd\n" * 5, "x" * 40, "y\n" * 9])
    cuts = [shares._cut(files, place, None, 20) for place in range(files.size_bytes + 1)]
    assert all(one <= other for one, other in pairwise(cuts))
    assert cuts[0] == (0, 0)
    assert cuts[-1] == (3, 0)
